"""What may be cropped of a photograph in a comparison, by name."""

LOCATED = "located"
"""The box of the garment that the locator is surest of."""

WHOLE = "whole"
"""The whole photograph."""

TRUE = "true"
"""The annotated box."""

PREDICTED = "predicted"
"""Located boxes, where photographs were not taken whole."""
