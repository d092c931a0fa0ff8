"""The locator's networks, untrained, from the sizes that a header gives."""

from collections.abc import Mapping
from typing import Any

from tiefvision.locating.heads import BoxRegressors, CropClassifier, HeadSizes


def build_classifier(details: Mapping[str, Any]) -> CropClassifier:
    """An untrained crop classifier of the sizes that a header gives."""
    return CropClassifier(
        details["channels"],
        details["window"],
        tuple(details["categories"]),
        HeadSizes(**details["sizes"]),
    )


def build_regressors(details: Mapping[str, Any]) -> BoxRegressors:
    """Four untrained regressors of the sizes that a header gives."""
    return BoxRegressors(
        details["channels"],
        details["window"],
        len(details["categories"]),
        HeadSizes(**details["sizes"]),
    )
