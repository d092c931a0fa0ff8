"""Describing photographs as rows of a gallery, indexing the rows, and searching."""
