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
        self.reduce = nn.Conv2d(channels, sizes.reduced, 1)
        self.judge = nn.Conv2d(sizes.reduced, sizes.hidden, window)
        self.output = nn.Conv2d(sizes.hidden, outputs, 1)

    def forward(self, cells: Tensor) -> Tensor:
        """Judge every window of maps: (B, C, h, w) -> (B, outputs, rows, columns)."""
        reduced = functional.relu(self.reduce(cells))
        judged: Tensor = self.output(functional.relu(self.judge(reduced)))
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
    """P(category) of every window; output 0 is the background."""

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
            channels, window, 1 + len(categories), sizes or HeadSizes()
        )
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("spread", torch.ones(channels))

    def forward(self, cells: Tensor) -> Tensor:
        """(B, C, h, w) -> (B, 1 + categories, rows, columns) probabilities."""
        scores: Tensor = self.network(_standardise(self, cells))
        return scores.softmax(dim=1)

    def loss(self, cells: Tensor, positions: Tensor, labels: Tensor) -> Tensor:
        """Cross-entropy of windows; labels (n,) are 0 for the background."""
        if len(labels) == 0:
            return _nothing_to_learn(self)
        cells = (cells - self.mean) / self.spread
        return functional.cross_entropy(
            self.network.judge_windows(cells, positions), labels
        )


class BoxRegressors(nn.Module):
    """Four separate networks, one for each coordinate of the box.

    Each predicts its coordinate, in units of the window, and how far off it may be: a
    window that cannot see a side says so, and its vote on that side counts for little.
    """

    mean: Tensor
    spread: Tensor

    def __init__(
        self, channels: int, window: int, sizes: HeadSizes | None = None
    ) -> None:
        super().__init__()
        self.networks = nn.ModuleDict(
            {
                side: WindowNetwork(channels, window, 2, sizes or HeadSizes())
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
            Coordinates and spreads, both (B, 4, rows, columns) in window units.
        """
        cells = _standardise(self, cells)
        outputs = torch.stack([self.network(side)(cells) for side in SIDES], dim=1)
        spread = outputs[:, :, 1].clamp(*LOG_SPREAD_RANGE).exp()
        return outputs[:, :, 0], spread  # (B, 4, 2, rows, columns) -> two of (B, 4, ..)

    def loss(
        self, cells: Tensor, positions: Tensor, targets: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Negative log-likelihood of a Laplace distribution, summed over the sides.

        Laplace rather than Gauss: a mask that missed a sleeve must not pull the mean
        (Kendall & Gal, arXiv:1703.04977, 2.2, on learnt uncertainty).

        Args:
            cells: (N, C).
            positions: (n, window * window).
            targets: (n, 4) in window units.

        Returns:
            The loss, and the mean absolute error in window units.
        """
        if len(targets) == 0:
            return _nothing_to_learn(self), torch.zeros(())
        cells = (cells - self.mean) / self.spread
        losses, errors = [], []
        for side, target in zip(SIDES, targets.unbind(1), strict=True):
            output = self.network(side).judge_windows(cells, positions)
            log_spread = output[:, 1].clamp(*LOG_SPREAD_RANGE)
            error = (output[:, 0] - target).abs()
            losses.append((error * torch.exp(-log_spread) + log_spread).mean())
            errors.append(error.detach().mean())
        return torch.stack(losses).sum(), torch.stack(errors).mean()


def standardise_inputs(
    head: CropClassifier | BoxRegressors, mean: Tensor, spread: Tensor
) -> None:
    """Tell a head, in place, the mean and spread (C,) of its input channels."""
    head.mean.copy_(mean)
    # A channel that never fires must not divide by nothing.
    head.spread.copy_(spread.clamp_min(1e-3))


def _standardise(head: CropClassifier | BoxRegressors, cells: Tensor) -> Tensor:
    return (cells - head.mean[:, None, None]) / head.spread[:, None, None]


def _nothing_to_learn(head: nn.Module) -> Tensor:
    """A loss of 0 with gradients of 0: the mean of nothing would poison the weights."""
    return torch.stack([parameter.sum() for parameter in head.parameters()]).sum() * 0.0
