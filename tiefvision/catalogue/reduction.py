"""Whole feature maps reduced to principal components, for the index of a gallery.

An index of whole maps takes 30,976 numbers a photograph, 1.25 GB at 10,000 photographs.
The index of principal components finds a shortlist, which ``Searcher`` re-ranks by
whole maps.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiefvision.ranking.garments import Embed, GarmentsOf
from tiefvision.ranking.views import BLOCK, embed_views
from tiefvision.ranking.whitening import Whitening, fit_whitening
from tiefvision.records import View

MOST_LEARNT_FROM = 1500
"""Most rows from which components are learnt; their whole maps take 190 MB."""


@dataclass(frozen=True, eq=False)
class Reduction:
    """A learnt reduction of embeddings of D numbers to K.

    Attributes:
        whitening: mean and projection to the principal components.
    """

    whitening: Whitening

    def apply(self, embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
        """Reduce embeddings, (N, D), to (N, K) float32 of unit length."""
        return self.whitening.apply(embeddings)

    def to_tensors(self) -> dict[str, NDArray[Any]]:
        """Arrays for an artifact, in float16: 16 MB for 256 components."""
        return {
            "mean": self.whitening.mean.astype(np.float16),
            "projection": self.whitening.projection.astype(np.float16),
        }

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, NDArray[Any]]) -> "Reduction":
        """Restore a reduction from the arrays of ``to_tensors``."""
        mean, projection = tensors["mean"], tensors["projection"]
        return cls(Whitening(mean.astype(np.float32), projection.astype(np.float32)))


def reduce_rows(
    views: Sequence[View], garments_of: GarmentsOf, embed: Embed
) -> tuple[Reduction, NDArray[np.float32]]:
    """Learn principal components from the embeddings of a gallery, and apply them.

    Memory holds at most the embeddings of ``MOST_LEARNT_FROM`` views at a time.

    Args:
        views: N views of the gallery, at least two.
        garments_of: reader of the crops of views.
        embed: ranker whose embeddings are reduced.

    Returns:
        The reduction, and the reduced embeddings of all views, (N, K) float32.

    Raises:
        BadDataset: All views have the same embedding.
    """
    reduction = learn_reduction(views, garments_of, embed)
    blocks = (views[start : start + BLOCK] for start in range(0, len(views), BLOCK))
    reduced = [reduction.apply(embed_views(b, garments_of, embed)) for b in blocks]
    return reduction, np.concatenate(reduced)


def learn_reduction(
    views: Sequence[View], garments_of: GarmentsOf, embed: Embed
) -> Reduction:
    """Learn principal components from the embeddings of a gallery.

    Args:
        views: views of the gallery, at least two; ``MOST_LEARNT_FROM`` of them at most
            are used, evenly spread.
        garments_of: reader of the crops of views.
        embed: ranker whose embeddings are reduced.

    Raises:
        BadDataset: All views have the same embedding.
    """
    every = -(-len(views) // MOST_LEARNT_FROM)
    learnt = fit_whitening(embed_views(views[::every], garments_of, embed))
    # Rounded as in the artifact, so that rows and queries are reduced alike.
    return Reduction.from_tensors(Reduction(learnt).to_tensors())
