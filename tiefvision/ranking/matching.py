"""Probability that a search result is the very product that was searched for.

A similarity alone does not tell it: dresses resemble each other more than coats do, and
a catalogue may lack the product. The probability is therefore learnt, from validation
pairs, by logistic regression on the similarity and on its lead over the other results.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tiefvision.evaluation.logistic import fit_logistic, logistic
from tiefvision.evaluation.searches import Search
from tiefvision.ranking.garments import Embed, GarmentsOf
from tiefvision.ranking.views import similarity_rows

COMPARED = 10
"""Closest items over which a result has a lead."""

LIKELY, MAYBE = 0.6, 0.2
"""Least probabilities of the words "likely" and "maybe"."""

PENALTY = 1e-5
"""Weight of the squared slopes in the mean loss, in nats; it matters where validation
separates right and wrong results perfectly."""


@dataclass(frozen=True)
class MatchCalibration:
    """The log-odds of a match: a weighted sum of similarity and lead.

    Attributes:
        similarity: weight of the similarity, at least 0.
        lead: weight of the lead over the other results, at least 0.
        shift: constant added to the log-odds.
    """

    similarity: float
    lead: float
    shift: float

    @classmethod
    def from_dict(cls, values: Mapping[str, Any] | None) -> "MatchCalibration | None":
        """The calibration in the details of a header; None if there is none.

        Raises:
            KeyError, TypeError, ValueError: ``values`` are not those of a calibration.
        """
        if values is None:
            return None
        return cls(*(float(values[name]) for name in ("similarity", "lead", "shift")))

    def apply(self, similarities: ArrayLike) -> NDArray[np.float64]:
        """Probabilities of the results of one search.

        Args:
            similarities: similarities of the closest items, the closest first, (k,)
                with at least ``COMPARED`` of them if the gallery has as many.

        Returns:
            P(match) of each result, (k,) in (0, 1).
        """
        odds = _features(similarities) @ [self.similarity, self.lead] + self.shift
        return logistic(odds)


def in_words(probability: float) -> str:
    """A probability of a match as a word: "likely", "maybe" or "unlike".

    >>> [in_words(p) for p in (0.8, 0.3, 0.05)]
    ['likely', 'maybe', 'unlike']
    """
    if probability >= LIKELY:
        return "likely"
    return "maybe" if probability >= MAYBE else "unlike"


def fit_matching(
    searches: Sequence[tuple[NDArray[np.float32], NDArray[np.bool_]]],
) -> MatchCalibration | None:
    """Learn the calibration from searches whose right item is known.

    Each search counts twice: with the gallery as it is, and with a gallery that lacks
    the right item, since a shop may not have it.

    Args:
        searches: for each search the similarities of all items, the closest photograph
            of each, (N,) float32, and whether each item is the right one, (N,) bool.

    Returns:
        The calibration; None if no search has a right item and a wrong one.
    """
    features, hits = [], []
    for similarities, right in searches:
        if not right.any() or right.all():
            continue
        for kept in (np.ones_like(right), ~right):
            order = np.argsort(-similarities[kept], kind="stable")[:COMPARED]
            features.append(_features(similarities[kept][order]))
            hits.append(right[kept][order])
    if not features:
        return None
    inputs, wanted = np.concatenate(features), np.concatenate(hits).astype(float)
    penalty = PENALTY * len(wanted)
    return MatchCalibration(*fit_logistic(inputs, wanted, penalty=penalty))


def learn_matching(
    search: Search, garments_of: GarmentsOf, embed: Embed
) -> MatchCalibration | None:
    """Learn the calibration of a ranker from a search that it did not learn from.

    Args:
        search: search, of the validation split.
        garments_of: reader of the crops of views.
        embed: ranker.

    Returns:
        The calibration; None if the search has no queries, or a single item.
    """
    if not search.queries:
        return None
    items, places = np.unique(search.gallery_items, return_inverse=True)
    searches = []
    done = 0
    for rows in similarity_rows(search.queries, search.gallery, garments_of, embed):
        for row in rows:
            closest = np.full(len(items), -1.0, dtype=np.float32)
            np.maximum.at(closest, places, row)
            searches.append((closest, items == search.query_items[done]))
            done += 1
    return fit_matching(searches)


def _features(similarities: ArrayLike) -> NDArray[np.float64]:
    """Similarity and lead of each result, (k, 2).

    The lead of a result is its similarity less the mean of the others among the
    ``COMPARED`` closest; 0 if it is alone.
    """
    values = np.asarray(similarities, dtype=np.float64)
    closest = values[:COMPARED]
    inside = np.arange(len(values)) < COMPARED
    others = len(closest) - inside
    means = np.divide(
        closest.sum() - np.where(inside, values, 0.0),
        others,
        out=values.copy(),
        where=others > 0,
    )
    return np.stack([values, values - means], axis=1)
