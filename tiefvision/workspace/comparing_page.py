"""The page of a comparison: its figures, curves, and searches to look at."""

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tiefvision.datasets.files import replace_file
from tiefvision.evaluation.intervals import Figure
from tiefvision.evaluation.retrieval import recall_at, reciprocal_rank
from tiefvision.progress import Track, untracked
from tiefvision.ranking.comparison import RankerResult
from tiefvision.ranking.triplets import View
from tiefvision.report.comparison_page import (
    ComparisonPage,
    Example,
    ExampleHit,
    RankerRow,
    render_comparison,
)
from tiefvision.store.artifact import Artifact
from tiefvision.workspace.comparing import Comparison
from tiefvision.workspace.records import photo_path

EXAMPLES = 8
"""Example searches on the page."""

FLIPS = 3
"""Searches that the last ranker wins most, and so many that it loses most."""

SHOWN = 5
"""Results of each ranker in an example."""

PREDICTED = "predicted"
"""Beside the boxes of ``query_maps``, the one that was located."""

LONGEST_CURVE = 50
"""Recall curves end at this k."""


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
        flips=tuple(_show(comparison, records, _flips(comparison))),
        examples=tuple(_show(comparison, records, _spread(comparison))),
    )
    replace_file(path, render_comparison(page, track).encode("utf-8"))


SHOWN_FIGURES = (
    "recall@1",
    "recall@5",
    "recall@20",
    "reciprocal_rank",
    "average_precision",
    "precision@30",
    "triplet_accuracy",
)
"""Of those that JSON has: shares of 1, as many as stand beside each other."""


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


def _spread(comparison: Comparison) -> list[int]:
    """Numbers of queries, evenly spread: neither the best nor the worst were picked."""
    count = len(comparison.search.queries)
    return list(range(0, count, max(1, math.ceil(count / EXAMPLES))))


def _flips(comparison: Comparison) -> list[int]:
    """Where the last ranker is furthest ahead of the first, then where behind."""
    first, last = comparison.results[0], comparison.results[-1]
    ahead = reciprocal_rank(last.ranks) - reciprocal_rank(first.ranks)
    order = np.argsort(-ahead, kind="stable")
    won, lost = order[ahead[order] > 0], order[::-1][ahead[order[::-1]] < 0]
    return [*won[:FLIPS].tolist(), *lost[:FLIPS].tolist()]


def _show(
    comparison: Comparison, records: Artifact, numbers: Sequence[int]
) -> Iterator[Example]:
    """What every ranker found for these queries."""
    search = comparison.search
    for number in numbers:
        view = search.queries[number]
        ranks = ", ".join(
            f"{result.ranker} {result.ranks[number] or 'none'}"
            for result in comparison.results
        )
        yield Example(
            photo_path(records, view.path),
            comparison.boxes[view.path],
            view.mirrored,
            f"{view.path}: rank of the right one: {ranks}",
            {
                result.ranker: _hits(comparison, records, result, number)
                for result in comparison.results
            },
        )


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
