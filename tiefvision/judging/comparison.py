"""The comparison of rankers on the test split: figures, differences and JSON lines."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from tiefvision.errors import BadDataset
from tiefvision.evaluation.intervals import Figure
from tiefvision.evaluation.restricting import restrict
from tiefvision.evaluation.retrieval import reciprocal_rank
from tiefvision.evaluation.searches import Search, Within, search_of_split
from tiefvision.judging.boxes import PREDICTED, TRUE
from tiefvision.judging.memory import peak_of_search
from tiefvision.judging.protocol import SearchTerms, missed_queries, terms_of
from tiefvision.judging.query_boxes import BoxedQueries
from tiefvision.judging.results import (
    RankerResult,
    chances,
    differences,
    figures_of_all,
    run_search,
)
from tiefvision.progress import Track, untracked
from tiefvision.ranking.garments import Embed, GarmentsOf
from tiefvision.records import Box, Split
from tiefvision.store.artifact import Artifact
from tiefvision.workspace.garments import alterations_of
from tiefvision.workspace.maps import paths_with_maps
from tiefvision.workspace.records import read_photos


@runtime_checkable
class TellsWhatItLearnt(Protocol):
    """A ranker that can describe what it has learnt."""

    def learnt_in_words(self) -> str:
        """Description of what was learnt, in one line."""


@dataclass(frozen=True)
class Comparison:
    """Rankers side by side on one search.

    Attributes:
        protocol: protocol in words, including the photographs that were left out.
        search: queries and gallery.
        results: results of the rankers, the baseline first.
        by_box: results of the same queries cropped by other boxes, by name of the box.
        boxes: box by which each photograph was cropped; None for the whole photograph.
        seed: seed of the bootstrap.
        gone: number of queries that could not be read again, by name of the other box.
            These queries count as misses in ``by_box``; a box by which no query could
            be read is missing there.
        indexes: facts about each ranker's index, as ``with_indexes`` collects them:
            "embedding", the length of an embedding; "bytes", the size on disk;
            "recall_of_exact", the share of the exact ten nearest neighbours that the
            index finds; "ahead_of_exact", recall@1 and recall@10 of the index minus
            those of exact search. An index that was not evaluated lacks the last two.
        terms: protocol number by number, as ``SearchTerms.to_dict`` gives it.
        peaks: peak memory of exact search in bytes by ranker, as ``peak_of_search``
            estimates it.
        learnt: what a ranker has learnt, in words, by name of the ranker.
        matches: reliability of the probabilities of a match by ranker, as
            ``MatchReliability.to_dict`` gives it, and "in_words".
    """

    protocol: str
    search: Search
    results: tuple[RankerResult, ...]
    by_box: Mapping[str, tuple[RankerResult, ...]]
    boxes: Mapping[str, Box | None]
    seed: int
    gone: Mapping[str, int] = field(default_factory=dict)
    indexes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    terms: Mapping[str, Any] = field(default_factory=dict)
    peaks: Mapping[str, int] = field(default_factory=dict)
    learnt: Mapping[str, str] = field(default_factory=dict)
    matches: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def box(self) -> str:
        """Name of the box by which the queries were cropped."""
        return str(self.terms.get("box", PREDICTED))

    @property
    def published(self) -> int:
        """Number of queries in the published lists; 0 if it is not known."""
        return int(self.terms.get("published", 0))

    def ends(self) -> tuple[RankerResult, ...]:
        """The first and the last ranker, or the only one."""
        return self.results[:1] + self.results[1:][-1:]

    def opponents(self) -> tuple[RankerResult, ...]:
        """The rankers that the last one is compared with: the first and the best.

        Both may be the same. The tuple is empty if there is only one ranker.
        """
        others = self.results[:-1]
        if not others:
            return ()
        rival = max(others, key=_mean_rank)
        return others[:1] if rival is others[0] else (others[0], rival)

    def matches_in_words(self) -> tuple[str, ...]:
        """How far the probabilities of a match can be trusted, a sentence a ranker."""
        return tuple(str(facts["in_words"]) for facts in self.matches.values())

    def foremost(self, count: int) -> list[RankerResult]:
        """The last ranker and the best others, ``count`` together, in their order."""
        best = sorted(self.results[:-1], key=_mean_rank, reverse=True)[: count - 1]
        kept = {result.ranker for result in (*best, self.results[-1])}
        return [result for result in self.results if result.ranker in kept]

    def ahead(self, other: RankerResult) -> dict[str, Figure]:
        """Figures of the last ranker minus those of another one."""
        return differences(self.results[-1], other, self.seed)

    def chances(self, other: RankerResult) -> dict[str, float]:
        """p of each difference between the last ranker and another one."""
        return chances(self.results[-1], other, self.seed)

    def to_lines(self) -> list[dict[str, Any]]:
        """A JSON object for each ranker, as ``tiefvision compare --json`` prints it."""
        lines = []
        for result in self.results:
            line: dict[str, Any] = {
                "ranker": result.ranker,
                "protocol": self.protocol,
                "queries": len(self.search.queries),
            }
            line |= _as_json(result.figures(self.seed))
            line["search"] = dict(self.terms)
            if self.published:
                every = figures_of_all(result, self.published, self.seed)
                line["published"] = {"queries": self.published} | _as_json(every)
            if result.ranker in self.learnt:
                line["learnt"] = self.learnt[result.ranker]
            if result.ranker in self.peaks:
                line["peak_bytes"] = self.peaks[result.ranker]
            others = {
                kind: other
                for kind, results in self.by_box.items()
                for other in results
                if other.ranker == result.ranker
            }
            line["by_box"] = {
                kind: _as_json(other.figures(self.seed))
                for kind, other in others.items()
            }
            line["by_box_ahead"] = {
                kind: _against(other, result, self.seed) | {"ahead_of": self.box}
                for kind, other in others.items()
            }
            line["by_box_unreadable"] = dict(self.gone)
            if result.ranker in self.indexes:
                line["index"] = dict(self.indexes[result.ranker])
            if result.ranker in self.matches:
                line["match"] = dict(self.matches[result.ranker])
            if result is not self.results[0]:
                line |= _against(result, self.results[0], self.seed)
            for rival in self.opponents()[1:]:
                if result is self.results[-1]:
                    line["rival"] = _against(result, rival, self.seed)
            lines.append(line)
        return lines


def _mean_rank(result: RankerResult) -> float:
    return float(reciprocal_rank(result.ranks).mean())


def _against(result: RankerResult, other: RankerResult, seed: int) -> dict[str, Any]:
    """Differences between two rankers with their p, as JSON shows them."""
    chance = chances(result, other, seed)
    return {
        "ahead_of": other.ranker,
        "ahead": _as_json(differences(result, other, seed)),
        "p": {name: round(p, 5) for name, p in chance.items()},
    }


def _as_json(figures: Mapping[str, Figure]) -> dict[str, dict[str, float]]:
    return {name: figure.to_dict() for name, figure in figures.items()}


def compare_rankers(
    records: Artifact,
    crops: Artifact,
    rankers: Mapping[str, Embed],
    garments_of: GarmentsOf,
    seed: int,
    track: Track = untracked,
    by_box: Mapping[str, BoxedQueries] | None = None,
    within: Within = "all",
    matching: str = "*",
) -> Comparison:
    """Run the search of the test split with every ranker.

    Args:
        records: artifact of stage 1.
        crops: artifact of stage 6.
        rankers: rankers by name, the baseline first.
        garments_of: reader of the crops of views.
        seed: seed of the bootstrap.
        track: shows progress.
        by_box: readers of the queries' crops by other boxes, as ``query_garments``
            makes them.
        within: part of the gallery that a query may find.
        matching: pattern of the paths of queries.

    Raises:
        BadDataset: The test split has no queries, or the gallery only one item.
    """
    photos = read_photos(records)
    available = paths_with_maps(crops, photos)
    search = search_of_split(photos, "test", available, alterations_of(crops))
    search = restrict(search, within, matching)
    require_choice(search, "test")
    made = {path: crops.record(f"crop/{path}") for path in sorted(available)}
    boxes = {path: crop["box"] for path, crop in made.items()}
    missed = missed_queries(search, crops)
    terms = terms_of(search, records, crops, available, matching)
    results = tuple(
        result.with_misses(missed)
        for result in run_search(search, rankers, garments_of, track)
    )
    others, gone = {}, {}
    for kind, read in _other_boxes(search, terms, by_box or {}).items():
        found = run_search(search, rankers, garments_of, track, read)
        unread = read.gone(search.queries)
        gone[kind] = int(unread.sum())
        if not unread.all():
            others[kind] = tuple(result.with_misses(unread) for result in found)
    return Comparison(
        terms.in_words(search),
        search,
        results,
        others,
        boxes,
        seed,
        gone,
        terms=terms.to_dict(),
        peaks={
            name: peak_of_search(search, embed, garments_of)
            for name, embed in rankers.items()
        },
        learnt=_what_was_learnt(rankers),
    )


def _what_was_learnt(rankers: Mapping[str, object]) -> dict[str, str]:
    return {
        name: ranker.learnt_in_words()
        for name, ranker in rankers.items()
        if isinstance(ranker, TellsWhatItLearnt)
    }


def _other_boxes(
    search: Search, terms: SearchTerms, by_box: Mapping[str, BoxedQueries]
) -> dict[str, BoxedQueries]:
    """The readers of boxes that differ from those of the search."""
    if search.kind == "view":
        return {}  # An altered view is made of its crop, so that it has no other box.
    same = {terms.box} | ({TRUE} if terms.unboxed == terms.queries else set())
    return {kind: read for kind, read in by_box.items() if kind not in same}


def require_choice(search: Search, split: Split) -> None:
    """Raises BadDataset if a split has no queries, or the gallery only one item."""
    if not search.queries:
        raise BadDataset(
            f"The {split} split holds no photograph that can be searched with.",
            f"Give some photographs the split {split} in annotations.json, then run: "
            "make stage-1",
        )
    if len(set(search.gallery_items)) < 2:
        raise BadDataset(
            "The gallery holds only one item, which every search would find.",
            "Add photographs of other items to the dataset, then run: make stage-1",
        )
