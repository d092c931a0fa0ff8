"""The searches that a comparison shows: drawn at random, or where rankers differ."""

import numpy as np
from numpy.typing import NDArray

from tiefvision.judging.comparison import Comparison
from tiefvision.report.comparison_page import Example, ExampleHit
from tiefvision.store.artifact import Artifact
from tiefvision.workspace.records import photo_path

EXAMPLES = 5
"""Number of searches drawn at random; the page shows both ends of their lists."""

FLIPS = 3
"""Number of searches that the last ranker wins most, and of those it loses most."""

SHOWN = 5
"""Number of each ranker's results that are shown for a flip."""


def draw_queries(comparison: Comparison) -> list[int]:
    """Numbers of queries, drawn by the seed of the comparison, ascending."""
    count = len(comparison.search.queries)
    generator = np.random.default_rng(comparison.seed)
    drawn = generator.choice(count, min(EXAMPLES, count), replace=False)
    return sorted(drawn.tolist())


def find_flips(comparison: Comparison) -> list[int]:
    """Numbers of the queries in which the last and the first ranker differ most.

    Returns:
        The queries that the last ranker wins by most, then those it loses by most, by
        reciprocal rank; at most ``FLIPS`` of either.
    """
    first, last = comparison.results[0], comparison.results[-1]
    name = "reciprocal_rank"
    ahead = last.values()[name] - first.values()[name]
    order = np.argsort(-ahead, kind="stable")
    won, lost = order[ahead[order] > 0], order[::-1][ahead[order[::-1]] < 0]
    return [*won[:FLIPS].tolist(), *lost[:FLIPS].tolist()]


def show_flip(comparison: Comparison, records: Artifact, number: int) -> Example:
    """The first results of the last ranker and of its opponents for a query.

    Args:
        comparison: rankers with their results.
        records: the artifact of stage 1, which says where the photographs' files are.
        number: number of the query.
    """
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
    """The closest and the farthest results of the first and the last ranker.

    Args:
        comparison: rankers with their results.
        records: the artifact of stage 1, which says where the photographs' files are.
        number: number of the query.
    """
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
"""Results by the name of the ranker."""


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
    """Results of a query, with those marked that it asked for.

    Args:
        comparison: rankers with their results.
        records: the artifact of stage 1, which says where the photographs' files are.
        number: number of the query.
        rows: rows of the gallery; -1 for none.
        similarities: cosine of each row, in [-1, 1].
    """
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
