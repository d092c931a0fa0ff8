"""Trained models of a workspace or of a bundle."""
