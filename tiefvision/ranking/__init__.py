"""Ranking garments: similarity of encodings, and a network that improves on it."""
