"""Losses of the published networks, triplet by triplet, over shared embeddings.

The published systems differ in distance, margin and reduction, and the reductions
differ in more than a factor: with "hinge_of_mean" easy triplets cancel hard ones.
Distances are taken from differences, not from dot products, and every root has a
finite gradient, so that two equal embeddings give no NaN.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Literal, get_args

import torch
from torch import Tensor
from torch.nn import functional

from tiefvision.errors import BadUsage, require_known
from tiefvision.triplets.angles import TINY, triplet_angles

Reduction = Literal["mean", "sum", "hinge_of_mean"]
"""How the losses of a batch become one number. "mean": mean of the hinges. "sum": their
sum, as in VisNet's Caffe layer. "hinge_of_mean": the hinge of the mean of margin +
D(q, p) - D(q, n), as in MILDNet's code."""

REDUCTIONS: tuple[Reduction, ...] = get_args(Reduction)

Gaps = Callable[[Tensor, Tensor, float], Tensor]
"""(embeddings (V, D), rows (T, 3), margin) -> values of the triplets, (T,)."""


def squared_distances(embeddings: Tensor, rows: Tensor) -> Tensor:
    """Squared Euclidean distances within each triplet.

    Args:
        embeddings: embeddings of the views, (V, D).
        rows: rows of anchor, positive and negative in ``embeddings``, (T, 3) int64.

    Returns:
        Distances at least 0, (T, 3): anchor to positive, anchor to negative, positive
        to negative.

    >>> points = torch.tensor([[0.0, 0.0], [3.0, 4.0], [0.0, 2.0]])
    >>> squared_distances(points, torch.tensor([[0, 1, 2]])).tolist()
    [[25.0, 4.0, 13.0]]
    """
    anchors, positives, negatives = embeddings[rows.T]
    pairs = ((anchors, positives), (anchors, negatives), (positives, negatives))
    return torch.stack([(a - b).square().sum(dim=1) for a, b in pairs], dim=1)


def euclidean_distances(embeddings: Tensor, rows: Tensor) -> Tensor:
    """Euclidean distances within each triplet, (T, 3), as ``squared_distances``.

    At least 1e-6; the gradient at two equal embeddings is 0.
    """
    return (squared_distances(embeddings, rows) + TINY).sqrt()


def hinge(distances: Tensor, margin: float) -> Tensor:
    """The triplet loss max(0, margin + D(q, p) - D(q, n)).

    The hinge is applied to each triplet before any mean, so that easy triplets do not
    offset hard ones. Source: Wang et al., arXiv:1404.4661, equation 3.

    Args:
        distances: distances of any kind from the anchor to the positive and to the
            negative, (T, 2) or more columns.
        margin: by how much the positive must be closer, in the unit of the distances.

    Returns:
        Loss of each triplet, at least 0, (T,).

    >>> hinge(torch.tensor([[90.0, 180.0], [10.0, 120.0]]), margin=100.0).tolist()
    [10.0, 0.0]
    """
    return gap(distances, margin).clamp_min(0.0)


def gap(distances: Tensor, margin: float) -> Tensor:
    """What the hinge clips: margin + D(q, p) - D(q, n), of any sign, (T,)."""
    return margin + distances[:, 0] - distances[:, 1]


def contrastive(distances: Tensor, margin: float) -> Tensor:
    """The contrastive loss of both pairs, (D(q, p)^2 + max(0, margin - D(q, n))^2) / 2.

    Source: Hadsell, Chopra and LeCun, CVPR 2006, equation 4, as MILDNet applies it to
    triplets. MILDNet's text says the opposite of its formula: a negative costs
    something where it is nearer than the margin, not where it is farther.

    Args:
        distances: Euclidean distances, (T, 2) or more columns, as for ``hinge``.
        margin: distance from which a negative costs nothing.

    >>> contrastive(torch.tensor([[2.0, 0.5], [0.0, 3.0]]), margin=1.0).tolist()
    [2.125, 0.0]
    """
    farther = (margin - distances[:, 1]).clamp_min(0.0)
    return (distances[:, 0].square() + farther.square()) / 2


