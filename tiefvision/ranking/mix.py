"""Weighted mixes of rankers, with weights learnt on the training split."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tiefvision.evaluation.retrieval import ranks_of_first_hit, reciprocal_rank
from tiefvision.evaluation.searches import Search
from tiefvision.ranking.garments import Embed, Garments, GarmentsOf
from tiefvision.ranking.views import BLOCK, similarity_table

WEIGHTS = tuple(number / 20 for number in range(21))
"""Weights of the second ranker that are tried: 0, 0.05, ..., 1."""

STEPS = 10
"""Steps from 0 to 1 in which the weights of several rankers are tried: 66 ways to weigh
three."""

MOST_QUERIES = 2000
"""Most queries on which a weight is chosen: at 2,000 the standard error of the mean
reciprocal rank is about 0.01."""


@dataclass(frozen=True)
class MixRanker:
    """Concatenated embeddings of two rankers, scaled by the roots of their weights.

    The similarity of two garments is the weighted mean of both rankers' similarities.

    Attributes:
        first: ranker with weight 1 - ``weight``.
        second: ranker with weight ``weight``.
        weight: weight of the second ranker, in [0, 1].
        names: names of the two rankers, for ``learnt_in_words``.
    """

    first: Embed
    second: Embed
    weight: float
    names: tuple[str, str] = ("first", "second")

    def learnt_in_words(self) -> str:
        """The names and weights of the mixed rankers, in one line.

        >>> mix = MixRanker(lambda it: it, lambda it: it, 0.25, ("mean", "lab"))
        >>> mix.learnt_in_words()
        'mean by 0.75 and lab by 0.25, as learnt in training'
        """
        first, second = self.names
        return (
            f"{first} by {1.0 - self.weight:.2f} and {second} by {self.weight:.2f}, "
            "as learnt in training"
        )

    def __call__(self, garments: Garments) -> NDArray[np.float32]:
        """Embed B garments: (B, D1 + D2) float32 of unit length."""
        return np.concatenate(
            [
                self.first(garments) * (1.0 - self.weight) ** 0.5,
                self.second(garments) * self.weight**0.5,
            ],
            axis=1,
        )


def learn_mix(
    search: Search,
    firsts: Mapping[str, Embed],
    second: Embed,
    garments_of: GarmentsOf,
) -> tuple[str, float]:
    """Choose the mix with the highest mean reciprocal rank on a search.

    Memory holds the similarities of one block of queries by two rankers at a time.

    Args:
        search: search within the training split. If it has more than ``MOST_QUERIES``
            queries, evenly spaced ones are used.
        firsts: candidates for the first ranker, by name.
        second: second ranker, the same in every mix.
        garments_of: reader of the crops of views.

    Returns:
        Name of the chosen first ranker, and the weight of the second one. Between
        weights of equal mean reciprocal rank the lowest wins; between candidates, the
        one listed first.
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
    return best, WEIGHTS[int(figures[best].argmax())]


def learn_weights(
    search: Search, embeds: Sequence[Embed], garments_of: GarmentsOf
) -> tuple[float, ...]:
    """Choose weights of several rankers with the highest mean reciprocal rank.

    Args:
        search: search within the training split. If it has more than ``MOST_QUERIES``
            queries, evenly spaced ones are used.
        embeds: E rankers.
        garments_of: reader of the crops of views.

    Returns:
        Weights of the rankers, E multiples of 0.1 whose sum is 1. Between weights of
        equal mean reciprocal rank the most even ones win.
    """
    mixes = np.array(
        [
            parts
            for parts in itertools.product(range(STEPS + 1), repeat=len(embeds))
            if sum(parts) == STEPS
        ]
    )
    mixes = mixes[np.argsort(np.square(mixes).sum(axis=1), kind="stable")]
    figures = np.zeros(len(mixes))
    for numbers in _blocks(len(search.queries)):
        queries = [search.queries[number] for number in numbers]
        items = [search.query_items[number] for number in numbers]
        tables = np.stack(
            [
                similarity_table(queries, search.gallery, garments_of, embed)
                for embed in embeds
            ]
        )  # (E, Q, N)
        for place, parts in enumerate(mixes):
            mixed = np.tensordot(parts / np.float32(STEPS), tables, axes=1)
            ranks = ranks_of_first_hit(
                mixed.astype(np.float32), items, search.gallery_items
            )
            figures[place] += reciprocal_rank(ranks).sum()
    return tuple((mixes[int(figures.argmax())] / STEPS).tolist())


def _blocks(count: int) -> list[list[int]]:
    """Indices of at most ``MOST_QUERIES`` evenly spaced queries, in blocks."""
    asking = min(count, MOST_QUERIES)
    numbers = (np.arange(asking) * count // max(asking, 1)).tolist()
    return [numbers[start : start + BLOCK] for start in range(0, asking, BLOCK)]
