"""The label layer: what a located garment is called, and whether its group is right.

A linear layer over the cells in a garment's box, pooled to four bands, gives every
label of the training photographs a share. The shares of a group's labels say how much
the garment looks like its group; among themselves they choose the label. The maps are
those that the garment was located with, so that a label costs no further encoding.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiefvision.engines.folding import Arrays, take_array
from tiefvision.locating.windows import Level, box_in_cells, cells_in_box
from tiefvision.records import Box, Garment

BANDS = 4
"""Bands of rows to which the cells in a box are pooled, from collar to hem."""

LEAST_LABEL = 0.5
"""Least probability of a label that is told."""

GROUP_POWER = 0.5
"""Exponent of P(group) in the score of a located garment. It was chosen on the
validation photographs of Clothing Co-Parsing (docs/experiments/0012-garments.md)."""


@dataclass(frozen=True, eq=False)
class LabelLayer:
    """The label layer of a locator.

    Attributes:
        labels: names of the L labels.
        groups: group of each label, L.
        weight: weights over what ``box_features`` gives, (L, F) float32.
        bias: biases, (L,) float32.
    """

    labels: tuple[str, ...]
    groups: tuple[str, ...]
    weight: NDArray[np.float32]
    bias: NDArray[np.float32]

    def details(self) -> dict[str, Any]:
        """Labels and groups, for a header."""
        return {"labels": list(self.labels), "groups": list(self.groups)}

    def arrays(self) -> dict[str, NDArray[np.float32]]:
        """Weights and biases by name."""
        return {"weight": self.weight, "bias": self.bias}

    def probabilities(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """P(label) for features of (..., F): (..., L); the shares sum to 1."""
        logits = (features @ self.weight.T + self.bias).astype(np.float64)
        shares: NDArray[np.float64] = np.exp(
            logits - logits.max(axis=-1, keepdims=True)
        )
        shares /= shares.sum(axis=-1, keepdims=True)
        return shares

    def name(
        self, garments: Sequence[Garment], levels: Sequence[Level]
    ) -> tuple[Garment, ...]:
        """Give garments a label and a score that counts their group in.

        Args:
            garments: located garments with raw scores; those of a group that the layer
                does not know, such as outfits, stay as they are.
            levels: maps of the photograph, one per size.

        Returns:
            The garments, the highest score first.
        """
        named = [self._name(garment, levels) for garment in garments]
        return tuple(sorted(named, key=lambda garment: -garment.score))

    def _name(self, garment: Garment, levels: Sequence[Level]) -> Garment:
        own = np.array([group == garment.category for group in self.groups])
        if not own.any():
            return garment
        shares = self.probabilities(box_features(levels, garment.box_in_image)) * own
        of_group = float(shares.sum())
        best = int(shares.argmax())
        return replace(
            garment,
            score=garment.score * of_group**GROUP_POWER,
            label=self.labels[best],
            label_score=float(shares[best]) / of_group if of_group else 0.0,
        )


def restore_labels(
    details: Mapping[str, Any] | None, arrays: Arrays, channels: int, where: str
) -> LabelLayer | None:
    """The label layer from what ``details`` and ``arrays`` of it gave.

    Args:
        details: labels and groups; None if the locator has no label layer.
        arrays: weights and biases by name.
        channels: channels C of the locator's maps.
        where: name of the source, for messages.

    Raises:
        BadWeights: An array is missing or does not fit labels and maps.
    """
    if details is None:
        return None
    labels, groups = tuple(details["labels"]), tuple(details["groups"])
    shapes = {"weight": (len(labels), BANDS * channels), "bias": (len(labels),)}
    taken = {
        name: take_array(arrays, name, shape, where, "labels.")
        for name, shape in shapes.items()
    }
    return LabelLayer(labels, groups, taken["weight"], taken["bias"])


def tell_label(garment: Garment) -> Garment:
    """Leave out a label that is less probable than ``LEAST_LABEL``, or is the group."""
    sure = (garment.label_score or 0.0) >= LEAST_LABEL
    if sure and garment.label != garment.category:
        return garment
    return replace(garment, label="", label_score=None)


def box_features(levels: Sequence[Level], box_in_image: Box) -> NDArray[np.float32]:
    """Pool the cells in a box.

    The cells are those of the level at which the longer side of the box comes closest
    to the window, whose size the encoder was trained with.

    Args:
        levels: maps of the photograph, one per size.
        box_in_image: box in pixels of the photograph.

    Returns:
        Means of cells of unit length over ``BANDS`` bands of rows, (BANDS * C,)
        float32.
    """
    level = min(levels, key=lambda one: _misfit(one, box_in_image))
    cells = cells_in_box(level, box_in_image, rows=BANDS)
    bands = np.array_split(cells, BANDS, axis=1)
    means = [band.mean(axis=(1, 2)) for band in bands if band.shape[1]]
    means += [means[-1]] * (BANDS - len(means))  # a map of fewer rows than bands
    return np.concatenate(means)


def _misfit(level: Level, box: Box) -> float:
    """How far the longer side of a box is from the window, as a log-ratio."""
    x0, y0, x1, y1 = box_in_cells(level, box)
    return abs(float(np.log(max(x1 - x0, y1 - y0, 1e-9) / level.window)))
