"""Triplets: their sampling, the angles of their embeddings, and training on them."""
