"""Finds photographs of one shot: saved again, shrunk, retouched or cropped a little.

A photograph is hashed by the lowest frequencies of its cosine transform (a DCT hash),
in brightness and in the two colour differences; each bit says whether a coefficient is
above the median of its plane. On 804 street photographs of Clothing
Co-Parsing the hash finds the 7 pairs of one shot without a false pair: they differ in
at most 40 of 213 bits, the nearest unrelated pair in 60. Hashes of brightness alone do
not separate them: with a DCT hash of 63 bits the seventh pair is only 2 bits nearer
than the first false pair, and with difference hashes of 128 bits 13 false pairs are
nearer. No such hash finds two takes of one scene: of two known pairs, one differs in 62
bits, the other in as many as unrelated photographs.

Compare street photographs only: two studio photographs of different black T-shirts, on
one model before a white ground, lie within `MAX_DISTANCE`.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tiefvision.photos.reading import Photograph

Hash = NDArray[np.bool_]
"""(HASH_BITS,) bool; the distance of two hashes is the number of bits that differ."""

BRIGHTNESS_FREQUENCIES = 12
COLOUR_FREQUENCIES = 6
"""Rows and columns of the spectrum that are kept, in brightness and in each colour
difference. With fewer (8, 4) the gap between pairs of one shot and unrelated pairs
shrinks from 20 bits to 6; with more (12, 12) the farthest pair of one shot differs in
23 instead of 19 % of the bits."""

HASH_BITS = BRIGHTNESS_FREQUENCIES**2 - 1 + 2 * (COLOUR_FREQUENCIES**2 - 1)
"""Length of a hash. The mean of each plane is left out: it only tells how bright, or of
which tint, the whole photograph is."""

MAX_DISTANCE = 46
"""Largest distance of near-duplicates, in bits: above the 40 of the farthest known pair
of one shot, well below the 60 of the nearest unrelated pair. Cropping 4 % off each side
changes 33 bits on average."""

_THUMBNAIL_SIDE = 48  # pixels, of the square that is transformed
_BLOCK = 2048  # rows and columns of distances held at a time: 16 MB


def perceptual_hash(photo: Photograph) -> Hash:
    """The hash, (HASH_BITS,), of a photograph, (height, width, 3) uint8 RGB."""
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
    """Groups of rows that chains of near-duplicates link; lone rows are left out.

    Memory grows with N, not with its square.

    Args:
        hashes: (N, HASH_BITS) bool, one row for each photograph.
        max_distance: Number of bits in which two near-duplicates may differ.

    Returns:
        Groups of two or more ascending row numbers, in the order of their first rows.
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
    """(frequencies^2 - 1,) bits: coefficients of (S, S) above their median."""
    from scipy.fft import dctn

    spectrum = dctn(plane, norm="ortho")[:frequencies, :frequencies].ravel()[1:]
    return np.asarray(spectrum > np.median(spectrum))


def _distances(first: Hash, second: Hash) -> NDArray[np.float32]:
    """Differing bits of every pair, (N, B) and (M, B) -> (N, M), by matrix products."""
    a, b = first.astype(np.float32), second.astype(np.float32)
    return np.asarray(a @ (1 - b).T + (1 - a) @ b.T)


def _merge(
    labels: NDArray[np.int64], rows: NDArray[np.int64], columns: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Group labels, (N,), after joining the groups of each linked pair of rows."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    links = (np.ones(len(rows), dtype=np.bool_), (labels[rows], labels[columns]))
    graph = coo_array(links, shape=(len(labels), len(labels)))
    _, merged = connected_components(graph, directed=False)
    return np.asarray(merged[labels], dtype=np.int64)
