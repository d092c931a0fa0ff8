"""The searches that a comparison shows: drawn at random, or where rankers differ."""

import numpy as np
from numpy.typing import NDArray

from tiefvision.evaluation.retrieval import reciprocal_rank
from tiefvision.judging.comparison import Comparison
from tiefvision.report.comparison_page import Example, ExampleHit
from tiefvision.store.artifact import Artifact
from tiefvision.workspace.records import photo_path

EXAMPLES = 5
"""Searches drawn at random, of which the page shows both ends of each list."""

FLIPS = 3
"""Searches that the last ranker wins most, and so many that it loses most."""

SHOWN = 5
"""Results of each ranker for a flip."""


def draw_queries(comparison: Comparison) -> list[int]:
    """Numbers of queries, drawn by the seed: neither the best nor the worst."""
    count = len(comparison.search.queries)
    generator = np.random.default_rng(comparison.seed)
    drawn = generator.choice(count, min(EXAMPLES, count), replace=False)
    return sorted(drawn.tolist())


def find_flips(comparison: Comparison) -> list[int]:
    """Where the last ranker is furthest ahead of the first, then where behind."""
    first, last = comparison.results[0], comparison.results[-1]
    ahead = reciprocal_rank(last.ranks) - reciprocal_rank(first.ranks)
    order = np.argsort(-ahead, kind="stable")
    won, lost = order[ahead[order] > 0], order[::-1][ahead[order[::-1]] < 0]
    return [*won[:FLIPS].tolist(), *lost[:FLIPS].tolist()]


def show_flip(comparison: Comparison, records: Artifact, number: int) -> Example:
    """What the last ranker and those it is held against found first for a query."""
    hits = {
        result.ranker: _hits(
            comparison,
            records,
            number,
            result.closest[number, :SHOWN],
            result.similarities[number, :SHOWN],
        )
        for result in (*comparison.opponents(), comparison.results[-1])
    }
    return _example(comparison, records, number, hits, {})


def show_both_ends(comparison: Comparison, records: Artifact, number: int) -> Example:
    """What the first and the last ranker found closest to a query, and farthest."""
    ends = comparison.ends()
    closest = {
        result.ranker: _hits(
            comparison,
            records,
            number,
            result.closest[number],
            result.similarities[number],
        )
        for result in ends
    }
    farthest = {
        result.ranker: _hits(
            comparison,
            records,
            number,
            result.farthest[number],
            result.least_similarities[number],
        )
        for result in ends
    }
    return _example(comparison, records, number, closest, farthest)


Hits = dict[str, tuple[ExampleHit, ...]]
"""By ranker."""


def _example(
    comparison: Comparison, records: Artifact, number: int, hits: Hits, farthest: Hits
) -> Example:
    view = comparison.search.queries[number]
    ranks = ", ".join(
        f"{result.ranker} {result.ranks[number] or 'none'}"
        for result in comparison.results
        if result.ranker in hits
    )
    return Example(
        photo_path(records, view.path),
        comparison.boxes[view.path],
        view.mirrored,
        f"{view.path}: rank of the right one: {ranks}",
        hits,
        farthest,
    )


def _hits(
    comparison: Comparison,
    records: Artifact,
    number: int,
    rows: NDArray[np.int64],
    similarities: NDArray[np.float32],
) -> tuple[ExampleHit, ...]:
    """Rows of the gallery as pictures, with those that a query asked for marked."""
    search = comparison.search
    wanted = search.query_items[number]
    return tuple(
        ExampleHit(
            photo_path(records, search.gallery[row].path),
            comparison.boxes[search.gallery[row].path],
            search.gallery_items[row],
            similarity,
            search.gallery_items[row] == wanted,
        )
        for row, similarity in zip(rows.tolist(), similarities.tolist(), strict=True)
        if row >= 0
    )
