"""Names of the boxes by which a comparison crops photographs."""

from typing import Final

LOCATED: Final = "located"
"""The box of the garment with the locator's highest score."""

WHOLE: Final = "whole"
"""The whole photograph."""

TRUE = "true"
"""The annotated box."""

PREDICTED = "predicted"
"""The boxes that the locator predicted, unless photographs were taken whole."""
