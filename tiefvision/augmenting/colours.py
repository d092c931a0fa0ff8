"""Colours of crops: disturbing them in training, and histograms as a target."""

import torch
from torch import Tensor
from torch.nn import functional

from tiefvision.augmenting.cells import SAMPLE_SIDE

LEVELS = 4
"""Levels of each colour channel. With eight, as in the usual histogram, most of the 512
bins of a cell would be empty."""

BINS = LEVELS**3
"""Colours of a histogram: 64."""

DISTURBED = 0.7
"""Share of the crops on which the light is changed."""

CAST, EXPOSURE, CONTRAST, SATURATION = 0.04, 0.2, 0.2, 0.2
"""Natural logarithms of the factors: standard deviation of the cast of each channel,
and largest change of exposure, contrast and saturation. The cast is small: colour tells
garments apart, and the student must not learn to ignore it."""

NOISE = 0.01
"""Standard deviation of the noise, where channels range over [0, 1]; about that of a
telephone's sensor indoors."""


def disturb_colours(photos: Tensor, generator: torch.Generator) -> Tensor:
    """Changes cast, exposure, contrast and saturation of crops, and adds noise.

    Args:
        photos: (B, 3, h, w) float RGB in [0, 1].
        generator: Source of the random numbers, which differ from crop to crop; on the
            device of the crops.

    Returns:
        (B, 3, h, w) float RGB in [0, 1].
    """
    count = len(photos)
    device = photos.device

    def uniform() -> Tensor:
        return torch.rand(count, 1, 1, 1, generator=generator, device=device)

    disturbed = (uniform() < DISTURBED).float()

    def factors(spread: float) -> Tensor:
        drawn = uniform() * 2 - 1
        return torch.exp(drawn * spread * disturbed)

    cast = (
        torch.randn(count, 3, 1, 1, generator=generator, device=device)
        * CAST
        * disturbed
    )
    photos = photos * torch.exp(cast) * factors(EXPOSURE)
    mean = photos.mean(dim=(1, 2, 3), keepdim=True)
    photos = (photos - mean) * factors(CONTRAST) + mean
    grey = photos.mean(dim=1, keepdim=True)
    photos = (photos - grey) * factors(SATURATION) + grey
    noise = torch.randn(photos.shape, generator=generator, device=device) * NOISE
    return (photos + noise).clamp(0.0, 1.0)


def soft_colours(photos: Tensor) -> Tensor:
    """Share of each of 64 colours in each sample of 4 x 4 pixels.

    The mean colour of a sample is shared out linearly between the (up to eight) nearest
    colours of a 4 x 4 x 4 grid over RGB, so that the shares change smoothly with it.

    Args:
        photos: (B, 3, h, w) float RGB in [0, 1]; h and w are multiples of 4.

    Returns:
        (B, 64, h / 4, w / 4) float; the 64 shares of a sample sum to 1.
    """
    sampled = functional.avg_pool2d(photos, SAMPLE_SIDE).clamp(0.0, 1.0)
    levels = torch.linspace(0.0, 1.0, LEVELS, device=photos.device)
    apart = (sampled.unsqueeze(2) - levels.view(1, 1, -1, 1, 1)).abs()
    shares = (1.0 - apart * (LEVELS - 1)).clamp_min(0.0)  # (B, 3, levels, h, w)
    red, green, blue = shares.unbind(dim=1)
    pairs = (red.unsqueeze(2) * green.unsqueeze(1)).flatten(1, 2)
    return (pairs.unsqueeze(2) * blue.unsqueeze(1)).flatten(1, 2)


def histogram_embeddings(colours: Tensor) -> Tensor:
    """Colour histograms of whole crops as unit vectors, (B, 64, h, w) -> (B, 64).

    Square roots make the dot product of two histograms their Bhattacharyya coefficient.
    Subtracting the batch's mean, which all crops share, spreads the similarities.

    Args:
        colours: Shares of 64 colours in each sample, as `soft_colours` gives them.
    """
    roots = colours.mean(dim=(2, 3)).sqrt()
    return functional.normalize(roots - roots.mean(dim=0), dim=1)
