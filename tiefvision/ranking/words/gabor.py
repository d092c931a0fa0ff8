"""Gabor jets: what texture runs in which direction around the salient points of a crop.

A jet is the magnitudes of a bank of Gabor filters, some scales by some orientations, at
one point. Source: Daugman, "Uncertainty relation for resolution in space, spatial
frequency, and orientation optimized by two-dimensional visual cortical filters", 1985;
the bank is that of Wiskott, Fellous, Krueger and von der Malsburg, "Face recognition by
elastic bunch graph matching", 1997, equations 1 to 3.
"""

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy import fft
from scipy.ndimage import maximum_filter

from tiefvision.photos.reading import Photograph
from tiefvision.ranking.colours.lab import srgb_to_lab

SHORTEST_WAVE = 4.0
"""Pixels, of the finest scale; each further scale is half an octave coarser."""

_DEVIATION = 2 * math.pi
"""Of a filter's Gaussian, in radians of its wave (sigma of Wiskott et al.)."""

_MARGIN = 16
"""Pixels mirrored around a crop, for the filters see beyond its edge."""


@dataclass(frozen=True)
class GaborRules:
    """Which filters, and at which points of a crop.

    Attributes:
        scales: Half an octave apart.
        orientations: Evenly over half a turn.
        stride: Pixels between two points of the grid on which the filters are known.
        most: Jets of a crop, those of the highest energy.
        least_energy: Of a point, in units of lightness: a wave of this amplitude
            through the middle of one filter has about half of it.
        peaks: Whether only points count that have more energy than their eight
            neighbours; all points of the grid otherwise.
    """

    scales: int = 5
    orientations: int = 8
    stride: int = 4
    most: int = 1500
    least_energy: float = 1.0
    peaks: bool = False


DEFAULT_GABOR = GaborRules()


def gabor_jets(
    crop: Photograph, rules: GaborRules = DEFAULT_GABOR
) -> NDArray[np.float32]:
    """The jets of a crop's salient points, each of unit length, whatever the contrast.

    Args:
        crop: (H, W, 3) uint8 RGB.
        rules: Which filters, on which grid.

    Returns:
        (N, scales * orientations) in [0, 1], the points of the highest energy first;
        N is 0 for a plain surface.
    """
    magnitudes = gabor_magnitudes(crop, rules)
    energy = np.sqrt(np.square(magnitudes).sum(axis=2))
    rows, columns = salient_points(energy, rules).T
    return np.asarray(
        magnitudes[rows, columns] / energy[rows, columns, None], dtype=np.float32
    )


def gabor_magnitudes(
    crop: Photograph, rules: GaborRules = DEFAULT_GABOR
) -> NDArray[np.float32]:
    """How much each filter answers at every point of a grid.

    Args:
        crop: (H, W, 3) uint8 RGB.
        rules: Which filters, on which grid.

    Returns:
        (ceil(H / stride), ceil(W / stride), scales * orientations): magnitudes in units
        of lightness, the finest scale first; a filter answers a wave of its own
        frequency and direction with half the amplitude. Entry [i, j] is of pixel
        (i * stride, j * stride).
    """
    stride = rules.stride
    before = stride * math.ceil(_MARGIN / stride)
    lightness = srgb_to_lab(crop)[:, :, 0]
    height, width = lightness.shape
    around = [(before, _up_to(side, stride) + before) for side in (height, width)]
    spectrum = fft.fft2(np.pad(lightness, around, mode="reflect"))
    filters = gabor_filters(spectrum.shape, rules.scales, rules.orientations)
    rows, columns = (side // stride for side in spectrum.shape)
    answers = np.empty((len(filters), rows, columns), dtype=np.float32)
    for number, response in enumerate(filters):
        # Every stride-th value of a signal has the spectrum folded up stride times.
        folded = (spectrum * response).reshape(stride, rows, stride, columns)
        answers[number] = np.abs(fft.ifft2(folded.sum(axis=(0, 2))))
    start = before // stride
    inner = answers[
        :,
        start : start + math.ceil(height / stride),
        start : start + math.ceil(width / stride),
    ]
    scaled = np.ascontiguousarray(np.moveaxis(inner, 0, 2)) / stride**2
    return np.asarray(scaled, dtype=np.float32)


def salient_points(
    energy: NDArray[np.float32], rules: GaborRules = DEFAULT_GABOR
) -> NDArray[np.int64]:
    """Points of the grid that stand out, the highest energy first.

    Args:
        energy: (h, w), at least 0.
        rules: What stands out.

    Returns:
        (N <= most, 2) of row and column.
    """
    stands_out = energy > rules.least_energy
    if rules.peaks:
        stands_out &= energy == maximum_filter(energy, size=3, mode="nearest")
    points = np.argwhere(stands_out)
    order = np.argsort(-energy[stands_out], kind="stable")
    return points[order[: rules.most]]


@cache
def gabor_filters(
    size: tuple[int, int], scales: int, orientations: int
) -> NDArray[np.float32]:
    """What the filters let through, by frequency.

    Args:
        size: (H, W) of the picture.
        scales: Half an octave apart.
        orientations: Evenly over half a turn.

    Returns:
        (scales * orientations, H, W) in [0, 1], in the order of ``scipy.fft.fft2``, the
        finest scale first. The second Gaussian takes the answer to plain light away.
    """
    down, across = (2 * math.pi * fft.fftfreq(side) for side in size)
    filters = []
    for scale in range(scales):
        pitch = 2 * math.pi / (SHORTEST_WAVE * 2 ** (scale / 2))  # radians a pixel
        width = _DEVIATION**2 / (2 * pitch**2)
        for turn in math.pi * np.arange(orientations) / orientations:
            x, y = pitch * math.cos(turn), pitch * math.sin(turn)
            apart = (across[None] - x) ** 2 + (down[:, None] - y) ** 2
            plain = across[None] ** 2 + down[:, None] ** 2 + pitch**2
            filters.append(np.exp(-width * apart) - np.exp(-width * plain))
    bank = np.stack(filters).astype(np.float32)
    bank.setflags(write=False)  # one bank serves all callers
    return bank


def _up_to(side: int, stride: int) -> int:
    """Pixels that are missing to a multiple of the stride."""
    return -side % stride
