"""Both heads as they run: folded into as few convolutions as there can be.

The standardisation of the input goes into the weights of the 1x1 reductions, and the
reductions of all five networks are one convolution. The four regressors stay separate:
each reads its own reduced channels with its own weights.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from tiefvision.locating.heads import (
    SIDES,
    BoxRegressors,
    CropClassifier,
    WindowNetwork,
    split_outputs,
)


@dataclass(frozen=True)
class Convolution:
    """Weights (outputs, inputs, k, k) and bias (outputs,) at stride 1, unpadded."""

    weight: Tensor
    bias: Tensor

    def __call__(self, cells: Tensor) -> Tensor:
        """(B, inputs, h, w) -> (B, outputs, h - k + 1, w - k + 1)."""
        return functional.conv2d(cells, self.weight, self.bias)


@dataclass(frozen=True)
class WindowJudge:
    """What is left of a network behind its reduction.

    Attributes:
        judge: The layer over the whole window.
        output: The last layer, always float32: it is small, and its numbers are the
            ones that count.
    """

    judge: Convolution
    output: Convolution

    def __call__(self, reduced: Tensor) -> Tensor:
        """(1, reduced, h, w) -> (outputs, rows, columns) float32."""
        hidden = functional.relu(self.judge(reduced))
        return self.output(hidden.float())[0]


@dataclass(frozen=True)
class FoldedHeads:
    """The crop classifier and the four regressors, ready to judge maps.

    Attributes:
        categories: What the classifier knows.
        window: Cells on a side of a window.
        reduction: All five 1x1 reductions: the classifier's, then the regressors' in
            the order of ``SIDES``.
        reduced: Channels that each of the five gets of it.
        category: Judges what a window holds.
        sides: Judge one coordinate each.
    """

    categories: tuple[str, ...]
    window: int
    reduction: Convolution
    reduced: tuple[int, ...]
    category: WindowJudge
    sides: tuple[WindowJudge, ...]

    def reduce(self, cells: Tensor) -> tuple[Tensor, ...]:
        """Cells of a map (C, h, w), of any dtype, reduced for each of the five."""
        weight = self.reduction.weight
        cells = cells.to(weight.device, weight.dtype).unsqueeze(0)
        reduced = functional.relu(self.reduction(cells))
        return tuple(torch.split_with_sizes(reduced, self.reduced, dim=1))

    def probabilities(self, reduced: Tensor) -> Tensor:
        """P(category) of every window, (categories, rows, columns)."""
        return self.category(reduced).sigmoid()

    def boxes(self, reduced: tuple[Tensor, ...]) -> tuple[Tensor, Tensor]:
        """Coordinates and spreads, (4, categories, rows, columns) in window units."""
        judged = torch.stack(
            [judge(cells) for judge, cells in zip(self.sides, reduced, strict=True)]
        )
        return split_outputs(judged, dim=1)


@torch.no_grad()
def fold_heads(
    classifier: CropClassifier,
    regressors: BoxRegressors,
    dtype: torch.dtype = torch.float32,
) -> FoldedHeads:
    """Fold heads whose training is over. float32 kernels are shared, not copied.

    Args:
        classifier: Gives P(category) for every window.
        regressors: Give the box as every window sees it.
        dtype: Of the arithmetic. bfloat16 takes half the time of float32. It moves a
            probability by less than 0.01, and what a window says of a side by 0.0004
            of the window's side (0.2 px of 550 x 825) on average, 0.0025 at most.
    """
    networks = [regressors.network(side) for side in SIDES]
    reductions = [
        _fold_standardisation(classifier.network, classifier.mean, classifier.spread),
        *(
            _fold_standardisation(network, regressors.mean, regressors.spread)
            for network in networks
        ),
    ]
    return FoldedHeads(
        classifier.categories,
        classifier.network.judge.kernel_size[0],
        Convolution(
            torch.cat([one.weight for one in reductions]).to(dtype),
            torch.cat([one.bias for one in reductions]).to(dtype),
        ),
        tuple(len(one.bias) for one in reductions),
        _judge(classifier.network, dtype),
        tuple(_judge(network, dtype) for network in networks),
    )


def _fold_standardisation(
    network: WindowNetwork, mean: Tensor, spread: Tensor
) -> Convolution:
    """W ((x - mean) / spread) + b = (W / spread) x + (b - (W / spread) mean)."""
    weight = network.reduce.weight / spread[:, None, None]
    assert network.reduce.bias is not None
    return Convolution(weight, network.reduce.bias - weight[:, :, 0, 0] @ mean)


def _judge(network: WindowNetwork, dtype: torch.dtype) -> WindowJudge:
    judge, output = network.judge, network.output
    assert judge.bias is not None and output.bias is not None
    return WindowJudge(
        Convolution(judge.weight.detach().to(dtype), judge.bias.detach().to(dtype)),
        Convolution(output.weight.detach().float(), output.bias.detach().float()),
    )
