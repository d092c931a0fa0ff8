"""Feature maps in half precision, and which photographs have one."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tiefvision.records import Photo
from tiefvision.store.artifact import Artifact

HALF_MAX = float(np.finfo(np.float16).max)


def to_half(map_: ArrayLike) -> NDArray[np.float16]:
    """Convert a feature map to half precision, clipped to the largest finite value.

    Args:
        map_: feature map of any shape; a tensor has to be on the CPU.
    """
    return np.asarray(map_).clip(-HALF_MAX, HALF_MAX).astype(np.float16)


def paths_with_maps(artifact: Artifact, photos: Sequence[Photo]) -> set[str]:
    """Paths of the photographs whose feature maps an artifact holds."""
    return {photo.path for photo in photos if artifact.has(f"map/{photo.path}")}
