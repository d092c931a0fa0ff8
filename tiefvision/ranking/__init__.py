"""Rankers: embeddings of garments whose dot product is a similarity."""
