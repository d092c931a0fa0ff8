"""The heads: a crop classifier and four box regressors, small networks over windows.

Each network is fully connected over a window and written as convolutions, so that one
pass over a map evaluates every window (Sermanet et al., OverFeat, arXiv:1312.6229,
section 3.5).

Window units: coordinates relative to the centre of a window, divided by its side.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from tiefvision.locating.sides import LOG_SPREAD_RANGE, SIDES


@dataclass(frozen=True)
class HeadSizes:
    """Widths of the two hidden layers of a ``WindowNetwork``.

    Attributes:
        reduced: channels after the 1x1 reduction.
        hidden: features of a window.
    """

    reduced: int = 32
    hidden: int = 64


@dataclass(frozen=True)
class Dropout:
    """Shares of numbers that are set to 0 at random while a ``WindowNetwork`` trains.

    Attributes:
        reduced: share of the reduced channels of cells, in [0, 1).
        hidden: share of the features of windows, in [0, 1).
    """

    reduced: float = 0.0
    hidden: float = 0.0


CLASSIFIER_DROPOUT = Dropout(0.2, 0.5)
"""Dropout of the crop classifier, which otherwise learns the training photographs by
heart after two passes (docs/experiments/0018-heads-and-closeups.md). The regressors
have none: it shifts the variance of their features, and with it the boxes."""


class WindowNetwork(nn.Module):
    """A 1x1 reduction, a layer over the whole window and an output layer, with ReLU.

    Args:
        channels: channels C of the map.
        window: side of a window in cells.
        outputs: outputs per window.
        sizes: widths of the hidden layers.
        dropout: dropout of ``judge_windows`` in training mode; none if None.
    """

    def __init__(
        self,
        channels: int,
        window: int,
        outputs: int,
        sizes: HeadSizes,
        dropout: Dropout | None = None,
    ) -> None:
        super().__init__()
        self.sizes = sizes
        self.dropout = dropout or Dropout()
        self.reduce = nn.Conv2d(channels, sizes.reduced, 1)
        self.judge = nn.Conv2d(sizes.reduced, sizes.hidden, window)
        self.output = nn.Conv2d(sizes.hidden, outputs, 1)

    def forward(self, cells: Tensor) -> Tensor:
        """Evaluate every window: (B, C, h, w) -> (B, outputs, rows, columns)."""
        return self.judge_reduced(self.reduce(cells))

    def judge_reduced(self, reduced: Tensor) -> Tensor:
        """Run the layers after the reduction.

        Args:
            reduced: output of the 1x1 reduction before its ReLU, (B, reduced, h, w).

        Returns:
            The outputs of every window, (B, outputs, rows, columns).
        """
        hidden = functional.relu(self.judge(functional.relu(reduced)))
        judged: Tensor = self.output(hidden)
        return judged

    def judge_windows(self, cells: Tensor, positions: Tensor) -> Tensor:
        """Evaluate chosen windows only; used in training.

        Args:
            cells: cells of any number of maps, one after the other, (N, C).
            positions: for each window, the rows of ``cells`` that it covers, row by
                row, (n, window * window) int64.

        Returns:
            Outputs of the windows, (n, outputs); in evaluation mode equal to those of
            ``forward``.
        """
        reduced = functional.relu(
            functional.linear(cells, self.reduce.weight[:, :, 0, 0], self.reduce.bias)
        )
        reduced = functional.dropout(reduced, self.dropout.reduced, self.training)
        # embedding() instead of indexing: its backward pass runs on all cores.
        windows = functional.embedding(positions, reduced).flatten(1)  # (n, k*k*R)
        kernel = self.judge.weight.permute(0, 2, 3, 1).flatten(1)  # (H, k*k*R)
        hidden = functional.relu(functional.linear(windows, kernel, self.judge.bias))
        hidden = functional.dropout(hidden, self.dropout.hidden, self.training)
        return functional.linear(
            hidden, self.output.weight[:, :, 0, 0], self.output.bias
        )


class CropClassifier(nn.Module):
    """Multi-label classifier: P(category) of every window.

    A window can hold a coat, the dress under it and the outfit of both at once, so each
    category has an independent probability (sigmoid instead of softmax).

    Args:
        channels: channels C of the map.
        window: side of a window in cells.
        categories: names of the outputs.
        sizes: widths of the hidden layers; the defaults if None.

    Attributes:
        mean: mean of each input channel over the training maps, (C,).
        spread: standard deviation of each input channel, (C,).
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
            channels,
            window,
            len(categories),
            sizes or HeadSizes(),
            CLASSIFIER_DROPOUT,
        )
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("spread", torch.ones(channels))

    def forward(self, cells: Tensor) -> Tensor:
        """P(category) of windows: (B, C, h, w) -> (B, categories, rows, columns)."""
        scores: Tensor = self.network(_standardise(self, cells))
        return scores.sigmoid()

    def loss(self, cells: Tensor, positions: Tensor, labels: Tensor) -> Tensor:
        """``presence_loss`` of chosen windows.

        Args:
            cells: cells of any number of maps, one after the other, (N, C).
            positions: rows of ``cells`` of each window, (n, window * window) int64.
            labels: labels as for ``presence_loss``, (n, categories).
        """
        cells = (cells - self.mean) / self.spread
        return presence_loss(self.network.judge_windows(cells, positions), labels)


