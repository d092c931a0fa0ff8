"""Triplets: what is drawn, the angle hinge, and training on them."""
