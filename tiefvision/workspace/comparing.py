"""The comparison of a workspace's rankers: figures, lines for JSON, and the page."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tiefvision.errors import BadDataset
from tiefvision.evaluation.intervals import Figure
from tiefvision.evaluation.retrieval import recall_at
from tiefvision.progress import Track, untracked
from tiefvision.ranking.comparison import (
    RankerResult,
    chances,
    differences,
    run_search,
)
from tiefvision.ranking.searches import Search, search_of_split
from tiefvision.ranking.triplets import View
from tiefvision.ranking.views import Embed, MapsOf
from tiefvision.records import Box
from tiefvision.report.comparison_page import (
    ComparisonPage,
    Example,
    ExampleHit,
    RankerRow,
    render_comparison,
)
from tiefvision.store.artifact import Artifact
from tiefvision.workspace.maps import paths_with_maps
from tiefvision.workspace.records import photo_path, read_photos

EXAMPLES = 8
"""Example searches on the page."""

SHOWN = 5
"""Results of each ranker in an example."""

PREDICTED = "predicted"
"""Beside the boxes of ``query_maps``, the one that was located."""

LONGEST_CURVE = 50
"""Recall curves end at this k."""


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
    """

    protocol: str
    search: Search
    results: tuple[RankerResult, ...]
    by_box: Mapping[str, tuple[RankerResult, ...]]
    boxes: Mapping[str, Box | None]
    seed: int

    def ahead(self) -> dict[str, Figure]:
        """How far the last ranker is ahead of the first."""
        return differences(self.results[-1], self.results[0], self.seed)

    def chances(self) -> dict[str, float]:
        """How likely that is if both were alike."""
        return chances(self.results[-1], self.results[0], self.seed)

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
            if result is not self.results[0]:
                ahead = differences(result, self.results[0], self.seed)
                line["ahead_of"] = self.results[0].ranker
                line["ahead"] = _as_json(ahead)
                chance = chances(result, self.results[0], self.seed)
                line["p"] = {name: round(p, 5) for name, p in chance.items()}
            lines.append(line)
        return lines


def _as_json(figures: Mapping[str, Figure]) -> dict[str, dict[str, float]]:
    return {name: figure.to_dict() for name, figure in figures.items()}


def compare_rankers(
    records: Artifact,
    crops: Artifact,
    rankers: Mapping[str, Embed],
    maps_of: MapsOf,
    seed: int,
    track: Track = untracked,
    by_box: Mapping[str, MapsOf] | None = None,
) -> Comparison:
    """Put the search of the test split to every ranker.

    Args:
        records: Of stage 1.
        crops: Of stage 6.
        rankers: By name, the baseline first.
        maps_of: Reads the maps of the crops.
        seed: Of the bootstrap.
        track: Shows progress.
        by_box: Reads the maps of queries by other boxes, as ``query_maps`` does.

    Raises:
        BadDataset: The test split asks nothing.
    """
    photos = read_photos(records)
    available = paths_with_maps(crops, photos)
    search = search_of_split(photos, "test", available)
    if not search.queries:
        raise BadDataset(
            "The test split holds no photograph that can be searched with.",
            "Give some photographs the split test in annotations.json.",
        )
    boxes = {path: crops.record(f"crop/{path}")["box"] for path in sorted(available)}
    unfound = sum(boxes[view.path] is None for view in search.queries)
    unread = sum(
        photo.split == "test" and photo.path not in available for photo in photos
    )
    protocol = (
        f"{search.description}; predicted boxes; {unfound} queries in which nothing "
        f"was found searched with the whole photograph; {unread} could not be read; "
        f"{search.unanswerable} have no counterpart in the gallery; exact search"
    )
    results = tuple(run_search(search, rankers, maps_of, track))
    others = {
        kind: tuple(run_search(search, rankers, maps_of, track, query_maps_of))
        for kind, query_maps_of in (by_box or {}).items()
    }
    return Comparison(protocol, search, results, others, boxes, seed)


