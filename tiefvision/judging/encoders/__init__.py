"""Evaluation of encoders before anything is trained on them."""
