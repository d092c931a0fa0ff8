"""Figures of detection and retrieval: pure functions over numpy arrays."""
