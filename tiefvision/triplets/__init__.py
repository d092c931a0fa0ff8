"""Triplets: their sampling, their loss, and the networks that are trained on them."""