def write_page(
    comparison: Comparison,
    records: Artifact,
    path: Path,
    indexes: Mapping[str, Mapping[str, Any]],
    history: Sequence[Mapping[str, float]] = (),
    track: Track = untracked,
) -> None:
    """Write the HTML page of a comparison.

    Args:
        comparison: What to show.
        records: Of the photographs, which says where their files are.
        path: Of the page.
        indexes: Facts of each ranker's index, by ranker.
        history: Training curves of the supervised ranker.
        track: Shows progress.
    """
    rows = tuple(
        RankerRow(
            result.ranker,
            DESCRIPTIONS.get(result.ranker, ""),
            _shown(result.figures(comparison.seed)),
            dict(indexes.get(result.ranker, {})),
        )
        for result in comparison.results
    )
    page = ComparisonPage(
        title="Rankers side by side",
        protocol=comparison.protocol,
        notes=(),
        rankers=rows,
        differences=_shown(comparison.ahead()),
        chances=comparison.chances(),
        by_box=tuple(_rows_by_box(comparison)),
        recall_curves={
            result.ranker: tuple(
                float(recall_at(result.ranks, k).mean())
                for k in range(1, LONGEST_CURVE + 1)
            )
            for result in comparison.results
        },
        history=tuple(dict(row) for row in history),
        examples=tuple(_examples(comparison, records)),
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(render_comparison(page, track), encoding="utf-8")


SHOWN_FIGURES = (
    "recall@1",
    "recall@5",
    "recall@10",
    "recall@20",
    "reciprocal_rank",
    "average_precision",
    "precision@30",
    "triplet_accuracy",
)
"""Of those that JSON has, all shares of 1."""


def _rows_by_box(comparison: Comparison) -> Iterator[RankerRow]:
    """Ranker by ranker, the box that was found between the true one and none."""
    if not comparison.by_box:
        return
    kinds = {PREDICTED: comparison.results, **comparison.by_box}
    for number, ranker in enumerate(comparison.results):
        for kind, results in kinds.items():
            figures = _shown(results[number].figures(comparison.seed))
            yield RankerRow(f"{ranker.ranker}, {kind}", "", figures, {})


def _shown(figures: Mapping[str, Figure]) -> dict[str, Figure]:
    return {name: figures[name] for name in SHOWN_FIGURES}


DESCRIPTIONS = {
    "cosine": "unsupervised: mean cosine of the encodings' cells",
    "deeprank": "supervised: a 1x1 layer trained on triplets by the angle hinge",
    "mean": "unsupervised: the mean of the cells",
    "max": "unsupervised: the largest of each channel (MAC)",
    "gem": "unsupervised: the generalised mean of the cells (GeM)",
    "spoc": "unsupervised: the sum in which the middle counts more (SPoC)",
}


def _examples(comparison: Comparison, records: Artifact) -> list[Example]:
    search = comparison.search
    # Evenly spread over the queries: neither the best nor the worst were picked.
    step = max(1, math.ceil(len(search.queries) / EXAMPLES))
    examples = []
    for number in range(0, len(search.queries), step):
        view = search.queries[number]
        ranks = ", ".join(
            f"{result.ranker} {result.ranks[number]}" for result in comparison.results
        )
        examples.append(
            Example(
                photo_path(records, view.path),
                comparison.boxes[view.path],
                view.mirrored,
                f"{view.path}: rank of the right one: {ranks}",
                {
                    result.ranker: _hits(comparison, records, result, number)
                    for result in comparison.results
                },
            )
        )
    return examples


def _hits(
    comparison: Comparison, records: Artifact, result: RankerResult, number: int
) -> tuple[ExampleHit, ...]:
    search = comparison.search
    wanted = search.query_items[number]
    closest: Sequence[np.int64] = result.closest[number, :SHOWN].tolist()
    hits = []
    for place, row in enumerate(closest):
        view: View = search.gallery[int(row)]
        hits.append(
            ExampleHit(
                photo_path(records, view.path),
                comparison.boxes[view.path],
                search.gallery_items[int(row)],
                float(result.similarities[number, place]),
                search.gallery_items[int(row)] == wanted,
            )
        )
    return tuple(hits)
