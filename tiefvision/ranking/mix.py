"""A mix of two rankers, its weight learnt on the training split."""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn

from tiefvision.evaluation.retrieval import ranks_of_first_hit, reciprocal_rank
from tiefvision.ranking.garments import Embed, Garments, GarmentsOf
from tiefvision.ranking.searches import Search
from tiefvision.ranking.views import similarity_table

WEIGHTS = tuple(number / 20 for number in range(21))
"""Of the second ranker that are tried."""


class MixRanker(nn.Module):
    """Two embeddings side by side: the similarity is the weighted mean of theirs.

    Args:
        first: One ranker.
        second: The other.
        weight: Of the second, in [0, 1].
    """

    def __init__(self, first: Embed, second: Embed, weight: float) -> None:
        super().__init__()
        self.first, self.second, self.weight = first, second, weight

    def forward(self, garments: Garments) -> Tensor:
        """B garments to (B, D1 + D2) of unit length."""
        return torch.cat(
            [
                self.first(garments) * (1.0 - self.weight) ** 0.5,
                self.second(garments) * self.weight**0.5,
            ],
            dim=1,
        )


def learn_mix(
    search: Search, firsts: Mapping[str, Embed], second: Embed, garments_of: GarmentsOf
) -> tuple[str, MixRanker]:
    """The mix with the highest mean reciprocal rank on a search.

    Args:
        search: Of the training split.
        firsts: What may be mixed with the second, by name.
        second: The other ranker.
        garments_of: Reads the crops of views.

    Returns:
        The name of the first, and the mix. Of equal ones, that with the least weight of
        the second.
    """

    def table(embed: Embed) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        return similarity_table(search.queries, search.gallery, garments_of, embed)

    others = table(second)
    best = (-1.0, "", 0.0)
    for name, first in firsts.items():
        own = table(first)
        for weight in WEIGHTS:
            mixed = ((1.0 - weight) * own + weight * others).astype(np.float32)
            ranks = ranks_of_first_hit(mixed, search.query_items, search.gallery_items)
            figure = float(reciprocal_rank(ranks).mean())
            if figure > best[0]:
                best = (figure, name, weight)
    _, name, weight = best
    return name, MixRanker(firsts[name], second, weight)
