"""Colours of a crop: disturbed in training, and as a target of their own."""

import torch
from torch import Tensor
from torch.nn import functional

from tiefvision.augmenting.cells import PIXELS_OF_A_SAMPLE

LEVELS = 4
"""Of each channel: 64 colours in all. The eight of the usual histogram would leave
most bins of a cell empty."""

BINS = LEVELS**3

DISTURBED = 0.7
"""Share of the crops whose light changes."""

CAST, EXPOSURE, CONTRAST, SATURATION = 0.04, 0.2, 0.2, 0.2
"""How far, in natural logarithms. A cast is kept small: colour tells garments apart,
and the student must not learn to overlook it."""

NOISE = 0.01
"""Standard deviation, of a range of 1; about that of a telephone's sensor indoors."""


def disturb_colours(photos: Tensor, generator: torch.Generator) -> Tensor:
    """Change the light on crops and add noise.

    Args:
        photos: (B, 3, h, w) RGB in [0, 1].
        generator: Draws, for each crop on its own.

    Returns:
        The same shape, in [0, 1].
    """
    count = len(photos)
    disturbed = (torch.rand(count, 1, 1, 1, generator=generator) < DISTURBED).float()

    def factors(spread: float) -> Tensor:
        drawn = torch.rand(count, 1, 1, 1, generator=generator) * 2 - 1
        return torch.exp(drawn * spread * disturbed)

    cast = torch.randn(count, 3, 1, 1, generator=generator) * CAST * disturbed
    photos = photos * torch.exp(cast) * factors(EXPOSURE)
    mean = photos.mean(dim=(1, 2, 3), keepdim=True)
    photos = (photos - mean) * factors(CONTRAST) + mean
    grey = photos.mean(dim=1, keepdim=True)
    photos = (photos - grey) * factors(SATURATION) + grey
    noise = torch.randn(photos.shape, generator=generator) * NOISE
    return (photos + noise).clamp(0.0, 1.0)


def soft_colours(photos: Tensor) -> Tensor:
    """Which of 64 colours stands where, shared out between neighbouring colours.

    Args:
        photos: (B, 3, h, w) RGB in [0, 1]; h and w multiples of 4.

    Returns:
        (B, 64, h / 4, w / 4); the colours of a place sum to 1.
    """
    sampled = functional.avg_pool2d(photos, PIXELS_OF_A_SAMPLE).clamp(0.0, 1.0)
    levels = torch.linspace(0.0, 1.0, LEVELS, device=photos.device)
    apart = (sampled.unsqueeze(2) - levels.view(1, 1, -1, 1, 1)).abs()
    shares = (1.0 - apart * (LEVELS - 1)).clamp_min(0.0)  # (B, 3, levels, h, w)
    red, green, blue = shares.unbind(dim=1)
    pairs = (red.unsqueeze(2) * green.unsqueeze(1)).flatten(1, 2)
    return (pairs.unsqueeze(2) * blue.unsqueeze(1)).flatten(1, 2)


def histogram_embeddings(colours: Tensor) -> Tensor:
    """Whole-crop histograms as centred unit rows: (B, 64, h, w) -> (B, 64).

    The square root makes a dot product the Bhattacharyya coefficient; without the
    batch's mean, which all share, near and far stand further apart.
    """
    roots = colours.mean(dim=(2, 3)).sqrt()
    return functional.normalize(roots - roots.mean(dim=0), dim=1)
