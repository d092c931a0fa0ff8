"""Exact search over shards: rows are scattered, each shard answers, answers are merged.

The merged answer is that of one index, bit for bit: a product of matrices is the same
for the same blocks of rows, so shards are cut where blocks of the exact search begin.
"""

from collections.abc import Sequence

import numpy as np

from tiefvision.index.neighbours import BLOCK, Neighbours


def shard_bounds(rows: int, shards: int) -> list[tuple[int, int]]:
    """First row and end of each shard, in the order of the rows.

    Args:
        rows: number of rows.
        shards: number of shards wanted. There are fewer where a shard would get no
            block of its own; at least one.
    """
    blocks = max(1, -(-rows // BLOCK))
    count = max(1, min(shards, blocks))
    starts = [BLOCK * (blocks * number // count) for number in range(count)]
    return list(zip(starts, [*starts[1:], rows], strict=True))


def merge_neighbours(found: Sequence[Neighbours], k: int) -> Neighbours:
    """The nearest rows of several answers to the same queries.

    For shards cut by ``shard_bounds``, and k up to ``BLOCK``, this is what
    ``search_exactly`` finds among all rows.

    Args:
        found: answers of at least one shard, (Q, n) each, no row in two of them. Rows
            are numbered as in the whole; a shard that holds fewer than k gives all.
        k: number of rows wanted.

    Returns:
        (Q, m) with m the smaller of k and the number of rows; rows of equal similarity
        are in the order of their numbers.
    """
    rows = np.concatenate([part.rows for part in found], axis=1)
    similarities = np.concatenate([part.similarities for part in found], axis=1)
    order = np.lexsort((rows, -similarities), axis=1)[:, :k]
    return Neighbours(
        np.take_along_axis(rows, order, axis=1),
        np.take_along_axis(similarities, order, axis=1),
    )
