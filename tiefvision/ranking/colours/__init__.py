"""Colour histograms, and the colour space of their bins."""
