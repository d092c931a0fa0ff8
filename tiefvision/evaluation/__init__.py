"""Measuring boxes and rankings; pure functions over numpy arrays."""
