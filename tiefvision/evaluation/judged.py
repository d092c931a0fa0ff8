"""A search whose relevant photographs are told by judgements, not by items."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from tiefvision.errors import BadUsage
from tiefvision.evaluation.searches import Search
from tiefvision.records import View

T = TypeVar("T")


def with_judgements(
    search: Search, judgements: Mapping[str, Mapping[str, Mapping[str, float]]]
) -> Search:
    """The search with the graded relevance of its photographs, by name of a file.

    A name of a query or a document stands for the photograph of this path, with or
    without its ending; that of a document also for all photographs of an item. Queries
    for which no file finds anything relevant in the gallery are left out, and listed in
    ``unjudged``.

    Args:
        search: The search, restricted already.
        judgements: Query to document to grade, by name of a file; {} leaves the search
            as it is.

    Raises:
        BadUsage: A file judges no query and photograph of the search.
    """
    if not judgements:
        return search
    asking = _rows_by_name(search.queries)
    shown = _rows_by_name(search.gallery, search.gallery_items)
    grades = {
        name: _grades(len(search.queries), asking, shown, judged)
        for name, judged in judgements.items()
    }
    for name, rows in grades.items():
        if not any(rows):
            example = search.queries[0].path, search.gallery[0].path
            raise BadUsage(
                f"{name} judges no photograph as relevant for a query of this search.",
                f"Name queries such as {example[0]} and photographs such as "
                f"{example[1]}, their paths below images/, or items.",
            )
    judged = [any(rows) for rows in zip(*grades.values(), strict=True)]
    kept = [number for number, known in enumerate(judged) if known]

    def pick(values: tuple[T, ...]) -> tuple[T, ...]:
        return tuple(values[number] for number in kept) if values else ()

    return replace(
        search,
        queries=pick(search.queries),
        query_items=pick(search.query_items),
        query_kinds=pick(search.query_kinds),
        query_variants=pick(search.query_variants),
        products=pick(search.products),
        grades={name: pick(rows) for name, rows in grades.items()},
        unjudged=tuple(
            view.path
            for view, known in zip(search.queries, judged, strict=True)
            if not known
        ),
    )


def gains_of(search: Search, name: str, rows: slice) -> NDArray[np.float32]:
    """Graded relevance of the gallery for some queries, (R, N).

    Args:
        search: A search with judgements, with N photographs in its gallery.
        name: Name of the file of judgements.
        rows: Rows of the R queries.
    """
    judged = search.grades[name][rows]
    gains = np.zeros((len(judged), len(search.gallery)), dtype=np.float32)
    for row, grades in enumerate(judged):
        gains[row, list(grades)] = list(grades.values())
    return gains


def _rows_by_name(
    views: Sequence[View], items: Sequence[str] = ()
) -> dict[str, set[int]]:
    """Rows of views by path, by path without its ending, and by item."""
    rows: defaultdict[str, set[int]] = defaultdict(set)
    for row, view in enumerate(views):
        rows[view.path].add(row)
        rows[str(PurePosixPath(view.path).with_suffix(""))].add(row)
    for row, item in enumerate(items):
        rows[item].add(row)
    return dict(rows)


def _grades(
    count: int,
    asking: Mapping[str, Iterable[int]],
    shown: Mapping[str, Iterable[int]],
    judged: Mapping[str, Mapping[str, float]],
) -> tuple[dict[int, float], ...]:
    """Grades above 0 by row of the gallery, for each of ``count`` queries.

    A photograph that is judged twice, by its path and by its item, has the higher one.
    """
    grades: tuple[dict[int, float], ...] = tuple({} for _ in range(count))
    for query, documents in judged.items():
        for number in asking.get(query, ()):
            for document, grade in documents.items():
                for row in shown.get(document, ()) if grade > 0 else ():
                    grades[number][row] = max(grade, grades[number].get(row, 0.0))
    return grades
