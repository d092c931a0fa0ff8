"""Feature maps to and from half precision, and which photographs have one."""

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


def from_half(halves: NDArray[np.float16], out: NDArray[np.float32]) -> None:
    """Convert finite numbers of half precision to float32, exactly.

    NumPy's own conversion takes four times as long, which reading crops would notice.

    Args:
        halves: finite numbers of any shape, as ``to_half`` returns them.
        out: contiguous array of the same shape, which is filled.
    """
    # A half has one bit of sign, 5 of exponent and 10 of fraction, a float32 has 1, 8
    # and 23. The shift puts exponent and fraction into their place, the mask clears the
    # copies of the sign behind the first bit, and the product corrects the bias of the
    # exponent, 15 in a half and 127 in a float32; it also normalises subnormal numbers.
    bits = out.view(np.int32)
    bits[...] = halves.view(np.int16)
    np.left_shift(bits, 13, out=bits)
    np.bitwise_and(bits, ~0x70000000, out=bits)
    np.multiply(out, np.float32(2.0**112), out=out)


def paths_with_maps(artifact: Artifact, photos: Sequence[Photo]) -> set[str]:
    """Paths of the photographs whose feature maps an artifact holds."""
    return {photo.path for photo in photos if artifact.has(f"map/{photo.path}")}
