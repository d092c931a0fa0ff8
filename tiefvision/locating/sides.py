"""The four coordinates of a box, and the limits of their predicted spread."""

SIDES = ("x0", "y0", "x1", "y1")
"""Coordinates of a box, each predicted by a regressor of its own."""

LOG_SPREAD_RANGE = (-6.0, 3.0)
"""Limits of the natural logarithm of a predicted spread in window units: 0.0025 to 20.
Without the lower limit a single very confident window would outvote all others."""
