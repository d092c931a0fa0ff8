"""Training of the label layer: multinomial logistic regression, with a temperature."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tiefvision.locating.labels import LabelLayer, box_features
from tiefvision.locating.windows import Level
from tiefvision.records import Garment

SHRINKAGE = 0.3
"""Weight of the squared weights in the loss, over standardised features and summed over
a set of photographs. It was chosen on the validation photographs of Clothing
Co-Parsing."""

STEPS = 200
"""Most steps of L-BFGS."""

TEMPERATURES = np.exp(np.linspace(-1.5, 1.5, 61))
"""Factors on the logits to choose from; 1 is among them."""


@dataclass(frozen=True, eq=False)
class LabelledBoxes:
    """Garments with known labels, as the label layer sees them.

    Attributes:
        features: what ``box_features`` gives, (N, F) float32.
        labels: label of each garment, N.
        groups: group of each garment, N.
    """

    features: NDArray[np.float32]
    labels: tuple[str, ...]
    groups: tuple[str, ...]


def gather_boxes(
    pairs: Iterable[tuple[Sequence[Garment], Sequence[Level]]],
) -> LabelledBoxes:
    """The labelled garments among those of photographs, each with its levels."""
    known = [
        (box_features(levels, garment.box_in_image), garment)
        for garments, levels in pairs
        for garment in garments
        if garment.label
    ]
    return LabelledBoxes(
        np.stack([features for features, _ in known])
        if known
        else np.empty((0, 0), dtype=np.float32),
        tuple(garment.label for _, garment in known),
        tuple(garment.category for _, garment in known),
    )


def fit_labels(training: LabelledBoxes, validation: LabelledBoxes) -> LabelLayer | None:
    """Learn the label layer; validation chooses its temperature.

    Args:
        training: garments to learn from.
        validation: garments that no weights are learnt from; may be none.

    Returns:
        The layer; None if there are fewer than two labels to tell apart.
    """
    group_of = dict(zip(training.labels, training.groups, strict=True))
    labels = tuple(sorted(group_of))
    if len(labels) < 2:
        return None
    mean = training.features.mean(axis=0)
    spread = training.features.std(axis=0) + 1e-6
    numbers = np.array([labels.index(label) for label in training.labels])
    weight, bias = _regress((training.features - mean) / spread, numbers, len(labels))
    weight = weight / spread
    layer = LabelLayer(
        labels,
        tuple(group_of[label] for label in labels),
        weight.astype(np.float32),
        (bias - weight @ mean).astype(np.float32),
    )
    factor = _temperature(layer, validation)
    return LabelLayer(
        layer.labels, layer.groups, layer.weight * factor, layer.bias * factor
    )


def _regress(
    features: NDArray[np.float32], numbers: NDArray[np.int64], count: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Weights, (count, F), and biases, (count,), of the least penalised loss."""
    from scipy.optimize import minimize

    rows, length = features.shape
    inputs = features.astype(np.float64)
    wanted = np.eye(count)[numbers]

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weight, bias = flat[: count * length].reshape(count, length), flat[-count:]
        logits = inputs @ weight.T + bias
        logits -= logits.max(axis=1, keepdims=True)
        logs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
        slope = (np.exp(logs) - wanted) / rows
        penalty = SHRINKAGE * float((weight**2).sum()) / 2
        value = -float((logs * wanted).sum()) / rows + penalty
        by_weight = slope.T @ inputs + SHRINKAGE * weight
        return value, np.concatenate([by_weight.ravel(), slope.sum(axis=0)])

    start = np.zeros(count * (length + 1))
    fitted = minimize(
        loss, start, jac=True, method="L-BFGS-B", options={"maxiter": STEPS}
    ).x
    return fitted[: count * length].reshape(count, length), fitted[-count:]


def _temperature(layer: LabelLayer, validation: LabelledBoxes) -> np.float32:
    """The factor on the logits that makes the labels of validation most likely.

    Only shares within the group count, as in ``LabelLayer.name``.
    """
    known = [
        (row, layer.labels.index(label), group)
        for row, (label, group) in enumerate(
            zip(validation.labels, validation.groups, strict=True)
        )
        if label in layer.labels and group in layer.groups
    ]
    if not known:
        return np.float32(1.0)
    rows, numbers, groups = (list(part) for part in zip(*known, strict=True))
    logits = validation.features[rows] @ layer.weight.T + layer.bias
    own = np.array([[of == group for of in layer.groups] for group in groups])

    def likelihood(factor: float) -> float:
        scaled = np.where(own, logits * factor, -np.inf)
        scaled -= scaled.max(axis=1, keepdims=True)
        shares = np.exp(scaled)
        right = shares[np.arange(len(rows)), numbers] / shares.sum(axis=1)
        return float(np.log(np.maximum(right, 1e-12)).mean())

    return np.float32(max(TEMPERATURES, key=likelihood))
