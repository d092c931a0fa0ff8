"""Names of the boxes by which a comparison crops photographs."""

LOCATED = "located"
"""The box of the garment with the locator's highest score."""

WHOLE = "whole"
"""The whole photograph."""

TRUE = "true"
"""The annotated box."""

PREDICTED = "predicted"
"""The boxes that the locator predicted, unless photographs were taken whole."""
