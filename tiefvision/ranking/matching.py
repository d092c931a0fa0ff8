"""Probability that a search result is the very product that was searched for.

A similarity alone does not tell it: dresses resemble each other more than coats do,
studio photographs more than street photographs, and a catalogue may lack the product.
The probability is therefore learnt, from validation pairs, by logistic regression on
the similarity, on its lead over the other results, and on its gap to what resembles the
result anyway.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tiefvision.evaluation.logistic import fit_logistic, logistic
from tiefvision.evaluation.searches import Search
from tiefvision.ranking.garments import Embed, GarmentsOf
from tiefvision.ranking.views import similarity_rows

COMPARED = 10
"""Closest items over which a result has a lead, and among which its density is."""

TWIN = 0.97
"""Least cosine of two photographs that show one product twice, whatever the ranker:
copies have 0.98 and more, two products less (docs/experiments/0016-match.md)."""

LIKELY, MAYBE = 0.6, 0.2
"""Least probabilities of the words "likely" and "maybe"."""

PENALTY = 1e-5
"""Weight of the squared slopes in the mean loss, in nats; it matters where validation
separates right and wrong results perfectly."""


@dataclass(frozen=True)
class MatchCalibration:
    """The log-odds of a match: a weighted sum of similarity, lead and gap.

    Attributes:
        similarity: weight of the similarity, at least 0. It is no longer learnt but 0:
            how similar strangers are differs between streets and shops
            (docs/experiments/0018). Models of earlier releases have one.
        lead: weight of the lead over the other results, at least 0.
        gap: weight of the similarity less the density of the result, at least 0.
        shift: constant added to the log-odds.
    """

    similarity: float
    lead: float
    gap: float
    shift: float

    @classmethod
    def from_dict(cls, values: Mapping[str, Any] | None) -> "MatchCalibration | None":
        """The calibration in the details of a header; None if there is none.

        Raises:
            KeyError, TypeError, ValueError: ``values`` are not those of a calibration.
        """
        if values is None:
            return None
        return cls(*(float(values[field.name]) for field in fields(cls)))

    def apply(
        self,
        similarities: ArrayLike,
        densities: ArrayLike,
        leads: ArrayLike | None = None,
    ) -> NDArray[np.float64]:
        """Probabilities of the results of one search.

        Args:
            similarities: similarities of the closest items, the closest first, (k,)
                with at least ``COMPARED`` of them if the gallery has as many and no
                leads are given.
            densities: densities of these items, (k,), as ``densities_of`` gives them.
            leads: leads of these items, (k,), as ``leads_over`` gives them; None for
                those over each other, and 0 for an item that is alone.

        Returns:
            P(match) of each result, (k,) in (0, 1); NaN where the lead is.
        """
        weights = [self.similarity, self.lead, self.gap]
        features = _features(similarities, densities, leads)
        return logistic(features @ weights + self.shift)


@dataclass(frozen=True, eq=False)
class KnownSearch:
    """A search whose right item is known.

    Attributes:
        similarities: similarity of each item, that of its closest photograph, (N,)
            float32.
        densities: density of that photograph, (N,) float32.
        right: whether each item is the right one, (N,) bool.
    """

    similarities: NDArray[np.float32]
    densities: NDArray[np.float32]
    right: NDArray[np.bool_]

    def with_item_and_without(self) -> Iterator["KnownSearch"]:
        """The ``COMPARED`` closest items, and those of a gallery without the right one.

        A shop may not have what is searched for. Nothing comes of a search without a
        right item or without a wrong one.
        """
        if not self.right.any() or self.right.all():
            return
        for kept in (np.ones_like(self.right), ~self.right):
            order = np.argsort(-self.similarities[kept], kind="stable")[:COMPARED]
            yield KnownSearch(
                self.similarities[kept][order],
                self.densities[kept][order],
                self.right[kept][order],
            )


def in_words(probability: float) -> str:
    """A probability of a match as a word: "likely", "maybe" or "unlike".

    >>> [in_words(p) for p in (0.8, 0.3, 0.05)]
    ['likely', 'maybe', 'unlike']
    """
    if probability >= LIKELY:
        return "likely"
    return "maybe" if probability >= MAYBE else "unlike"


def fit_matching(searches: Iterable[KnownSearch]) -> MatchCalibration | None:
    """Learn the calibration from searches whose right item is known.

    Each search counts twice: with the gallery as it is, and with a gallery that lacks
    the right item.

    Returns:
        The calibration; None if no search has a right item and a wrong one.
    """
    listed = [one for search in searches for one in search.with_item_and_without()]
    if not listed:
        return None
    features = [_features(one.similarities, one.densities)[:, 1:] for one in listed]
    wanted = np.concatenate([one.right for one in listed]).astype(float)
    penalty = PENALTY * len(wanted)
    weights = fit_logistic(np.concatenate(features), wanted, penalty=penalty)
    return MatchCalibration(0.0, *weights)


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
    return fit_matching(known_searches(search, garments_of, embed))


def known_searches(
    search: Search, garments_of: GarmentsOf, embed: Embed
) -> Iterator[KnownSearch]:
    """Run a search with a ranker, query by query.

    Args:
        search: queries and gallery.
        garments_of: reader of the crops of views.
        embed: ranker.
    """
    if not search.queries:
        return
    items, places = np.unique(search.gallery_items, return_inverse=True)
    itself = similarity_rows(search.gallery, search.gallery, garments_of, embed)
    densities = _densities_in_order(itself, places)
    done = 0
    # Without close-ups: how closely they resemble a stranger differs between shops.
    for rows in similarity_rows(search.queries, search.gallery, garments_of, embed):
        for row in rows:
            closest = _closest_rows(row, places)
            right = items == search.query_items[done]
            yield KnownSearch(row[closest], densities[closest], right)
            done += 1


def leads_over(
    similarities: ArrayLike, closest: ArrayLike, alike: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Similarity of each result less the mean of the closest others.

    >>> alike = np.eye(3, dtype=bool)
    >>> leads_over([0.9, 0.5, 0.3], [0.9, 0.5, 0.3], alike).round(3).tolist()
    [0.5, -0.1, -0.4]

    Args:
        similarities: similarities of the results, (k,).
        closest: similarities of the closest items, the closest first, (n,).
        alike: whether a result and one of the closest items are one product, as where
            both are the same, (k, n) bool; these do not count as others.

    Returns:
        (k,) float64, over the ``COMPARED`` - 1 closest others, or as many as there are;
        NaN where there is none.
    """
    others = ~alike
    others &= np.cumsum(others, axis=1) < COMPARED
    counts = others.sum(axis=1)
    sums = others @ np.asarray(closest, dtype=np.float64)
    means = np.full(len(counts), np.nan)
    np.divide(sums, counts, out=means, where=counts > 0)
    leads: NDArray[np.float64] = np.asarray(similarities, dtype=np.float64) - means
    return leads


