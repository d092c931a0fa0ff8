"""Local descriptors of blobs: regions of a crop described by their colour and shape.

The regions are MSER, maximally stable extremal regions (Matas, Chum, Urban and Pajdla,
"Robust wide baseline stereo from maximally stable extremal regions", 2002), whose
outline stays the same over many thresholds: prints, buttons, pockets and stripes. The
shape is described by Hu's seven moments ("Visual pattern recognition by moment
invariants", 1962), which are invariant to translation, scale and rotation.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiefvision.photos.reading import Photograph
from tiefvision.ranking.colours.lab import srgb_to_lab

BLOB_NUMBERS = 15
"""Dimension of a descriptor: means and standard deviations of L, a and b (6), area (1),
eccentricity (1) and Hu's moments (7)."""

BLOB_IMPORTANCE = np.array([1.0] * 3 + [0.5] * 3 + [0.25] + [0.1] * 8, np.float32)
"""Importance of each descriptor dimension for ``learn_codebook``, (15,). Shape is
weighted low: at equal importance it makes the search worse, at low importance about as
good as without shape (docs/experiments/0006-rankers.md)."""

_LEAST_MOMENT = 1e-10
"""Lower bound of a moment before its logarithm; smaller values are rounding errors."""

_PIXEL_SPREAD = 1 / 12
"""Variance of a uniform position within one pixel, added to the second moments so that
a line of pixels has a width above zero."""


@dataclass(frozen=True)
class BlobRules:
    """The parameters of MSER.

    Attributes:
        planes: LAB planes in which blobs are detected: 0 for L, 1 for a, 2 for b.
        delta: number of grey levels, of 256, over which the area must be stable.
        least_area: smallest area of a blob in pixels.
        largest_share: largest area of a blob as a share of the crop, in [0, 1]; a
            larger region is the background or the whole garment.
        most_variation: largest change of the area over ``delta`` levels, as a share of
            the area.
    """

    planes: tuple[int, ...] = (0, 1, 2)
    delta: int = 5
    least_area: int = 20
    largest_share: float = 0.25
    most_variation: float = 0.25


DEFAULT_BLOBS = BlobRules()


def blob_descriptors(
    crop: Photograph, rules: BlobRules = DEFAULT_BLOBS
) -> NDArray[np.float32]:
    """Describe the colour and shape of a crop's blobs.

    Args:
        crop: RGB, (H, W, 3) uint8.
        rules: parameters of the detection.

    Returns:
        Descriptors, (N, BLOB_NUMBERS) float32; N is 0 for a plain surface. Columns 0 to
        5 hold the means, then the standard deviations, of L, a and b in Delta E; column
        6 the base-10 logarithm of the blob's share of the crop's area; column 7 the
        eccentricity in [0, 1); columns 8 to 14 the base-10 logarithms of the magnitudes
        of Hu's moments.
    """
    lab = srgb_to_lab(crop)
    blobs = find_blobs(lab, rules)
    if not blobs:
        return np.empty((0, BLOB_NUMBERS), dtype=np.float32)
    areas = np.array([len(blob) for blob in blobs])
    x, y = np.concatenate(blobs).T
    shape = _shapes(x, y, areas)
    share = np.log10(areas / lab[:, :, 0].size)
    return np.column_stack([_colours(lab[y, x], areas), share, shape]).astype(
        np.float32
    )


def find_blobs(
    lab: NDArray[np.float32], rules: BlobRules = DEFAULT_BLOBS
) -> list[NDArray[np.int32]]:
    """Detect blobs, which are darker or brighter than their surroundings.

    Args:
        lab: crop in CIE LAB, (H, W, 3) float32, as ``srgb_to_lab`` returns it.
        rules: parameters of the detection.

    Returns:
        Pixel coordinates (x, y) of each blob, (area, 2) int32 each.
    """
    import cv2  # lazily: importing it takes 0.1 s, and few commands need it

    # All planes get 255 / 100 levels per unit; a and b beyond their range are clipped.
    levels = lab * np.float32(255 / 100) + np.array([0, 128, 128], dtype=np.float32)
    planes = np.rint(levels.clip(0, 255)).astype(np.uint8)
    finder = cv2.MSER.create(
        delta=rules.delta,
        min_area=rules.least_area,
        max_area=int(rules.largest_share * lab[:, :, 0].size),
        max_variation=rules.most_variation,
        # With any other value a print with sharp edges is dropped, because its area
        # equals that of its parent region.
        min_diversity=0.0,
    )
    return [
        np.asarray(blob)
        for plane in rules.planes
        for blob in finder.detectRegions(np.ascontiguousarray(planes[:, :, plane]))[0]
    ]


