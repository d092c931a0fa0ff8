"""Maps on their way to the disk and back to the algorithms."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tiefvision.records import Photo
from tiefvision.store.artifact import Artifact

HALF_MAX = float(np.finfo(np.float16).max)


def to_half(map_: Tensor) -> NDArray[np.float16]:
    """A map as it lies on disk: half precision, clipped to what that can hold."""
    return map_.clamp(-HALF_MAX, HALF_MAX).to(torch.float16).numpy()


def paths_with_maps(artifact: Artifact, photos: Sequence[Photo]) -> set[str]:
    """Paths of the photographs whose maps an artifact holds."""
    return {photo.path for photo in photos if artifact.has(f"map/{photo.path}")}
