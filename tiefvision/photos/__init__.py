"""Photographs: reading and resizing them, and finding near-duplicates."""
