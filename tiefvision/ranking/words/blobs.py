"""Blobs: patches that keep their outline over many thresholds, by colour and shape.

The patches are MSER, maximally stable extremal regions (Matas, Chum, Urban and Pajdla,
"Robust wide baseline stereo from maximally stable extremal regions", 2002): prints,
buttons, pockets and stripes. The shape is told by Hu's seven moments ("Visual pattern
recognition by moment invariants", 1962), which forget place, size and rotation.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiefvision.photos.reading import Photograph
from tiefvision.ranking.colours.lab import srgb_to_lab

BLOB_NUMBERS = 15
"""Of a blob: mean and deviation of L, a and b; area; eccentricity; seven moments."""

BLOB_IMPORTANCE = np.array([1.0] * 3 + [0.5] * 3 + [0.25] + [0.1] * 8, np.float32)
"""For ``learn_codebook``: at equal importance the shape of a blob spoilt the search;
less of it did about as well as none (docs/experiments/0006-rankers.md)."""

_LEAST_MOMENT = 1e-10
"""Smaller moments are rounding; the logarithm ends here."""

_PIXEL_SPREAD = 1 / 12
"""Variance of a place within its pixel: a line of pixels has a width, too."""


@dataclass(frozen=True)
class BlobRules:
    """Which patches count as blobs.

    Attributes:
        planes: Of L, a and b, in which blobs are looked for.
        delta: Levels of 256 over which the area must be stable.
        least_area: Pixels.
        largest_share: Of the crop: what is larger is its background or the garment.
        most_variation: Change of the area over delta levels, as a share of the area.
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
    """Colour and shape of a crop's blobs.

    Args:
        crop: (H, W, 3) uint8 RGB.
        rules: Which patches count.

    Returns:
        (N, BLOB_NUMBERS); N is 0 for a plain surface. The first six are the means and
        standard deviations of L, a and b, in units of Delta E; then the decadic
        logarithm of the share of the crop's area, the eccentricity in [0, 1), and the
        decadic logarithms of the amounts of Hu's moments.
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
    """The pixels of each blob, darker or brighter than around it: (area, 2) of x and y.

    Args:
        lab: (H, W, 3), as ``srgb_to_lab`` gives it.
        rules: Which patches count.
    """
    import cv2  # here, for it takes a tenth of a second that most commands need not pay

    # a and b have as many levels a unit as L; the strongest colours are cut off.
    levels = lab * np.float32(255 / 100) + np.array([0, 128, 128], dtype=np.float32)
    planes = np.rint(levels.clip(0, 255)).astype(np.uint8)
    finder = cv2.MSER.create(
        delta=rules.delta,
        min_area=rules.least_area,
        max_area=int(rules.largest_share * lab[:, :, 0].size),
        max_variation=rules.most_variation,
        # Any other loses a print with clear edges: its area is that of its parent.
        min_diversity=0.0,
    )
    return [
        np.asarray(blob)
        for plane in rules.planes
        for blob in finder.detectRegions(np.ascontiguousarray(planes[:, :, plane]))[0]
    ]


def _means(values: NDArray[Any], areas: NDArray[np.int64]) -> NDArray[np.float64]:
    """The mean of each blob; its pixels follow one another."""
    starts = np.cumsum(areas) - areas
    sums = np.add.reduceat(values, starts, axis=0)
    return np.asarray((sums.T / areas).T)


def _colours(
    colours: NDArray[np.float32], areas: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Mean and standard deviation of L, a and b, (N, 6)."""
    planes = colours.T.astype(np.float64)  # one after the other: sums run faster
    means = np.stack([_means(plane, areas) for plane in planes], axis=1)
    squares = np.stack([_means(plane * plane, areas) for plane in planes], axis=1)
    return np.concatenate([means, np.sqrt((squares - means**2).clip(min=0))], axis=1)


def _shapes(
    x: NDArray[np.int32], y: NDArray[np.int32], areas: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Eccentricity and the logarithms of Hu's moments, (N, 8)."""
    across, down = (
        values - np.repeat(_means(values.astype(np.float64), areas), areas)
        for values in (x, y)
    )
    # Products, for powers of arrays take ten times as long.
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
    # Moments over area ** (1 + order / 2) forget the size; one area is in the mean.
    scaled = {
        (p, q): moment / areas ** ((p + q) / 2) for (p, q), moment in moments.items()
    }
    hu = np.abs(hu_moments(scaled)).clip(min=_LEAST_MOMENT)
    return np.concatenate([_eccentricity(moments)[:, None], np.log10(hu)], axis=1)


def _eccentricity(
    moments: dict[tuple[int, int], NDArray[np.float64]],
) -> NDArray[np.float64]:
    """Of the ellipse with the same moments: 0 for a circle, near 1 for a line."""
    wide, tall = moments[2, 0] + _PIXEL_SPREAD, moments[0, 2] + _PIXEL_SPREAD
    apart = np.hypot(wide - tall, 2 * moments[1, 1])
    return np.asarray(np.sqrt(2 * apart / (wide + tall + apart)))


def hu_moments(
    scaled: dict[tuple[int, int], NDArray[np.float64]],
) -> NDArray[np.float64]:
    """Hu's seven invariants, (N, 7).

    Args:
        scaled: Normalised central moments of order 2 and 3 by their powers of x and y,
            (N,) each.
    """
    wide, tall, tilt = scaled[2, 0], scaled[0, 2], scaled[1, 1]
    # Names as in Hu's paper would be alpha to gamma; these are sums and differences.
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