def soft_pn(distances: Tensor) -> Tensor:
    """The SoftPN loss, which needs no margin.

    With d the smaller distance of the negative to anchor and positive, and s = e^D(q,
    p) / (e^D(q, p) + e^d), the loss is s^2 + (1 - s - 1)^2 = 2 s^2. Source: Balntas et
    al., PN-Net, arXiv:1601.05030.

    Args:
        distances: Euclidean distances, (T, 3), as ``euclidean_distances`` gives them.

    >>> soft_pn(torch.tensor([[1.0, 1.0, 2.0]])).tolist()
    [0.5]
    """
    nearest = torch.minimum(distances[:, 1], distances[:, 2])
    return 2 * (distances[:, 0] - nearest).sigmoid().square()


def _euclidean_gap(embeddings: Tensor, rows: Tensor, margin: float) -> Tensor:
    return gap(euclidean_distances(embeddings, rows), margin)


def _squared_gap(embeddings: Tensor, rows: Tensor, margin: float) -> Tensor:
    return gap(squared_distances(embeddings, rows), margin)


def _angle_gap(embeddings: Tensor, rows: Tensor, margin: float) -> Tensor:
    return gap(triplet_angles(functional.normalize(embeddings, dim=1), rows), margin)


def _contrastive(embeddings: Tensor, rows: Tensor, margin: float) -> Tensor:
    return contrastive(euclidean_distances(embeddings, rows), margin)


def _soft_pn(embeddings: Tensor, rows: Tensor, margin: float) -> Tensor:
    return soft_pn(euclidean_distances(embeddings, rows))


HINGES: Mapping[str, Gaps] = MappingProxyType(
    {
        "hinge": _euclidean_gap,
        "squared_hinge": _squared_gap,
        "angle_hinge": _angle_gap,
    }
)
"""Hinges by the name of the loss: on Euclidean distance, on its square, and on the
angle in degrees."""

LOSSES: Mapping[str, Gaps] = MappingProxyType(
    {**HINGES, "contrastive": _contrastive, "softpn": _soft_pn}
)
"""All losses by name; the values of hinges are not clipped."""


def require_loss(name: str, reduction: str) -> None:
    """Refuse a loss and a reduction that do not exist, or not together.

    Raises:
        BadUsage: One is unknown, or the hinge of a mean is asked of a loss without one.
    """
    require_known("--loss", name, LOSSES)
    require_known("--reduction", reduction, REDUCTIONS)
    if reduction == "hinge_of_mean" and name not in HINGES:
        raise BadUsage(
            f"The loss {name} has no hinge that a mean could be put into.",
            f"Use --reduction mean or sum, or --loss {', '.join(HINGES)}.",
        )


def triplet_losses(
    name: str, embeddings: Tensor, rows: Tensor, margin: float, *, clip: bool = True
) -> Tensor:
    """The loss of each triplet.

    Args:
        name: name of the loss, one of ``LOSSES``.
        embeddings: embeddings of the views, of any length, (V, D).
        rows: rows of anchor, positive and negative in ``embeddings``, (T, 3) int64.
        margin: margin in the unit of the distance; without effect on losses
            of ``recipes.WITHOUT_MARGIN``.
        clip: whether a hinge is at least 0; not for "hinge_of_mean".

    Returns:
        Losses, (T,) float32.
    """
    values = LOSSES[name](embeddings.float(), rows, margin)
    return values.clamp_min(0.0) if clip else values


def reduced(losses: Tensor, reduction: str, triplets: int) -> Tensor:
    """The loss of a part of a batch, whose mean over equal parts is that of the batch.

    The hinge of "hinge_of_mean" is left to the one who knows the mean over all parts.

    Args:
        losses: losses of the triplets of the part, at least one, (T,).
        reduction: one of ``REDUCTIONS``.
        triplets: number of triplets of the whole batch.

    >>> [reduced(torch.tensor([1.0, 3.0]), how, 8).item() for how in REDUCTIONS]
    [2.0, 16.0, 2.0]
    """
    return losses.mean() * (triplets if reduction == "sum" else 1)
