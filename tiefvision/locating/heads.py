"""The crop classifier and the four regressors: one small network each.

Each is a fully connected network over a window, written as convolutions, so that one
pass over a map judges every window (Sermanet et al., OverFeat, arXiv:1312.6229, 3.5).
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

SIDES = ("x0", "y0", "x1", "y1")

LOG_SPREAD_RANGE = (-6.0, 3.0)
"""Of a predicted spread, natural log of window sides: 0.0025 to 20 windows. Without a
floor one easy window would outvote all others."""


@dataclass(frozen=True)
class HeadSizes:
    """Widths of the two hidden layers.

    Attributes:
        reduced: Channels after the 1x1 reduction.
        hidden: Features of a window.
    """

    reduced: int = 32
    hidden: int = 64


class WindowNetwork(nn.Module):
    """1x1 reduction, a layer over the whole window, and an output; ReLU between."""

    def __init__(
        self, channels: int, window: int, outputs: int, sizes: HeadSizes
    ) -> None:
        super().__init__()
        self.sizes = sizes
        self.reduce = nn.Conv2d(channels, sizes.reduced, 1)
        self.judge = nn.Conv2d(sizes.reduced, sizes.hidden, window)
        self.output = nn.Conv2d(sizes.hidden, outputs, 1)

    def forward(self, cells: Tensor) -> Tensor:
        """Judge every window of maps: (B, C, h, w) -> (B, outputs, rows, columns)."""
        return self.judge_reduced(self.reduce(cells))

    def judge_reduced(self, reduced: Tensor) -> Tensor:
        """What follows on the reduction: (B, reduced, h, w) -> as ``forward``."""
        hidden = functional.relu(self.judge(functional.relu(reduced)))
        judged: Tensor = self.output(hidden)
        return judged

    def judge_windows(self, cells: Tensor, positions: Tensor) -> Tensor:
        """Judge chosen windows only, as training does.

        Args:
            cells: (N, C) the cells of any number of maps, one after the other.
            positions: (n, window * window) rows of ``cells`` that make up a window.

        Returns:
            (n, outputs), the same numbers that ``forward`` gives these windows.
        """
        reduced = functional.relu(
            functional.linear(cells, self.reduce.weight[:, :, 0, 0], self.reduce.bias)
        )
        # A look-up rather than an index: its backward pass runs on all cores.
        windows = functional.embedding(positions, reduced).flatten(1)  # (n, k*k*R)
        kernel = self.judge.weight.permute(0, 2, 3, 1).flatten(1)  # (H, k*k*R)
        hidden = functional.relu(functional.linear(windows, kernel, self.judge.bias))
        return functional.linear(
            hidden, self.output.weight[:, :, 0, 0], self.output.bias
        )


class CropClassifier(nn.Module):
    """P(category) of every window, for each category by itself.

    A window can hold a coat, a dress under it and the outfit of both at once, so the
    categories do not share one unit of probability: each has an output of its own.
    """

    mean: Tensor
    spread: Tensor

    def __init__(
        self,
        channels: int,
        window: int,
        categories: tuple[str, ...],
        sizes: HeadSizes | None = None,
    ) -> None:
        super().__init__()
        self.categories = categories
        self.network = WindowNetwork(
            channels, window, len(categories), sizes or HeadSizes()
        )
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("spread", torch.ones(channels))

    def forward(self, cells: Tensor) -> Tensor:
        """(B, C, h, w) -> (B, categories, rows, columns) probabilities."""
        scores: Tensor = self.network(_standardise(self, cells))
        return scores.sigmoid()

    def loss(self, cells: Tensor, positions: Tensor, labels: Tensor) -> Tensor:
        """``presence_loss`` of chosen windows, with labels (n, categories)."""
        cells = (cells - self.mean) / self.spread
        return presence_loss(self.network.judge_windows(cells, positions), labels)


class BoxRegressors(nn.Module):
    """Four separate networks, one for each coordinate of the box.

    Each predicts its coordinate for the garment of every category, in units of the
    window, and how far off it may be: a window that cannot see a side says so, and its
    vote on that side counts for little.
    """

    mean: Tensor
    spread: Tensor

    def __init__(
        self,
        channels: int,
        window: int,
        categories: int,
        sizes: HeadSizes | None = None,
    ) -> None:
        super().__init__()
        self.categories = categories
        self.networks = nn.ModuleDict(
            {
                side: WindowNetwork(
                    channels, window, 2 * categories, sizes or HeadSizes()
                )
                for side in SIDES
            }
        )
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("spread", torch.ones(channels))

    def network(self, side: str) -> WindowNetwork:
        """The network of one coordinate."""
        network = self.networks[side]
        assert isinstance(network, WindowNetwork)
        return network

    def forward(self, cells: Tensor) -> tuple[Tensor, Tensor]:
        """Judge every window.

        Args:
            cells: (B, C, h, w).

        Returns:
            Coordinates and spreads, both (B, 4, categories, rows, columns) in window
            units.
        """
        cells = _standardise(self, cells)
        outputs = torch.stack([self.network(side)(cells) for side in SIDES], dim=1)
        return split_outputs(outputs, dim=2)

    def loss(
        self, cells: Tensor, positions: Tensor, targets: Tensor, held: Tensor
    ) -> tuple[Tensor, Tensor]:
        """``box_loss`` of chosen windows.

        Args:
            cells: (N, C).
            positions: (n, window * window).
            targets: (n, categories, 4) in window units.
            held: (n, categories) whether there is such a garment.
        """
        cells = (cells - self.mean) / self.spread
        outputs = [self.network(side).judge_windows(cells, positions) for side in SIDES]
        return box_loss(torch.stack(outputs, dim=1), targets, held)


def presence_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Binary cross-entropy, summed over categories and averaged over windows.

    Args:
        logits: (n, categories).
        labels: Alike; 1 where a window holds one, 0 where not, negative where it is
            too close to call: there nothing is learnt.
    """
    surprise = functional.binary_cross_entropy_with_logits(
        logits, (labels > 0).to(logits.dtype), reduction="none"
    )
    return (surprise * (labels >= 0)).sum() / max(1, len(labels))


