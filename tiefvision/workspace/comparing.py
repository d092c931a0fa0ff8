"""The comparison of a workspace's rankers: figures, lines for JSON, and the page."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiefvision.errors import BadDataset
from tiefvision.evaluation.intervals import Figure
from tiefvision.evaluation.retrieval import reciprocal_rank
from tiefvision.progress import Track, untracked
from tiefvision.ranking.comparison import (
    RankerResult,
    chances,
    differences,
    run_search,
)
from tiefvision.ranking.garments import Embed, GarmentsOf
from tiefvision.ranking.searches import Search, Within, restrict, search_of_split
from tiefvision.records import Box, Split
from tiefvision.store.artifact import Artifact
from tiefvision.workspace.garments import alterations_of
from tiefvision.workspace.maps import paths_with_maps
from tiefvision.workspace.prepared import WHOLE
from tiefvision.workspace.query_boxes import BoxedQueries
from tiefvision.workspace.records import read_photos


@dataclass(frozen=True)
class Comparison:
    """Rankers side by side on one search.

    Attributes:
        protocol: In words, with what became of every photograph.
        search: The queries and the gallery.
        results: The first is the baseline.
        by_box: Of the same queries by other boxes, by their name.
        boxes: What was cropped of each photograph; None for the whole one.
        seed: Of the bootstrap.
        gone: By the name of other boxes, how many queries could not be read again;
            they count as misses there. Where none could be, ``by_box`` lacks the name.
        indexes: What is known of each ranker's index, as ``with_indexes`` finds it:
            "embedding", numbers of one; "bytes" on disk; "recall_of_exact", share of
            the exact ten nearest neighbours that it finds; "ahead_of_exact", recall@1
            and recall@10 by the index less those of exact search. An index that was
            not judged lacks the last two.
    """

    protocol: str
    search: Search
    results: tuple[RankerResult, ...]
    by_box: Mapping[str, tuple[RankerResult, ...]]
    boxes: Mapping[str, Box | None]
    seed: int
    gone: Mapping[str, int] = field(default_factory=dict)
    indexes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def ends(self) -> tuple[RankerResult, ...]:
        """The first and the last ranker, or the only one."""
        return self.results[:1] + self.results[1:][-1:]

    def opponents(self) -> tuple[RankerResult, ...]:
        """Whom the last ranker is held against: the first, and the best of the others.

        None where it is alone.
        """
        others = self.results[:-1]
        if not others:
            return ()
        rival = max(others, key=_mean_rank)
        return others[:1] if rival is others[0] else (others[0], rival)

    def foremost(self, count: int) -> list[RankerResult]:
        """The last ranker and the best of the others, in the order of all."""
        best = sorted(self.results[:-1], key=_mean_rank, reverse=True)[: count - 1]
        kept = {result.ranker for result in (*best, self.results[-1])}
        return [result for result in self.results if result.ranker in kept]

    def ahead(self, other: RankerResult) -> dict[str, Figure]:
        """How far the last ranker is ahead of another."""
        return differences(self.results[-1], other, self.seed)

    def chances(self, other: RankerResult) -> dict[str, float]:
        """How likely that is if both were alike."""
        return chances(self.results[-1], other, self.seed)

    def to_lines(self) -> list[dict[str, Any]]:
        """One JSON object a ranker, as ``tiefvision compare --json`` prints them."""
        lines = []
        for result in self.results:
            line: dict[str, Any] = {
                "ranker": result.ranker,
                "protocol": self.protocol,
                "queries": len(self.search.queries),
            }
            line |= _as_json(result.figures(self.seed))
            line["by_box"] = {
                kind: _as_json(other.figures(self.seed))
                for kind, results in self.by_box.items()
                for other in results
                if other.ranker == result.ranker
            }
            line["by_box_unreadable"] = dict(self.gone)
            if result.ranker in self.indexes:
                line["index"] = dict(self.indexes[result.ranker])
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
    """What a ranker gains over another, as JSON shows it."""
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
    """Put the search of the test split to every ranker.

    Args:
        records: Of stage 1.
        crops: Of stage 6.
        rankers: By name, the baseline first.
        garments_of: Reads the maps of the crops.
        seed: Of the bootstrap.
        track: Shows progress.
        by_box: Reads the maps of queries by other boxes, as ``query_garments`` does.
        within: What of the gallery a query may find.
        matching: Pattern of the paths of the queries.

    Raises:
        BadDataset: The test split asks nothing, or there is one answer to all.
    """
    photos = read_photos(records)
    available = paths_with_maps(crops, photos)
    search = search_of_split(photos, "test", available, alterations_of(crops))
    search = restrict(search, within, matching)
    require_choice(search, "test")
    made = {path: crops.record(f"crop/{path}") for path in sorted(available)}
    boxes = {path: crop["box"] for path, crop in made.items()}
    unsure = sum(made[view.path].get("unsure", False) for view in search.queries)
    missed = missed_queries(search, crops)
    unread = sum(
        photo.split == "test" and photo.path not in available for photo in photos
    )
    protocol = (
        f"{search.description}; {_boxes_in_words(crops, unsure, int(missed.sum()))}; "
        f"{unread} could not be read; "
        f"{len(search.lacking)} have no counterpart in the gallery; exact search"
    )
    results = tuple(
        result.without(missed)
        for result in run_search(search, rankers, garments_of, track)
    )
    others, gone = {}, {}
    # An altered view has no other box: its crop was altered.
    for kind, read in (by_box or {}).items() if search.kind != "view" else ():
        found = run_search(search, rankers, garments_of, track, read)
        unread_again = read.gone(search.queries)
        gone[kind] = int(unread_again.sum())
        if not unread_again.all():
            others[kind] = tuple(result.without(unread_again) for result in found)
    return Comparison(protocol, search, results, others, boxes, seed, gone)


def require_choice(search: Search, split: Split) -> None:
    """Raises BadDataset where a split asks nothing, or there is one answer to all."""
    if not search.queries:
        raise BadDataset(
            f"The {split} split holds no photograph that can be searched with.",
            f"Give some photographs the split {split} in annotations.json, then run: "
            "make stage-1",
        )
    if len(set(search.gallery_items)) < 2:
        raise BadDataset(
            "The gallery holds one item alone, which every search would find.",
            "Add photographs of other items to the dataset, then run: make stage-1",
        )


def missed_queries(search: Search, crops: Artifact) -> NDArray[np.bool_]:
    """(Q,) whether nothing was found in the photograph of a query: it is a miss."""
    if _are_whole(crops):
        return np.zeros(len(search.queries), dtype=np.bool_)
    found = (crops.record(f"crop/{view.path}")["box"] for view in search.queries)
    return np.array([box is None for box in found], dtype=np.bool_)


def _are_whole(crops: Artifact) -> bool:
    return bool(crops.header.details.get("boxes") == WHOLE)


def _boxes_in_words(crops: Artifact, unsure: int, missed: int) -> str:
    if _are_whole(crops):
        return "whole photographs"
    return (
        f"predicted boxes, {unsure} of queries unsure; "
        f"{missed} queries in which nothing was found count as misses"
    )
