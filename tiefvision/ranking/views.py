"""Embedding views in blocks, so that memory is bounded by the block."""

import itertools
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tiefvision.progress import Track, untracked
from tiefvision.ranking.garments import Embed, Garments, GarmentsOf
from tiefvision.ranking.similarity import flatten_cells
from tiefvision.ranking.triplets import View

BLOCK = 256
"""Views embedded at a time: 64 MB of maps of 256 channels by 11x11 cells."""


class CosineRanker(nn.Module):
    """The unsupervised baseline: maps as they are (TiefVision's slides, step 5)."""

    def forward(self, garments: Garments) -> Tensor:
        """Maps of (B, C, h, w) to (B, C * h * w) of unit length."""
        return flatten_cells(garments.maps)


@torch.inference_mode()
def embed_views(
    views: Sequence[View], garments_of: GarmentsOf, embed: Embed, block: int = BLOCK
) -> NDArray[np.float32]:
    """Embeddings of views, (N, D) float32 of unit length."""
    blocks = [
        embed(garments_of(views[start : start + block])).cpu().numpy()
        for start in range(0, len(views), block)
    ]
    return np.concatenate(blocks).astype(np.float32, copy=False)


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

    Two blocks of embeddings and ``block`` rows are in memory, 1 kB for each photograph
    of the gallery in blocks of 256.

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
            rows = embed_views(asking, query_garments_of or garments_of, embed, block)
            table = np.empty((len(rows), len(gallery)), dtype=np.float32)
        columns = embed_views(gallery[left : left + block], garments_of, embed, block)
        table[:, left : left + block] = rows @ columns.T
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
