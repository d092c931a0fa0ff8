"""Loading networks and index before the first request needs them."""

import logging
from typing import TYPE_CHECKING

import numpy as np

from tiefvision.errors import TiefVisionError

if TYPE_CHECKING:
    from tiefvision.finder import Finder

logger = logging.getLogger(__name__)

SIZE = (825, 550, 3)
"""Rows, columns and channels of a photograph as the street ones are: networks are
prepared for the sizes that they meet."""


def warm_up(finder: "Finder") -> None:
    """Locate and search once, so that networks and index are loaded.

    What goes wrong is said when a request needs it.
    """
    grey = np.full(SIZE, 127, dtype=np.uint8)
    try:
        photo = finder.open(grey)
        photo.garments  # noqa: B018 - loads the locator
        finder.search(photo, whole=True, k=1)
    except TiefVisionError as error:
        logger.info("Not warm: %s", error)
