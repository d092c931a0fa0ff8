"""From the score that the votes give to the share of such boxes that are right.

The map is learnt by isotonic regression: it can bend a score but not reorder boxes.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

LEAST_BOXES = 50
"""Boxes of a block: the share of right ones is then known to 0.07 (standard error)."""

RAW_SHARE = 0.01
"""Of the raw score in the calibrated one: it keeps boxes in order where the blocks say
that all are alike, and moves no score by more than this."""


@dataclass(frozen=True)
class Calibration:
    """A rising line through knots; the one that nobody chose changes nothing.

    Attributes:
        scores: (K,) raw scores in [0, 1], each larger than the one before it, K >= 1.
        shares: (K,) of right boxes in [0, 1] at each, never smaller than before it.
    """

    scores: tuple[float, ...] = (0.0, 1.0)
    shares: tuple[float, ...] = (0.0, 1.0)

    def __post_init__(self) -> None:
        knots = np.array([self.scores, self.shares], dtype=np.float64)
        if not (
            knots.size
            and ((knots >= 0) & (knots <= 1)).all()
            and (np.diff(knots[0]) > 0).all()
            and (np.diff(knots[1]) >= 0).all()
        ):
            raise ValueError("The knots of a calibration must rise within [0, 1].")

    def apply(self, scores: ArrayLike) -> NDArray[np.float64]:
        """Calibrated scores: linear between the knots, level beyond them.

        Args:
            scores: Raw, of any shape, in [0, 1].

        Returns:
            Of the same shape; a larger raw score never gives a smaller one.

        >>> Calibration((0.0, 0.5, 1.0), (0.0, 0.9, 1.0)).apply([0.25, 0.5]).tolist()
        [0.45, 0.9]
        """
        raw = np.asarray(scores, dtype=np.float64)
        above = np.searchsorted(self.scores, raw, side="right")
        ceiling = np.array(self.shares)[np.minimum(above, len(self.shares) - 1)]
        # Just below a knot rounding may lift the line over it, and break the order.
        return np.asarray(np.minimum(np.interp(raw, self.scores, self.shares), ceiling))


def fit_calibration(
    scores: NDArray[np.float64], hits: NDArray[np.bool_], least: int = LEAST_BOXES
) -> Calibration:
    """Learn how often boxes of each score are right.

    Boxes are put in order and in blocks of at least ``least``. A block has Laplace's
    share of right boxes, (right + 1) / (boxes + 2), which is never 0 or 1. Blocks that
    would fall are pooled (Ayer et al. 1955; Zadrozny & Elkan, KDD 2002). Each that
    remains is a knot at its mean score.

    Args:
        scores: (N,) raw, in [0, 1].
        hits: (N,) whether each box is right.
        least: Boxes of a block; with fewer in all, nothing is learnt.
    """
    order = np.argsort(scores, kind="stable")
    ranked = np.asarray(scores, dtype=np.float64)[order]
    right = np.concatenate([[0], np.cumsum(np.asarray(hits)[order])])  # (N + 1,)

    def share(start: int, stop: int) -> float:
        return float((right[stop] - right[start] + 1) / (stop - start + 2))

    blocks: list[tuple[int, int]] = []
    for start, stop in pairwise(_edges(ranked, least)):
        first = start
        while blocks and share(*blocks[-1]) >= share(first, stop):
            first, _ = blocks.pop()
        blocks.append((first, stop))
    if not blocks:
        return Calibration()
    return _through(
        [_centre(ranked[start:stop]) for start, stop in blocks],
        [share(start, stop) for start, stop in blocks],
    )


def _edges(ranked: NDArray[np.float64], least: int) -> list[int]:
    """Where blocks of rising scores begin and end; one edge alone if there is none.

    Equal scores stay together. Too few at the end join the block before them.
    """
    ends = np.flatnonzero(np.diff(ranked, append=np.inf)) + 1
    edges = [0]
    for end in ends.tolist():
        if end - edges[-1] >= least:
            edges.append(end)
    return [*edges[:-1], len(ranked)] if len(edges) > 1 else edges


def _centre(ranked: NDArray[np.float64]) -> float:
    """The mean; not outside of the block, where rounding could put it."""
    return float(np.clip(ranked.mean(), ranked[0], ranked[-1]))


def _through(scores: list[float], shares: list[float]) -> Calibration:
    """A line through these knots, level beyond them but for the raw score's part."""
    ends = {0.0: shares[0], 1.0: shares[-1]}  # unless a block lies there
    knots = sorted({**ends, **dict(zip(scores, shares, strict=True))}.items())
    mixed = [(1 - RAW_SHARE) * share + RAW_SHARE * score for score, share in knots]
    return Calibration(tuple(score for score, _ in knots), tuple(mixed))
