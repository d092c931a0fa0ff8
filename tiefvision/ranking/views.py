"""Embedding views in blocks, so that memory is bounded by the block."""

import itertools
from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tiefvision.progress import Track, untracked
from tiefvision.ranking.similarity import flatten_cells
from tiefvision.ranking.triplets import View

MapsOf = Callable[[Sequence[View]], Tensor]
"""Reads the maps of views: (B, C, h, w) float32 of unit cells."""

Embed = Callable[[Tensor], Tensor]
"""A ranker: (B, C, h, w) of unit cells to (B, D) of unit length."""

BLOCK = 256
"""Views embedded at a time: 64 MB of maps of 256 channels by 11x11 cells."""


class CosineRanker(nn.Module):
    """The unsupervised baseline: maps as they are (TiefVision's slides, step 5)."""

    def forward(self, maps: Tensor) -> Tensor:
        """(B, C, h, w) of unit cells to (B, C * h * w) of unit length."""
        return flatten_cells(maps)


@torch.inference_mode()
def embed_views(
    views: Sequence[View], maps_of: MapsOf, embed: Embed, block: int = BLOCK
) -> NDArray[np.float32]:
    """Embeddings of views, (N, D) float32 of unit length."""
    blocks = [
        embed(maps_of(views[start : start + block])).cpu().numpy()
        for start in range(0, len(views), block)
    ]
    return np.concatenate(blocks).astype(np.float32, copy=False)


def similarity_table(
    queries: Sequence[View],
    gallery: Sequence[View],
    maps_of: MapsOf,
    embed: Embed,
    block: int = BLOCK,
    track: Track = untracked,
) -> NDArray[np.float32]:
    """Exact similarities, (Q, N) float32 in [-1, 1].

    Two blocks of embeddings are in memory at a time, beside the table.

    Args:
        queries: Q views.
        gallery: N views.
        maps_of: Reads the maps of views.
        embed: The ranker.
        block: Views embedded at a time.
        track: Shows progress, block by block.
    """
    table = np.empty((len(queries), len(gallery)), dtype=np.float32)
    tops, lefts = range(0, len(queries), block), range(0, len(gallery), block)
    corners = itertools.product(tops, lefts)
    rows = np.empty((0, 0), dtype=np.float32)
    for top, left in track(corners, "comparing", len(tops) * len(lefts)):
        if left == 0:
            rows = embed_views(queries[top : top + block], maps_of, embed, block)
        columns = embed_views(gallery[left : left + block], maps_of, embed, block)
        table[top : top + block, left : left + block] = rows @ columns.T
    return np.clip(table, -1.0, 1.0)
