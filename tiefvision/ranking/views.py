"""Embedding views in blocks, so that memory is bounded by the block."""

import itertools
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from tiefvision.progress import Track, untracked
from tiefvision.ranking.garments import Embed, GarmentsOf
from tiefvision.records import View

BLOCK = 256
"""Views embedded at a time: 64 MB of maps of 256 channels by 11x11 cells."""


@torch.inference_mode()
def embed_views(
    views: Sequence[View], garments_of: GarmentsOf, embed: Embed, block: int = BLOCK
) -> NDArray[np.float32]:
    """Embeddings of at least one view, (N, D) float32 of unit length."""
    first = _embed_block(views[:block], garments_of, embed)
    if len(views) <= block:
        return first  # a copy would double the memory of whoever goes block by block
    rows = np.empty((len(views), first.shape[1]), dtype=np.float32)
    rows[:block] = first
    del first  # and no block has a name, so that one alone is in memory beside all
    for start in range(block, len(views), block):
        part = views[start : start + block]
        rows[start : start + block] = _embed_block(part, garments_of, embed)
    return rows


def _embed_block(
    views: Sequence[View], garments_of: GarmentsOf, embed: Embed
) -> NDArray[np.float32]:
    return embed(garments_of(views)).cpu().numpy().astype(np.float32, copy=False)


def similarity_rows(
    queries: Sequence[View],
    gallery: Sequence[View],
    garments_of: GarmentsOf,
    embed: Embed,
    block: int = BLOCK,
    track: Track = untracked,
    query_garments_of: GarmentsOf | None = None,
) -> Iterator[NDArray[np.float32]]:
    """Exact similarities to the whole gallery, of a block of queries at a time.

    Two blocks of embeddings, the garments that one of them is made of, and ``block``
    rows are in memory, 1 kB for each photograph of the gallery in blocks of 256.

    Args:
        queries: Q views.
        gallery: N views.
        garments_of: Reads the crops of views.
        embed: The ranker.
        block: Views embedded at a time.
        track: Shows progress, block by block of the gallery.
        query_garments_of: Reads those of queries, if they are not where the
            gallery's are.

    Yields:
        (<= block, N) float32 in [-1, 1], until all Q rows have come.
    """
    tops, lefts = range(0, len(queries), block), range(0, len(gallery), block)
    corners = itertools.product(tops, lefts)
    rows = table = np.empty((0, 0), dtype=np.float32)
    for top, left in track(corners, "comparing", len(tops) * len(lefts)):
        if left == 0:
            asking = queries[top : top + block]
            del rows  # so that those before are not in memory beside them
            rows = embed_views(asking, query_garments_of or garments_of, embed, block)
            table = np.empty((len(rows), len(gallery)), dtype=np.float32)
        columns = embed_views(gallery[left : left + block], garments_of, embed, block)
        table[:, left : left + block] = rows @ columns.T
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
    """All rows of ``similarity_rows`` in one table, (Q, N)."""
    table = np.empty((len(queries), len(gallery)), dtype=np.float32)
    done = 0
    for rows in similarity_rows(queries, gallery, garments_of, embed, block, track):
        table[done : done + len(rows)] = rows
        done += len(rows)
    return table
