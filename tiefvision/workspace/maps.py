"""Feature maps in half precision, and which photographs have one."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tiefvision.records import Photo
from tiefvision.store.artifact import Artifact

HALF_MAX = float(np.finfo(np.float16).max)


def to_half(map_: Tensor) -> NDArray[np.float16]:
    """Convert a feature map to half precision, clipped to the largest finite value."""
    return map_.clamp(-HALF_MAX, HALF_MAX).to(torch.float16).numpy()


def paths_with_maps(artifact: Artifact, photos: Sequence[Photo]) -> set[str]:
    """Paths of the photographs whose feature maps an artifact holds."""
    return {photo.path for photo in photos if artifact.has(f"map/{photo.path}")}
