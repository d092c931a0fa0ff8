"""Embeddings and similarities of views, block by block to bound the memory."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tiefvision.progress import Track, untracked
from tiefvision.ranking.garments import Embed, GarmentsOf
from tiefvision.records import View

BLOCK = 256
"""Number of views embedded at a time: 64 MB of maps of 256 channels, 11x11 cells."""


def embed_views(
    views: Sequence[View],
    garments_of: GarmentsOf,
    embed: Embed,
    block: int = BLOCK,
    track: Track = untracked,
) -> NDArray[np.float32]:
    """Embed views block by block.

    Args:
        views: N views, at least one.
        garments_of: reader of the crops of views.
        embed: ranker.
        block: number of views embedded at a time.
        track: shows progress.

    Returns:
        Embeddings of unit length, (N, D) float32.
    """
    first = embed(garments_of(views[:block]))
    if len(views) <= block:
        return first  # not a copy, which would double the memory of a single block
    rows = np.empty((len(views), first.shape[1]), dtype=np.float32)
    rows[:block] = first
    del first  # so that only one block at a time is in memory beside ``rows``
    starts = range(block, len(views), block)
    for start in track(starts, "embedding", len(starts)):
        part = views[start : start + block]
        rows[start : start + block] = embed(garments_of(part))
    return rows


def similarity_rows(
    queries: Sequence[View],
    gallery: Sequence[View],
    garments_of: GarmentsOf,
    embed: Embed,
    block: int = BLOCK,
    track: Track = untracked,
    query_garments_of: GarmentsOf | None = None,
    closeups: int = 0,
) -> Iterator[NDArray[np.float32]]:
    """Exact similarities of queries to the whole gallery, a block of queries at a time.

    Memory holds two blocks of embeddings, the garments of one of them, and the
    similarities of a block of queries: 1 kB for each photograph of the gallery in
    blocks of 256.

    Args:
        queries: Q views.
        gallery: N views.
        garments_of: reader of the crops of views.
        embed: ranker.
        block: number of views embedded at a time.
        track: shows progress, block by block of the gallery.
        query_garments_of: reader of the crops of queries, if another one than that of
            the gallery; None for ``garments_of``.
        closeups: number of close-ups of each photograph of the gallery; a similarity is
            the highest of those to the photograph and to its close-ups.

    Yields:
        Cosines in [-1, 1] of the next queries, (<= block, N) float32; Q rows in total.
    """
    tops, lefts = range(0, len(queries), block), range(0, len(gallery), block)
    corners = itertools.product(tops, lefts)
    rows = table = np.empty((0, 0), dtype=np.float32)
    for top, left in track(corners, "comparing", len(tops) * len(lefts)):
        if left == 0:
            asking = queries[top : top + block]
            del rows  # so that the previous block is not in memory beside the next
            rows = embed_views(asking, query_garments_of or garments_of, embed, block)
            table = np.empty((len(rows), len(gallery)), dtype=np.float32)
        part, place = gallery[left : left + block], slice(left, left + block)
        table[:, place] = rows @ embed_views(part, garments_of, embed, block).T
        for number in range(1, closeups + 1):
            views = [replace(view, closeup=number) for view in part]
            columns = embed_views(views, garments_of, embed, block)
            np.maximum(table[:, place], rows @ columns.T, out=table[:, place])
            del columns
        if left == lefts[-1]:
            yield np.clip(table, -1.0, 1.0, out=table)


def similarity_table(
    queries: Sequence[View],
    gallery: Sequence[View],
    garments_of: GarmentsOf,
    embed: Embed,
    block: int = BLOCK,
    track: Track = untracked,
) -> NDArray[np.float32]:
    """All rows of ``similarity_rows``, as one array: (Q, N) float32."""
    table = np.empty((len(queries), len(gallery)), dtype=np.float32)
    done = 0
    for rows in similarity_rows(queries, gallery, garments_of, embed, block, track):
        table[done : done + len(rows)] = rows
        done += len(rows)
    return table
