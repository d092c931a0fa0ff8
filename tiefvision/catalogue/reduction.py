"""Whole feature maps reduced to principal components, for the index of a gallery.

An index of whole maps takes 30,976 numbers a photograph, 1.25 GB at 10,000 photographs.
The components serve to find a shortlist; whole maps order it again (``Searcher``).
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
"""Rows from which components are learnt: whole maps of so many take 190 MB."""


@dataclass(frozen=True, eq=False)
class Reduction:
    """A learnt reduction of embeddings of D numbers to K.

    Attributes:
        whitening: The principal components.
    """

    whitening: Whitening

    def apply(self, embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
        """Reduce (N, D) to (N, K) float32 of unit length."""
        return self.whitening.apply(embeddings)

    def to_tensors(self) -> dict[str, NDArray[Any]]:
        """Arrays as an artifact keeps them: float16, 16 MB for 256 components."""
        return {
            "mean": self.whitening.mean.astype(np.float16),
            "projection": self.whitening.projection.astype(np.float16),
        }

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, NDArray[Any]]) -> "Reduction":
        """What ``to_tensors`` gave, in single precision."""
        mean, projection = tensors["mean"], tensors["projection"]
        return cls(Whitening(mean.astype(np.float32), projection.astype(np.float32)))


def reduce_rows(
    views: Sequence[View], garments_of: GarmentsOf, embed: Embed
) -> tuple[Reduction, NDArray[np.float32]]:
    """Learn components from a gallery's own embeddings, without labels, and apply them.

    Memory holds the embeddings of ``MOST_LEARNT_FROM`` views, then those of a block.

    Args:
        views: N views of the gallery, two or more.
        garments_of: Reader of the crops of views.
        embed: Ranker whose embeddings are reduced.

    Returns:
        The reduction, and the reduced embeddings of all views, (N, K) float32.

    Raises:
        BadDataset: Not two of the views differ.
    """
    every = -(-len(views) // MOST_LEARNT_FROM)
    learnt = fit_whitening(embed_views(views[::every], garments_of, embed))
    # As it will be read again, or rows and queries would be reduced differently.
    reduction = Reduction.from_tensors(Reduction(learnt).to_tensors())
    blocks = (views[start : start + BLOCK] for start in range(0, len(views), BLOCK))
    reduced = [reduction.apply(embed_views(b, garments_of, embed)) for b in blocks]
    return reduction, np.concatenate(reduced)