class BoxRegressors(nn.Module):
    """Four separate networks, one for each coordinate of the box.

    Each network predicts, for every category, its coordinate of the garment's box and
    the spread (scale of a Laplace distribution) of that prediction, in window units. A
    window that does not see a side of the garment predicts a large spread for it, which
    gives it little weight in the vote on that side.

    Args:
        channels: channels C of the map.
        window: side of a window in cells.
        categories: number of categories.
        sizes: widths of the hidden layers; the defaults if None.

    Attributes:
        mean: mean of each input channel over the training maps, (C,).
        spread: standard deviation of each input channel, (C,).
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
        """The network of one coordinate in ``SIDES``."""
        network = self.networks[side]
        assert isinstance(network, WindowNetwork)
        return network

    def forward(self, cells: Tensor) -> tuple[Tensor, Tensor]:
        """Evaluate every window.

        Args:
            cells: maps, (B, C, h, w).

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
            cells: cells of any number of maps, one after the other, (N, C).
            positions: rows of ``cells`` of each window, (n, window * window) int64.
            targets: boxes in window units, (n, categories, 4).
            held: whether the window holds a garment of the category, (n, categories)
                bool.
        """
        cells = (cells - self.mean) / self.spread
        outputs = [self.network(side).judge_windows(cells, positions) for side in SIDES]
        return box_loss(torch.stack(outputs, dim=1), targets, held)


def presence_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Binary cross-entropy, summed over categories and averaged over windows.

    Args:
        logits: logits of P(category), (n, categories).
        labels: 1 where a window holds a garment of the category, 0 where it does not,
            negative where it is ambiguous and excluded from the loss, (n, categories).

    Returns:
        The loss in nats, a scalar.
    """
    entropy = functional.binary_cross_entropy_with_logits(
        logits, (labels > 0).to(logits.dtype), reduction="none"
    )
    return (entropy * (labels >= 0)).sum() / max(1, len(labels))


def box_loss(outputs: Tensor, targets: Tensor, held: Tensor) -> tuple[Tensor, Tensor]:
    """Negative log-likelihood of a Laplace distribution, summed over the sides.

    ``|target - coordinate| / spread + log(spread)``, up to a constant (learnt
    uncertainty: Kendall & Gal, arXiv:1703.04977, section 2.2). A Laplace distribution
    is used instead of a Gaussian because it is less sensitive to wrong annotations,
    such as a box without a sleeve.

    Args:
        outputs: outputs of the four networks, (n, 4, 2 * categories).
        targets: boxes in window units, (n, categories, 4).
        held: whether the window holds a garment of the category, (n, categories) bool.

    Returns:
        The loss and the mean absolute error in window units, averaged over the pairs of
        window and category in ``held``; 0 if there are none.
    """
    coordinates, log_spread = _paired(outputs, dim=2)  # (n, 4, categories)
    error = (coordinates - targets.transpose(1, 2)).abs()
    log_spread = log_spread.clamp(*LOG_SPREAD_RANGE)
    losses = (error * torch.exp(-log_spread) + log_spread).sum(dim=1)  # (n, categories)
    count = held.sum().clamp_min(1)
    loss = (losses * held).sum() / count
    return loss, (error.detach().mean(dim=1) * held).sum() / count


def split_outputs(outputs: Tensor, dim: int) -> tuple[Tensor, Tensor]:
    """Split the outputs of regressors into coordinates and spreads in window units.

    Args:
        outputs: outputs with an axis of 2 * categories: for each category a coordinate
            and the natural logarithm of its spread.
        dim: position of that axis.

    Returns:
        Coordinates and spreads, with an axis of categories in its place.
    """
    coordinates, log_spread = _paired(outputs, dim)
    return coordinates, log_spread.clamp(*LOG_SPREAD_RANGE).exp()


def _paired(outputs: Tensor, dim: int) -> tuple[Tensor, Tensor]:
    """Coordinates and log spreads from interleaved outputs along ``dim``."""
    shape = outputs.shape
    pairs = outputs.reshape(*shape[:dim], shape[dim] // 2, 2, *shape[dim + 1 :])
    coordinates, log_spread = pairs.unbind(dim + 1)
    return coordinates, log_spread


def set_input_statistics(
    head: CropClassifier | BoxRegressors, mean: Tensor, spread: Tensor
) -> None:
    """Set, in place, the statistics by which a head standardises its input.

    Args:
        head: head to change.
        mean: mean of each input channel, (C,).
        spread: standard deviation of each input channel, (C,).
    """
    head.mean.copy_(mean)
    # A channel that is constant must not cause a division by zero.
    head.spread.copy_(spread.clamp_min(1e-3))


def _standardise(head: CropClassifier | BoxRegressors, cells: Tensor) -> Tensor:
    return (cells - head.mean[:, None, None]) / head.spread[:, None, None]
