"""Find the garment in a street photograph, then find it in the catalogue.

    import tiefvision

    finder = tiefvision.load()
    photo = finder.open("street.jpg")
    for garment in photo.garments:
        print(garment.name, garment.box_in_image, garment.score)

Names are imported when they are used, so that ``import tiefvision`` takes no time.
"""

import importlib
import os
from typing import TYPE_CHECKING, Any

from tiefvision.version import __version__

# Idle threads of OpenBLAS, which computes products of NumPy, spin for 2^26 cycles
# behind each and take the cores from OpenVINO: embedding a crop took 24 to 33 ms
# in place of 16 (docs/experiments/0010-engine.md). It is read when NumPy is imported.
os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "20")

if TYPE_CHECKING:
    from tiefvision.catalogue.answers import Answer
    from tiefvision.catalogue.open_photo import OpenPhoto
    from tiefvision.catalogue.searcher import Hit
    from tiefvision.errors import (
        BadDataset,
        BadUsage,
        BadWeights,
        MissingArtifact,
        StaleArtifact,
        StorageFull,
        TiefVisionError,
        UnreadablePhoto,
    )
    from tiefvision.finder import Finder, load
    from tiefvision.records import Garment

__all__ = [
    "Answer",
    "BadDataset",
    "BadUsage",
    "BadWeights",
    "Finder",
    "Garment",
    "Hit",
    "MissingArtifact",
    "OpenPhoto",
    "StaleArtifact",
    "StorageFull",
    "TiefVisionError",
    "UnreadablePhoto",
    "__version__",
    "load",
]

_FROM = {
    "Answer": "catalogue.answers",
    "Finder": "finder",
    "Garment": "records",
    "Hit": "catalogue.searcher",
    "OpenPhoto": "catalogue.open_photo",
    "load": "finder",
}
"""Module of each name; the others are errors."""


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'tiefvision' has no attribute {name!r}")
    module = importlib.import_module(f"tiefvision.{_FROM.get(name, 'errors')}")
    return getattr(module, name)


def __dir__() -> list[str]:
    return sorted(__all__)
