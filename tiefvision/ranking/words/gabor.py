"""Gabor jets: local descriptors of the texture around the salient points of a crop.

A jet is the vector of magnitudes with which a bank of Gabor filters, of several scales
and orientations, responds at one point. Source: Daugman, "Uncertainty relation for
resolution in space, spatial frequency, and orientation optimized by two-dimensional
visual cortical filters", 1985; the bank is that of Wiskott, Fellous, Krueger and von
der Malsburg, "Face recognition by elastic bunch graph matching", 1997, equations 1-3.
"""

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from tiefvision.photos.reading import Photograph
from tiefvision.ranking.colours.lab import srgb_to_lab

SHORTEST_WAVE = 4.0
"""Wavelength of the finest scale in pixels; each further scale is half an octave
coarser."""

_DEVIATION = 2 * math.pi
"""Standard deviation of a filter's Gaussian in radians of its wave (sigma of Wiskott et
al.)."""

_MARGIN = 16
"""Least width in pixels of the mirrored border around a crop, into which the filters
reach."""


@dataclass(frozen=True)
class GaborRules:
    """The filter bank, and the points of a crop at which jets are taken.

    Attributes:
        scales: number of scales, half an octave apart.
        orientations: number of orientations, evenly spaced over 180 degrees.
        stride: distance in pixels between the points of the grid on which the filters
            are evaluated.
        most: most jets of a crop; those of the highest energy are kept.
        least_energy: energy that a point must exceed, in units of lightness L. A wave
            of amplitude A with the frequency and orientation of one filter has an
            energy of about A / 2.
    """

    scales: int = 5
    orientations: int = 8
    stride: int = 4
    most: int = 1500
    least_energy: float = 1.0


DEFAULT_GABOR = GaborRules()


def gabor_jets(
    crop: Photograph, rules: GaborRules = DEFAULT_GABOR
) -> NDArray[np.float32]:
    """The Gabor jets of a crop's salient points, normalised against contrast.

    Args:
        crop: RGB, (H, W, 3) uint8.
        rules: filter bank, and choice of points.

    Returns:
        Jets of unit length with numbers in [0, 1], (N, scales * orientations) float32,
        in descending order of energy; N is 0 for a plain surface.
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
    """The magnitude of every filter's response at every point of a grid.

    Args:
        crop: RGB, (H, W, 3) uint8.
        rules: filter bank, and stride of the grid.

    Returns:
        Magnitudes in units of lightness L,
        (ceil(H / stride), ceil(W / stride), scales * orientations) float32, the finest
        scale first. Entry [i, j] belongs to pixel (i * stride, j * stride). A wave of a
        filter's own frequency and orientation gives half of its amplitude.
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
        # The spectrum of every stride-th sample is the sum of stride parts of the whole
        # spectrum (aliasing): the inverse transform is computed on the grid alone.
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
    """Select the points of the grid at which jets are taken.

    Args:
        energy: length of the jet at every point of the grid, at least 0, (h, w).
        rules: least energy and most points.

    Returns:
        Row and column of each point in descending order of energy, (N, 2) int64 with
        N <= ``rules.most``.
    """
    stands_out = energy > rules.least_energy
    points = np.argwhere(stands_out)
    order = np.argsort(-energy[stands_out], kind="stable")
    return points[order[: rules.most]]


@cache
def gabor_filters(
    size: tuple[int, int], scales: int, orientations: int
) -> NDArray[np.float32]:
    """The frequency responses of the filter bank.

    Args:
        size: height and width (H, W) of the image in pixels.
        scales: number of scales, half an octave apart.
        orientations: number of orientations, evenly spaced over 180 degrees.

    Returns:
        Gain of each filter at each frequency, at most 1,
        (scales * orientations, H, W) float32, read-only; frequencies in the order of
        ``scipy.fft.fft2``, the finest scale first. The gain at frequency 0 is 0, so
        that uniform lightness gives no response.
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
    bank.setflags(write=False)  # the cached array is shared by all callers
    return bank


def _up_to(side: int, stride: int) -> int:
    """Pixels from ``side`` to the next multiple of ``stride``."""
    return -side % stride
