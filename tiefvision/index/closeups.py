"""Close-ups: a query that shows a part of a garment is compared with its parts.

An index holds one embedding of each photograph and chooses a shortlist. Each row of it
is then as similar as the most similar of its photograph and of its close-ups. Source of
the highest similarity over regions: Razavian et al., "Visual instance retrieval with
deep convolutional networks", arXiv:1412.6574, section 3.2.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tiefvision.index.neighbours import Neighbours

CLOSEUP_SHORTLIST = 200
"""Rows whose close-ups are compared; three close-ups of 512 numbers are 0.6 MB."""

CloseupsOf = Callable[[NDArray[np.int64]], NDArray[np.float32]]
"""Function that reads rows: numbers of rows, (n,) int64, to the embeddings of their
close-ups, (n, P, D) float32 of unit length, or zeros for a row that is gone."""


def order_by_closeups(
    found: Neighbours,
    query: NDArray[np.float32],
    closeups_of: CloseupsOf,
    count: int,
) -> Neighbours:
    """Order rows by the highest similarity to their photograph and close-ups.

    Args:
        found: rows by their similarity to the photographs, (1, n).
        query: embedding of unit length, (1, D) float32.
        closeups_of: reads the close-ups of the first ``CLOSEUP_SHORTLIST`` rows.
        count: number of rows to return.

    Returns:
        At most ``count`` rows, (1, <= count); those of equal similarity are in the
        order of their numbers.
    """
    rows, similarities = found.rows[0], found.similarities[0].copy()
    if not len(rows):
        return found
    shortlist = slice(0, CLOSEUP_SHORTLIST)
    closest = (closeups_of(rows[shortlist]) @ query[0]).max(axis=1)
    similarities[shortlist] = np.maximum(similarities[shortlist], closest)
    order = np.lexsort((rows, -similarities))[:count]
    best = np.clip(similarities[order], -1.0, 1.0)
    return Neighbours(rows[order][None], best[None].astype(np.float32))
