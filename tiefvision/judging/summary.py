"""The outcome of a comparison in sentences, and figures that are shown only once."""

from collections.abc import Iterable
from dataclasses import dataclass

from tiefvision.evaluation.intervals import randomisation_test
from tiefvision.evaluation.searches import Search
from tiefvision.judging.comparison import Comparison
from tiefvision.judging.results import RankerResult

CLEAR = 0.05
"""A difference with a p, corrected where there are several rankers, below this is
called one, any other "within chance"."""

REPEATED = "average_precision"
"""The figure that equals the reciprocal rank if every item has one photograph in the
gallery: average precision counts photographs, reciprocal rank counts items."""

ABOUT_REPEATED = (
    "Average precision equals reciprocal rank here: no item has two photographs in the "
    "gallery."
)


@dataclass(frozen=True)
class _Duel:
    """The last ranker against another one, by recall@1.

    Attributes:
        last: recall@1 of the last ranker.
        other: recall@1 of the other ranker.
        rival: name of the other ranker.
        p: p of the paired randomisation test.
        corrected: p corrected for all rankers held against the first, if the other one
            is the first of several; else None.
    """

    last: float
    other: float
    rival: str
    p: float
    corrected: float | None = None

    @property
    def clear(self) -> bool:
        """Whether the difference is more than chance."""
        return (self.p if self.corrected is None else self.corrected) < CLEAR

    def chance(self) -> str:
        """p in words, with the corrected one."""
        if self.corrected is None:
            return f"p {self.p:.2g}"
        return f"p {self.p:.2g}, {self.corrected:.2g} by Holm's correction"


def verdict_in_words(comparison: Comparison) -> tuple[str, ...]:
    """recall@1 of the last ranker against others, in sentences.

    The others are the baseline and the best of all others by recall@1. A ranker that is
    ahead of the last one comes first.

    Args:
        comparison: rankers with their results, the baseline first.

    Returns:
        A sentence for each of the others, or one for a ranker that is alone.
    """
    last = comparison.results[-1]
    hit = "item" if comparison.search.kind == "item" else "photograph"
    found = f"finds the right {hit} first in"
    of_all = f"of {len(comparison.search.queries)} searches"
    others = _others(comparison)
    if not others:
        (share,) = _per_cent(_first_hits(last))
        return (f"{last.ranker} {found} {share} {of_all}; it was compared alone.",)
    duels = sorted(
        (_duel(comparison, other) for other in others),
        key=lambda duel: duel.other <= duel.last,
    )
    return tuple(_sentence(duel, last.ranker, found, of_all) for duel in duels)


def shown_once(names: Iterable[str], search: Search) -> tuple[str, ...]:
    """Names of figures without ``REPEATED`` where it equals another one by definition.

    Args:
        names: names of the figures of a table.
        search: the search that the figures are of.
    """
    left_out = {REPEATED} if one_photograph_an_item(search) else set()
    return tuple(name for name in names if name not in left_out)


def one_photograph_an_item(search: Search) -> bool:
    """Whether no two photographs of the gallery show the same item."""
    return len(set(search.gallery_items)) == len(search.gallery_items)


def first_hits(comparison: Comparison) -> dict[str, float]:
    """recall@1 of each ranker, in [0, 1]."""
    return {one.ranker: round(_first_hits(one), 4) for one in comparison.results}


def _others(comparison: Comparison) -> list[RankerResult]:
    """The baseline, and the best of all others by recall@1; none for a lone ranker."""
    others = comparison.results[:-1]
    if not others:
        return []
    best = max(others, key=_first_hits)  # the first of several that are alike
    return [others[0]] if best is others[0] else [others[0], best]


def _first_hits(result: RankerResult) -> float:
    return float(result.recall_at(1).mean()) if len(result.ranks) else 0.0


def _duel(comparison: Comparison, other: RankerResult) -> _Duel:
    last = comparison.results[-1]
    ours, theirs = last.recall_at(1), other.recall_at(1)
    p = randomisation_test(ours, theirs, comparison.seed, last.products)
    corrected = None
    if other is comparison.results[0] and len(comparison.results) > 2:
        corrected = comparison.corrected[last.ranker]["recall@1"]
    return _Duel(_first_hits(last), _first_hits(other), other.ranker, p, corrected)


def _sentence(duel: _Duel, last: str, found: str, of_all: str) -> str:
    ours, theirs = _per_cent(duel.last, duel.other)
    told = f"{last} {found} {ours} {of_all}, {duel.rival} in {theirs}"
    if duel.other == duel.last:
        return f"{told}: equally often."
    if not duel.clear:
        return f"{told}: a difference within chance; {duel.chance()}."
    if duel.other > duel.last:
        return f"{duel.rival} is ahead: {told}; {duel.chance()}."
    return f"{told}; {duel.chance()}."


def _per_cent(*shares: float) -> tuple[str, ...]:
    """Shares in per cent; with a decimal if they would look equal without."""
    whole = [f"{100 * share:.0f} %" for share in shares]
    alike = len(set(whole)) < len(set(shares))
    return tuple(f"{100 * share:.1f} %" for share in shares) if alike else tuple(whole)