def box_loss(outputs: Tensor, targets: Tensor, held: Tensor) -> tuple[Tensor, Tensor]:
    """Negative log-likelihood of a Laplace distribution, summed over the sides.

    Laplace rather than Gauss: a mask that missed a sleeve must not pull the mean
    (Kendall & Gal, arXiv:1703.04977, 2.2, on learnt uncertainty).

    Args:
        outputs: (n, 4, 2 * categories) of the four networks.
        targets: (n, categories, 4) in window units.
        held: (n, categories) whether there is such a garment.

    Returns:
        The loss and the mean absolute error in window units, both averaged over the
        garments held; 0 where there are none.
    """
    coordinates, log_spread = _paired(outputs, dim=2)  # (n, 4, categories)
    error = (coordinates - targets.transpose(1, 2)).abs()
    log_spread = log_spread.clamp(*LOG_SPREAD_RANGE)
    surprise = (error * torch.exp(-log_spread) + log_spread).sum(dim=1)
    count = held.sum().clamp_min(1)
    loss = (surprise * held).sum() / count
    return loss, (error.detach().mean(dim=1) * held).sum() / count


def split_outputs(outputs: Tensor, dim: int) -> tuple[Tensor, Tensor]:
    """Coordinates and spreads from the outputs of regressors, both in window units.

    Args:
        outputs: 2 * categories along ``dim``: of each category a coordinate and the
            logarithm of its spread.
        dim: Which axis that is.
    """
    coordinates, log_spread = _paired(outputs, dim)
    return coordinates, log_spread.clamp(*LOG_SPREAD_RANGE).exp()


def _paired(outputs: Tensor, dim: int) -> tuple[Tensor, Tensor]:
    shape = outputs.shape
    pairs = outputs.reshape(*shape[:dim], shape[dim] // 2, 2, *shape[dim + 1 :])
    coordinates, log_spread = pairs.unbind(dim + 1)
    return coordinates, log_spread


def standardise_inputs(
    head: CropClassifier | BoxRegressors, mean: Tensor, spread: Tensor
) -> None:
    """Tell a head, in place, the mean and spread (C,) of its input channels."""
    head.mean.copy_(mean)
    # A channel that never fires must not divide by nothing.
    head.spread.copy_(spread.clamp_min(1e-3))


def _standardise(head: CropClassifier | BoxRegressors, cells: Tensor) -> Tensor:
    return (cells - head.mean[:, None, None]) / head.spread[:, None, None]
