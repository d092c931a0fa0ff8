"""A mix of two rankers, its weight learnt on the training split."""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn

from tiefvision.evaluation.retrieval import ranks_of_first_hit, reciprocal_rank
from tiefvision.evaluation.searches import Search
from tiefvision.ranking.garments import Embed, Garments, GarmentsOf
from tiefvision.ranking.views import BLOCK, similarity_table

WEIGHTS = tuple(number / 20 for number in range(21))
"""Of the second ranker that are tried."""

MOST_QUERIES = 2000
"""That choose a weight: the standard error of their mean reciprocal rank is 0.01."""


class MixRanker(nn.Module):
    """Two embeddings side by side: the similarity is the weighted mean of theirs.

    Args:
        first: One ranker.
        second: The other.
        weight: Of the second, in [0, 1].
        names: Of both, to tell what was mixed.
    """

    def __init__(
        self,
        first: Embed,
        second: Embed,
        weight: float,
        names: tuple[str, str] = ("first", "second"),
    ) -> None:
        super().__init__()
        self.first, self.second, self.weight = first, second, weight
        self.names = names

    def learnt_in_words(self) -> str:
        """What was mixed, in a line.

        >>> mix = MixRanker(lambda it: it, lambda it: it, 0.25, ("mean", "lab"))
        >>> mix.learnt_in_words()
        'mean by 0.75 and lab by 0.25, as learnt in training'
        """
        first, second = self.names
        return (
            f"{first} by {1.0 - self.weight:.2f} and {second} by {self.weight:.2f}, "
            "as learnt in training"
        )

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
    search: Search,
    firsts: Mapping[str, Embed],
    second: Embed,
    garments_of: GarmentsOf,
    second_name: str = "lab",
) -> tuple[str, MixRanker]:
    """The mix with the highest mean reciprocal rank on a search.

    Similarities of a block of queries by two rankers are in memory at a time.

    Args:
        search: Of the training split; of more than ``MOST_QUERIES`` queries, so many
            at even distances ask.
        firsts: What may be mixed with the second, by name.
        second: The other ranker.
        garments_of: Reads the crops of views.
        second_name: Its name.

    Returns:
        The name of the first, and the mix. Of equal ones, that with the least weight of
        the second.
    """
    gallery = search.gallery
    figures = {name: np.zeros(len(WEIGHTS)) for name in firsts}
    for numbers in _blocks(len(search.queries)):
        queries = [search.queries[number] for number in numbers]
        items = [search.query_items[number] for number in numbers]
        others = similarity_table(queries, gallery, garments_of, second)
        for name, first in firsts.items():
            own = similarity_table(queries, gallery, garments_of, first)
            for place, weight in enumerate(WEIGHTS):
                mixed = ((1.0 - weight) * own + weight * others).astype(np.float32)
                ranks = ranks_of_first_hit(mixed, items, search.gallery_items)
                figures[name][place] += reciprocal_rank(ranks).sum()
    best = max(figures, key=lambda name: figures[name].max())
    weight = WEIGHTS[int(figures[best].argmax())]
    return best, MixRanker(firsts[best], second, weight, (best, second_name))


def _blocks(count: int) -> list[list[int]]:
    """Numbers of the queries that ask, ``BLOCK`` at a time."""
    asking = min(count, MOST_QUERIES)
    numbers = (np.arange(asking) * count // max(asking, 1)).tolist()
    return [numbers[start : start + BLOCK] for start in range(0, asking, BLOCK)]
