"""The nearest items of every item, where an item has one or several rows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tiefvision.index.hnsw import build_index

EXACT_ROWS = 200_000
"""Rows up to which all are compared with all. With 512 numbers a row, 20,000 rows take
10 s of a processor and 60,000 108 s; by a graph of NMSLIB's wheel 20,000 take 110 s and
40,000 282 s. Continued by N squared and by N log N, the two meet at about 280,000."""

BLOCK_NUMBERS = 1 << 23
"""Similarities held at a time: 32 MiB, and many times as much where all are equal."""

BLOCK_ITEMS = 1024
"""Items searched in a graph at a time."""

PAIRS = 1 << 13
"""Pairs of rows compared one by one at a time."""

PART = 64
"""Items whose largest similarity bounds which ones can be among the nearest."""

ROWS_OF_AN_ITEM = 4
"""Rows asked of a graph for each item wanted."""

NONE = -1
"""Row where an item has fewer neighbours than were wanted."""

Numbers = NDArray[np.int64]
Similarities = NDArray[np.float32]


@dataclass(frozen=True)
class ItemNeighbours:
    """The nearest items of M items, by the closest pair of rows of two.

    Attributes:
        rows: the item's own row of each pair, (M, k) int64; ``NONE`` where there are
            fewer than k other items.
        neighbours: the neighbour's row of each pair, (M, k) int64; ``NONE`` likewise.
        similarities: cosines, the largest first, (M, k) float32; NaN likewise.
    """

    rows: Numbers
    neighbours: Numbers
    similarities: Similarities


def nearest_items(
    vectors: NDArray[np.float32],
    items: Sequence[str],
    k: int,
    exact_rows: int = EXACT_ROWS,
) -> ItemNeighbours:
    """Find the k nearest other items of every item.

    Items of equal similarity are in the order of their rows.

    Args:
        vectors: embeddings of unit length, (N, D) float32.
        items: item of each row, (N,); the rows of an item follow one another.
        k: number of items.
        exact_rows: rows up to which all are compared with all. In a larger gallery
            candidates come from an HNSW graph, whose recall is not quite 1.

    Returns:
        The items in the order of their rows.
    """
    new = [n for n, item in enumerate(items) if n == 0 or item != items[n - 1]]
    starts = np.array([*new, len(items)], np.int64)
    count = len(new)
    found = ItemNeighbours(
        np.full((count, k), NONE, np.int64),
        np.full((count, k), NONE, np.int64),
        np.full((count, k), np.nan, np.float32),
    )
    least = min(k, count - 1)
    if least <= 0:
        return found
    left = np.arange(count)
    if len(items) > exact_rows:
        left = _search(vectors, starts, least, found)
    if len(left):
        _compare(vectors, starts, least, left, found)
    return found


def _compare(
    vectors: NDArray[np.float32],
    starts: Numbers,
    k: int,
    chosen: Numbers,
    found: ItemNeighbours,
) -> None:
    """Fill in the neighbours of the chosen items by comparing them with all rows.

    The first rows of all items are one matrix, their second rows the next, and so on.
    The items with most rows stand first, so that each matrix belongs to the first
    columns of the one before, and the maximum over an item's rows needs no gathering.

    Args:
        vectors: embeddings of unit length, (N, D) float32.
        starts: first row of each item, and N, (M + 1,).
        k: number of items, less than M.
        chosen: numbers of items.
        found: what is filled in.
    """
    columns = _by_rows(starts, np.arange(len(starts) - 1))  # item of each column
    column_of = np.argsort(columns)
    first, *further = [vectors[rows] for rows in _layers(starts, columns)]
    chosen = _by_rows(starts, chosen)
    for block in _blocks(starts, chosen, max(1, BLOCK_NUMBERS // len(vectors))):
        layers = _layers(starts, block)
        own = vectors[np.concatenate(layers)]
        closest = own @ first.T  # (B, M)
        for layer in further:
            part = closest[:, : len(layer)]
            np.maximum(part, own @ layer.T, out=part)
        best, rest = closest[: len(block)], closest[len(block) :]  # (m, M)
        for count in map(len, layers[1:]):
            np.maximum(best[:count], rest[:count], out=best[:count])
            rest = rest[count:]
        numbers = np.arange(len(block))
        best[numbers, column_of[block]] = -2  # itself, below every cosine
        at = _largest(best, k, columns)  # (m, k)
        similarities = np.take_along_axis(best, at, axis=1)
        found.similarities[block, :k] = np.clip(similarities, -1, 1)
        pairs = _closest_rows(vectors, starts, np.repeat(block, k), columns[at].ravel())
        found.rows[block, :k], found.neighbours[block, :k] = pairs.reshape(2, -1, k)


def _by_rows(starts: Numbers, chosen: Numbers) -> Numbers:
    """The chosen items, those with most rows first."""
    counts = starts[chosen + 1] - starts[chosen]
    return chosen[np.argsort(-counts, kind="stable")]


def _layers(starts: Numbers, chosen: Numbers) -> list[Numbers]:
    """The first rows of the chosen items, then the second rows of those that have one.

    Args:
        starts: first row of each item, and N, (M + 1,).
        chosen: items, those with most rows first.
    """
    counts = starts[chosen + 1] - starts[chosen]
    return [
        starts[chosen[: np.count_nonzero(counts > number)]] + number
        for number in range(counts[0])
    ]


def _largest(values: Similarities, k: int, order: Numbers) -> Numbers:
    """Columns of the k largest values of each row, (m, M) -> (m, k).

    The k-th largest of the maxima of parts is not above the k-th largest value, so that
    few values have to be sorted.

    Args:
        values: values.
        k: number of columns, M at most.
        order: place of each column among those of equal value, (M,).
    """
    count, width = values.shape
    part = max(1, min(PART, width // (4 * k)))
    whole = width // part * part
    maxima = values[:, :whole].reshape(count, -1, part).max(axis=2)
    bound = np.partition(maxima, -k, axis=1)[:, -k]  # (m,)
    rows, columns = np.divmod(np.flatnonzero(values >= bound[:, None]), width)
    sorting = np.lexsort((order[columns], -values[rows, columns], rows))
    first = np.searchsorted(rows, np.arange(count))  # sorting leaves rows in place
    largest: Numbers = columns[sorting[first[:, None] + np.arange(k)]]
    return largest


def _closest_rows(
    vectors: NDArray[np.float32], starts: Numbers, own: Numbers, other: Numbers
) -> Numbers:
    """The closest pair of rows of each pair of items, (2, P).

    Args:
        vectors: embeddings of unit length, (N, D) float32.
        starts: first row of each item, and N, (M + 1,).
        own: one item of each pair, (P,).
        other: the other item, (P,).
    """
    widths = starts[other + 1] - starts[other]
    counts = (starts[own + 1] - starts[own]) * widths  # pairs of rows
    if (counts == 1).all():
        return np.stack([starts[own], starts[other]])
    begin = np.cumsum(counts) - counts
    pair = np.repeat(np.arange(len(counts)), counts)
    within = np.arange(len(pair)) - begin[pair]
    ends = np.stack(np.divmod(within, widths[pair]))
    ends += starts[np.stack([own, other])[:, pair]]
    values = np.empty(len(pair), np.float32)
    for start in range(0, len(pair), PAIRS):
        one, two = vectors[ends[:, start : start + PAIRS]]
        np.einsum("pd,pd->p", one, two, out=values[start : start + PAIRS])
    largest = np.flatnonzero(values == np.maximum.reduceat(values, begin)[pair])
    _, position = np.unique(pair[largest], return_index=True)
    return ends[:, largest[position]]


def _search(
    vectors: NDArray[np.float32], starts: Numbers, k: int, found: ItemNeighbours
) -> Numbers:
    """Fill in the neighbours of all items by a graph of the rows.

    Returns:
        The items for which the graph yields fewer than k neighbours.
    """
    index = build_index(vectors)
    items = np.repeat(np.arange(len(starts) - 1), np.diff(starts))  # of each row
    left = []
    for block in _blocks(starts, np.arange(len(starts) - 1), BLOCK_ITEMS):
        rows = np.concatenate([np.arange(*starts[[n, n + 1]]) for n in block])
        near = index.search(vectors[rows], (k + 1) * ROWS_OF_AN_ITEM)
        own = np.repeat(rows, near.rows.shape[1])
        other, similarity = near.rows.ravel(), near.similarities.ravel()
        # Of each pair of items the closest pair of rows, then of each item the first k.
        order = np.lexsort((other, -similarity, items[own]))
        order = order[items[own[order]] != items[other[order]]]
        pairs = np.stack([items[own[order]], items[other[order]]], axis=1)
        order = order[np.sort(np.unique(pairs, axis=0, return_index=True)[1])]
        owners = items[own[order]]
        begin = np.searchsorted(owners, block)
        enough = np.searchsorted(owners, block, side="right") - begin >= k
        left.append(block[~enough])
        chosen = order[begin[enough, None] + np.arange(k)]
        found.rows[block[enough], :k] = own[chosen]
        found.neighbours[block[enough], :k] = other[chosen]
        found.similarities[block[enough], :k] = similarity[chosen]
    return np.concatenate(left)


def _blocks(starts: Numbers, chosen: Numbers, most_rows: int) -> Iterator[Numbers]:
    """The chosen items in pieces of about ``most_rows`` rows, one item at least."""
    ends = np.cumsum(starts[chosen + 1] - starts[chosen])
    begin = 0
    while begin < len(chosen):
        done = ends[begin - 1] if begin else 0
        end = int(np.searchsorted(ends, done + most_rows, side="right"))
        end = max(end, begin + 1)
        yield chosen[begin:end]
        begin = end
