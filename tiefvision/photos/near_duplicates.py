"""Photographs of one shot: saved again, shrunk, retouched or cropped a little.

The hash holds the signs of the lowest frequencies of the photograph (a DCT hash) in
brightness and in the two colour differences. On 804 street photographs of Clothing
Co-Parsing it finds the 7 pairs of one shot without a false pair: they differ in at
most 40 of 213 bits, the next nearest pair in 60. Hashes of brightness alone do not
separate them: a DCT hash of 63 bits reaches the seventh pair with 2 bits to spare, and
difference hashes of 128 bits mix 13 false pairs in. Two takes of one scene are beyond
any such hash: of two known pairs, one is at 62 bits, the other as far as strangers.

Studio photographs are another matter: two black T-shirts on one model and a white
ground do lie within `MAX_DISTANCE`. Compare street photographs only.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.fft import dctn
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from tiefvision.photos.reading import Photograph

Hash = NDArray[np.bool_]
"""(HASH_BITS,); two of them are compared by the number of bits that differ."""

BRIGHTNESS_FREQUENCIES = 12
COLOUR_FREQUENCIES = 6
"""Rows and columns of the spectrum that are kept. Fewer (8, 4) leave 6 bits between
the pairs and the strangers instead of 20; more (12, 12) move the farthest pair from 19
to 23 % of the bits."""

HASH_BITS = BRIGHTNESS_FREQUENCIES**2 - 1 + 2 * (COLOUR_FREQUENCIES**2 - 1)
"""The mean of a plane is left out: it only tells how bright a photograph is."""

MAX_DISTANCE = 46
"""Bits: above the 40 of the farthest known pair of one shot, well below the 60 of the
nearest pair of two. A crop of 4 % off each side turns over 33 on average."""

_THUMBNAIL_SIDE = 48
_BLOCK = 2048  # hashes a side: 16 MB of distances at a time


def perceptual_hash(photo: Photograph) -> Hash:
    """The hash of a photograph (height, width, 3) uint8 RGB, at any size."""
    side = _THUMBNAIL_SIDE
    thumbnail = Image.fromarray(photo).convert("YCbCr")
    thumbnail = thumbnail.resize((side, side), Image.Resampling.BILINEAR)
    planes = np.moveaxis(np.asarray(thumbnail, dtype=np.float64), -1, 0)
    kept = (BRIGHTNESS_FREQUENCIES, COLOUR_FREQUENCIES, COLOUR_FREQUENCIES)
    return np.concatenate(
        [_plane_bits(plane, count) for plane, count in zip(planes, kept, strict=True)]
    )


def group_near_duplicates(
    hashes: NDArray[np.bool_], max_distance: int = MAX_DISTANCE
) -> list[list[int]]:
    """Rows that are linked by chains of near-duplicates; rows without one are left out.

    Args:
        hashes: (N, HASH_BITS), one row a photograph.
        max_distance: Bits in which two near-duplicates may differ.

    Returns:
        Groups of two or more ascending rows, in the order of their first rows. The
        memory needed grows with N, not with its square.
    """
    labels = np.arange(len(hashes))
    for start in range(0, len(hashes), _BLOCK):
        for other in range(start, len(hashes), _BLOCK):
            first, second = hashes[start:][:_BLOCK], hashes[other:][:_BLOCK]
            rows, columns = np.nonzero(_distances(first, second) <= max_distance)
            labels = _merge(labels, rows + start, columns + other)
    groups: dict[int, list[int]] = {}
    for row, label in enumerate(labels.tolist()):
        groups.setdefault(label, []).append(row)
    return [group for group in groups.values() if len(group) > 1]


def _plane_bits(plane: NDArray[np.float64], frequencies: int) -> Hash:
    spectrum = dctn(plane, norm="ortho")[:frequencies, :frequencies].ravel()[1:]
    return np.asarray(spectrum > np.median(spectrum))


def _distances(first: Hash, second: Hash) -> NDArray[np.float32]:
    """Differing bits of every pair: a matrix product counts them fastest."""
    a, b = first.astype(np.float32), second.astype(np.float32)
    return np.asarray(a @ (1 - b).T + (1 - a) @ b.T)


def _merge(
    labels: NDArray[np.int64], rows: NDArray[np.int64], columns: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Labels after the groups of each linked pair of rows have become one."""
    links = (np.ones(len(rows), dtype=np.bool_), (labels[rows], labels[columns]))
    graph = coo_array(links, shape=(len(labels), len(labels)))
    _, merged = connected_components(graph, directed=False)
    return np.asarray(merged[labels], dtype=np.int64)
