"""The comparison of rankers on the test split: figures, differences and JSON lines."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import Any, Protocol, runtime_checkable

from tiefvision.datasets.qrels import Judgements
from tiefvision.errors import BadDataset
from tiefvision.evaluation.intervals import Figure, holm
from tiefvision.evaluation.judged import with_judgements
from tiefvision.evaluation.restricting import restrict
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
    gather_seeds,
    run_search,
)
from tiefvision.judging.vectors import cropped_rankers, missing_counts, unanswered
from tiefvision.progress import Track, untracked
from tiefvision.ranking.garments import Embed, GarmentsOf
from tiefvision.records import Box, Split
from tiefvision.store.artifact import Artifact
from tiefvision.workspace.garments import view_counts
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
        by_box: results of the same queries cropped by other boxes, by name of the box,
            of the rankers that read crops.
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

    @property
    def last_trained(self) -> str:
        """Name of the last ranker; of several training seeds the first."""
        return self.results[-1].each_seed[0].ranker

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

    @cached_property
    def ahead_of_baseline(self) -> dict[str, dict[str, Figure]]:
        """Figures of each ranker minus those of the first one, by ranker and figure."""
        first, *others = self.results
        return {one.ranker: differences(one, first, self.seed) for one in others}

    @cached_property
    def against_baseline(self) -> dict[str, dict[str, float]]:
        """p of each ranker's differences to the first one, by ranker and figure."""
        first, *others = self.results
        return {one.ranker: chances(one, first, self.seed) for one in others}

    @cached_property
    def corrected(self) -> dict[str, dict[str, float]]:
        """``against_baseline``, each figure corrected for the number of rankers."""
        found = self.against_baseline
        figures = next(iter(found.values()), {})
        by_figure = {
            name: holm([chance[name] for chance in found.values()]) for name in figures
        }
        return {
            ranker: {name: column[place] for name, column in by_figure.items()}
            for place, ranker in enumerate(found)
        }

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
            if result.seeds:
                line["seeds"] = _seeds_as_json(result)
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
                line |= {
                    "ahead_of": self.results[0].ranker,
                    "ahead": _as_json(self.ahead_of_baseline[result.ranker]),
                    "p": _rounded(self.against_baseline[result.ranker]),
                    "p_holm": _rounded(self.corrected[result.ranker]),
                }
            for rival in self.opponents()[1:]:
                if result is self.results[-1]:
                    line["rival"] = _against(result, rival, self.seed)
            lines.append(line)
        return lines


def _mean_rank(result: RankerResult) -> float:
    return float(result.values()["reciprocal_rank"].mean())


def _against(result: RankerResult, other: RankerResult, seed: int) -> dict[str, Any]:
    """Differences between two rankers with their p, as JSON shows them."""
    return {
        "ahead_of": other.ranker,
        "ahead": _as_json(differences(result, other, seed)),
        "p": _rounded(chances(result, other, seed)),
    }


def _seeds_as_json(result: RankerResult) -> dict[str, Any]:
    """The training seeds of a row, and every figure of each with its deviation."""
    return {"rankers": [one.ranker for one in result.seeds]} | {
        name: {
            "deviation": round(spread.deviation, 4),
            "values": [round(float(value or 0.0), 4) for value in spread.values],
        }
        for name, spread in result.spreads().items()
    }


def _rounded(chance: Mapping[str, float]) -> dict[str, float]:
    return {name: round(p, 5) for name, p in chance.items()}


def _as_json(figures: Mapping[str, Figure]) -> dict[str, dict[str, Any]]:
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
    rows: Mapping[str, Sequence[str]] | None = None,
    judgements: Mapping[str, Judgements] = MappingProxyType({}),
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
        rows: names of the rankers in each row of the comparison, by the name of the
            row, as ``rows_of_names`` gives them; None for a row for each ranker.
        judgements: graded relevance by name of a file, as ``read_all_qrels`` gives it.

    Raises:
        BadUsage: A file of judgements judges nothing of the search.
        BadDataset: The test split has no queries, or the gallery only one item.
    """
    photos = read_photos(records)
    available = paths_with_maps(crops, photos)
    search = search_of_split(photos, "test", available, *view_counts(crops))
    search = restrict(search, within, matching)
    require_choice(search, "test")
    search = with_judgements(search, judgements)
    made = {path: crops.record(f"crop/{path}") for path in sorted(available)}
    boxes = {path: crop["box"] for path, crop in made.items()}
    missed = missed_queries(search, crops)
    rows = rows or {name: (name,) for name in rankers}
    terms = terms_of(search, records, crops, available, matching, rows)
    terms = replace(terms, vectors=missing_counts(rankers, search))
    boxed = cropped_rankers(rankers)
    answered = (
        result.with_misses(
            missed
            if result.ranker in boxed
            else unanswered(rankers[result.ranker], search)
        )
        for result in run_search(search, rankers, garments_of, track)
    )
    results = gather_seeds(answered, rows)
    others, gone = {}, {}
    rows = {row: names for row, names in rows.items() if boxed.keys() >= {*names}}
    by_box = by_box if boxed and by_box else {}
    for kind, read in _other_boxes(search, terms, by_box).items():
        found = run_search(search, boxed, garments_of, track, read)
        unread = read.gone(search.queries)
        gone[kind] = int(unread.sum())
        if not unread.all():
            unseen = (result.with_misses(unread) for result in found)
            others[kind] = gather_seeds(unseen, rows)
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
