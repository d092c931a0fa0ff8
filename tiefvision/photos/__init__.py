"""Photographs: reading, resizing and finding near-duplicates of them."""
