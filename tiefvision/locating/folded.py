"""Classifier and regressors for inference, folded into fewer networks.

The standardisation of the input is folded into the weights of the 1x1 reductions, and
the reductions of all five heads run as one convolution. The classifier then reads its
own reduced channels, and so does each regressor: as groups of one convolution the four
would take half as long again. Nothing here imports torch.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tiefvision.engines.folding import Arrays, take_array
from tiefvision.engines.layers import Activation, Convolution
from tiefvision.engines.protocol import Engine, Run
from tiefvision.locating.heads_file import CLASSIFIER, REGRESSORS
from tiefvision.locating.sides import LOG_SPREAD_RANGE, SIDES

Cells = NDArray[np.float32]
"""Numbers of cells or windows, channels first, (channels, rows, columns) float32."""


@dataclass(frozen=True)
class FoldedHeads:
    """The crop classifier and the four regressors, folded for inference.

    Attributes:
        categories: categories of the classifier.
        window: side of a window in cells.
        reduced: number of reduced channels that the classifier reads; the regressors
            read those behind them.
        reduce_map: network of the 1x1 reductions of all five heads, with ReLU.
        judge_category: network of the classifier's other layers.
        judge_sides: network of each regressor's other layers, in the order of
            ``SIDES``.
    """

    categories: tuple[str, ...]
    window: int
    reduced: int
    reduce_map: Run
    judge_category: Run
    judge_sides: tuple[Run, ...]

    def reduce(self, cells: Cells) -> tuple[Cells, Cells]:
        """Reduce a map for classifier and regressors.

        Args:
            cells: map, (C, h, w) of any floating dtype.

        Returns:
            Reduced channels of the classifier, (reduced, h, w), and of the regressors.
        """
        reduced = self.reduce_map(np.ascontiguousarray(cells[None], dtype=np.float32))
        return reduced[0, : self.reduced], reduced[0, self.reduced :]

    def probabilities(self, reduced: Cells) -> NDArray[np.float32]:
        """P(category) of every window, (categories, rows, columns) in [0, 1].

        Args:
            reduced: first array that ``reduce`` returns.
        """
        return _sigmoid(self.judge_category(np.ascontiguousarray(reduced[None]))[0])

    def boxes(self, reduced: Cells) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Coordinates of boxes and their spreads, for every window.

        Args:
            reduced: second array that ``reduce`` returns, or a rectangle of it.

        Returns:
            Two arrays (4, categories, rows, columns) in window units.
        """
        parts = np.split(reduced[None], len(SIDES), axis=1)
        judged = np.concatenate(
            [
                judge(np.ascontiguousarray(part))
                for judge, part in zip(self.judge_sides, parts, strict=True)
            ]
        )  # (4, 2 * categories, rows, columns): a coordinate, then its log spread
        return judged[:, 0::2], np.exp(np.clip(judged[:, 1::2], *LOG_SPREAD_RANGE))


def fold_heads(
    categories: Sequence[str],
    classifier: Arrays,
    regressors: Arrays,
    engine: Engine,
    where: str = "The state",
) -> FoldedHeads:
    """Fold trained heads for inference, in float32.

    They take a tenth of the time of an encoder, and bfloat16 would change coordinates.

    Args:
        categories: categories of both heads, in the order of their outputs.
        classifier: weights of ``heads.CropClassifier`` by the names of its state.
        regressors: weights of ``heads.BoxRegressors`` by the names of its state.
        engine: engine that computes.
        where: name of the source of the weights, for messages.

    Raises:
        BadWeights: An array is missing, or its shape does not fit the others.
    """
    count = len(categories)
    first = _Trained(classifier, CLASSIFIER, where).layers("network", count)
    trained = _Trained(regressors, REGRESSORS, where)
    sides = [trained.layers(f"networks.{side}", 2 * count) for side in SIDES]
    weight = np.concatenate([one.reduce_weight for one in (first, *sides)])
    bias = np.concatenate([one.reduce_bias for one in (first, *sides)])
    reduction = Convolution(weight.shape[1], len(bias), 1)
    reduce_map = engine.compile(
        (reduction, Activation()),
        {"0.weight": weight, "0.bias": bias},
        reduction.inputs,
    )
    return FoldedHeads(
        tuple(categories),
        first.window,
        len(first.reduce_bias),
        reduce_map,
        _judge(first, engine),
        tuple(_judge(side, engine) for side in sides),
    )


@dataclass(frozen=True)
class _Layers:
    """The layers of one head, its reduction with the standardisation folded in."""

    reduce_weight: NDArray[np.float32]
    reduce_bias: NDArray[np.float32]
    judge_weight: NDArray[np.float32]
    judge_bias: NDArray[np.float32]
    output_weight: NDArray[np.float32]
    output_bias: NDArray[np.float32]

    @property
    def window(self) -> int:
        """Side of a window in cells."""
        return int(self.judge_weight.shape[-1])


@dataclass(frozen=True)
class _Trained:
    """The weights of a trained head by the names of its state, and their source."""

    arrays: Arrays
    name: str
    where: str

    def take(self, name: str, *shape: int) -> NDArray[np.float32]:
        """An array of this shape. Raises BadWeights."""
        return take_array(self.arrays, name, shape, self.where, f"{self.name}.")

    def layers(self, network: str, outputs: int) -> _Layers:
        """The layers of one network: W ((x - m) / s) + b = W / s x + (b - W / s m).

        Raises:
            BadWeights: An array is missing, or its shape does not fit the others.
        """
        reduced, channels, *_ = self._sizes(f"{network}.reduce.weight")
        hidden, *_, window = self._sizes(f"{network}.judge.weight")
        reduce, judge, output = (
            (
                self.take(f"{network}.{layer}.weight", *shape),
                self.take(f"{network}.{layer}.bias", shape[0]),
            )
            for layer, shape in (
                ("reduce", (reduced, channels, 1, 1)),
                ("judge", (hidden, reduced, window, window)),
                ("output", (outputs, hidden, 1, 1)),
            )
        )
        mean, spread = self.take("mean", channels), self.take("spread", channels)
        weight: NDArray[np.float32] = reduce[0] / spread[:, None, None]
        bias: NDArray[np.float32] = reduce[1] - weight[:, :, 0, 0] @ mean
        return _Layers(weight, bias, *judge, *output)

    def _sizes(self, name: str) -> tuple[int, ...]:
        """Sizes of the four axes of a convolution's weights. Raises BadWeights."""
        shape = self.arrays[name].shape if name in self.arrays else ()
        return shape if len(shape) == 4 else self.take(name, 1, 1, 1, 1).shape


def _judge(head: _Layers, engine: Engine) -> Run:
    """The layers of a head behind its reduction."""
    hidden, inputs, window, _ = head.judge_weight.shape
    outputs = len(head.output_bias)
    return engine.compile(
        (
            Convolution(inputs, hidden, window),
            Activation(),
            Convolution(hidden, outputs, 1),
        ),
        {
            "0.weight": head.judge_weight,
            "0.bias": head.judge_bias,
            "2.weight": head.output_weight,
            "2.bias": head.output_bias,
        },
        inputs,
    )


def _sigmoid(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    with np.errstate(over="ignore"):  # exp of 89 and more is infinite, and 1 / inf is 0
        return np.asarray(1 / (1 + np.exp(-logits)), dtype=np.float32)