def _means(values: NDArray[Any], areas: NDArray[np.int64]) -> NDArray[np.float64]:
    """The mean of the values of each blob, (N,); pixels are listed blob by blob."""
    starts = np.cumsum(areas) - areas
    sums = np.add.reduceat(values, starts, axis=0)
    return np.asarray((sums.T / areas).T)


def _colours(
    colours: NDArray[np.float32], areas: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Means and standard deviations of L, a and b of each blob, (N, 6)."""
    planes = colours.T.astype(np.float64)  # contiguous planes: reduceat is faster
    means = np.stack([_means(plane, areas) for plane in planes], axis=1)
    squares = np.stack([_means(plane * plane, areas) for plane in planes], axis=1)
    return np.concatenate([means, np.sqrt((squares - means**2).clip(min=0))], axis=1)


def _shapes(
    x: NDArray[np.int32], y: NDArray[np.int32], areas: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Eccentricity and base-10 logarithms of Hu's moments of each blob, (N, 8)."""
    across, down = (
        values - np.repeat(_means(values.astype(np.float64), areas), areas)
        for values in (x, y)
    )
    # Products instead of powers, which take ten times as long on arrays.
    wide, tall, tilt = across * across, down * down, across * down
    products = {
        (2, 0): wide,
        (0, 2): tall,
        (1, 1): tilt,
        (3, 0): wide * across,
        (0, 3): tall * down,
        (2, 1): wide * down,
        (1, 2): tall * across,
    }
    moments = {powers: _means(values, areas) for powers, values in products.items()}
    # Division by area ** (1 + order / 2) makes moments invariant to scale; the means
    # above are already divided by one area.
    scaled = {
        (p, q): moment / areas ** ((p + q) / 2) for (p, q), moment in moments.items()
    }
    hu = np.abs(hu_moments(scaled)).clip(min=_LEAST_MOMENT)
    return np.concatenate([_eccentricity(moments)[:, None], np.log10(hu)], axis=1)


def _eccentricity(
    moments: dict[tuple[int, int], NDArray[np.float64]],
) -> NDArray[np.float64]:
    """Eccentricity of the ellipse with the same second moments, (N,).

    It is 0 for a circle and near 1 for a line.
    """
    wide, tall = moments[2, 0] + _PIXEL_SPREAD, moments[0, 2] + _PIXEL_SPREAD
    apart = np.hypot(wide - tall, 2 * moments[1, 1])
    return np.asarray(np.sqrt(2 * apart / (wide + tall + apart)))


def hu_moments(
    scaled: dict[tuple[int, int], NDArray[np.float64]],
) -> NDArray[np.float64]:
    """Hu's seven moment invariants.

    Args:
        scaled: normalised central moments of order 2 and 3, (N,) each, by their powers
            of x and y.

    Returns:
        The invariants in the order of Hu's paper, (N, 7).
    """
    wide, tall, tilt = scaled[2, 0], scaled[0, 2], scaled[1, 1]
    a, b = scaled[3, 0] + scaled[1, 2], scaled[2, 1] + scaled[0, 3]
    c, d = scaled[3, 0] - 3 * scaled[1, 2], 3 * scaled[2, 1] - scaled[0, 3]
    return np.stack(
        [
            wide + tall,
            (wide - tall) ** 2 + 4 * tilt**2,
            c**2 + d**2,
            a**2 + b**2,
            c * a * (a**2 - 3 * b**2) + d * b * (3 * a**2 - b**2),
            (wide - tall) * (a**2 - b**2) + 4 * tilt * a * b,
            d * a * (a**2 - 3 * b**2) - c * b * (3 * a**2 - b**2),
        ],
        axis=-1,
    )