def densities_of(
    similarities: NDArray[np.float32],
    items: NDArray[np.int64],
    all_items: NDArray[np.int64],
) -> NDArray[np.float32]:
    """How closely other items surround photographs of a gallery.

    The density of a photograph is its mean similarity to the closest photographs of the
    ``COMPARED`` closest other items. A similarity that is no higher tells nothing.
    Source: the mean r of CSLS, Conneau et al., arXiv:1710.04087, equation 13.

    Args:
        similarities: cosines of B photographs to photographs of the gallery, (B, N)
            float32.
        items: numbers of the items of the B photographs, (B,).
        all_items: numbers of the items of the N photographs, (N,), or (B, N) where each
            photograph is compared with others.

    Returns:
        (B,) float32; NaN for a photograph beside which there is no other item.
    """
    columns = np.broadcast_to(all_items, similarities.shape)
    order = np.argsort(-similarities, axis=1, kind="stable")
    found = np.full(len(similarities), np.nan, dtype=np.float32)
    for number, (row, kinds, places) in enumerate(
        zip(similarities, columns, order, strict=True)
    ):
        _, first = np.unique(kinds[places], return_index=True)
        closest = places[np.sort(first)]
        closest = closest[kinds[closest] != items[number]][:COMPARED]
        if len(closest):
            found[number] = row[closest].mean()
    return found


def _densities_in_order(
    blocks: Iterable[NDArray[np.float32]], places: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Densities of the photographs of a gallery, from blocks of their similarities."""
    found: list[float] = []
    for rows in blocks:
        items = places[len(found) : len(found) + len(rows)]
        found += densities_of(rows, items, places).tolist()
    return np.array(found, dtype=np.float32)


def _closest_rows(
    row: NDArray[np.float32], places: NDArray[np.int64]
) -> NDArray[np.int64]:
    """For each item, by its number, the photograph that is closest to a query."""
    order = np.argsort(-row, kind="stable")
    _, first = np.unique(places[order], return_index=True)
    return order[first]


def _features(
    similarities: ArrayLike, densities: ArrayLike, leads: ArrayLike | None = None
) -> NDArray[np.float64]:
    """Similarity, lead and gap of each result, (k, 3).

    The gap is the similarity less the density; 0 where no other item surrounds the
    result. ``MatchCalibration.apply`` describes the arguments.
    """
    values = np.asarray(similarities, dtype=np.float64)
    if leads is None:
        itself = np.eye(len(values), dtype=np.bool_)
        leads = np.nan_to_num(leads_over(values, values, itself))
    gaps = np.nan_to_num(values - np.asarray(densities, dtype=np.float64))
    return np.stack([values, np.asarray(leads, dtype=np.float64), gaps], axis=1)
