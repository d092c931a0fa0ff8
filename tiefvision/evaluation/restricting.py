"""What of the gallery each query of a search may find, and which queries are left."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from tiefvision.errors import BadUsage
from tiefvision.evaluation.searches import Search, Within, same_names

T = TypeVar("T")


def restrict(search: Search, within: Within, matching: str = "*") -> Search:
    """A search with fewer queries or a smaller gallery for each.

    A query that no longer can find its item, or nothing else, is left out.

    Args:
        search: The whole one.
        within: What of the gallery a query may find.
        matching: Pattern of the paths of queries (``fnmatch``), such as "*_back*".

    Raises:
        BadUsage: There is no such query, or none that asks for anything.
    """
    if not search.queries:
        return search
    fates: dict[str, list[int]] = {
        "kept": [],
        "lacking": [],
        "alone": [],
        "unknown": [],
    }
    fate_of = _fates(search, within)
    for number, view in enumerate(search.queries):
        if fnmatchcase(view.path, matching):
            fates[fate_of(number)].append(number)
    if not any(fates.values()):
        raise BadUsage(
            f"No query matches {matching}.",
            f"Give --queries a pattern of paths such as {search.queries[0].path}.",
        )
    kept = fates["kept"]
    if not kept:
        raise BadUsage(
            f"--within {within} leaves no query: {len(fates['lacking'])} could not "
            f"find their item, {len(fates['alone'])} nothing else, and of "
            f"{len(fates['unknown'])} it is unknown.",
            "Leave --within out.",
        )

    def pick(values: tuple[T, ...]) -> tuple[T, ...]:
        return tuple(values[number] for number in kept) if values else ()

    def paths(fate: str) -> tuple[str, ...]:
        return tuple(search.queries[number].path for number in fates[fate])

    before = (path for path in search.lacking if fnmatchcase(path, matching))
    return replace(
        search,
        within=within,
        queries=pick(search.queries),
        query_items=pick(search.query_items),
        query_kinds=pick(search.query_kinds),
        query_variants=pick(search.query_variants),
        lacking=(*before, *paths("lacking")),
        alone=paths("alone"),
        unknown=paths("unknown"),
    )


def _fates(search: Search, within: Within) -> Callable[[int], str]:
    """A function that says what becomes of a query, by its number."""
    if within == "all":
        return lambda number: "kept"
    if search.kind != "item":
        raise BadUsage(
            f"--within {within}: the dataset ties no photographs to items, so that "
            "each asks for itself among all.",
            "Leave --within out.",
        )
    by_kind = within == "category"
    asked, shown = _names(search, within)
    if not any(asked):
        named = "category" if by_kind else "variant"
        raise BadUsage(
            f"--within {within}: no photograph that asks has a {named}.",
            "Leave --within out.",
        )
    # Each photograph of the gallery is looked at once, whatever the queries are.
    items_of: defaultdict[str, set[str]] = defaultdict(set)
    names_of: defaultdict[str, set[str]] = defaultdict(set)
    for item, name in zip(search.gallery_items, shown, strict=True):
        if name:
            items_of[name].add(item)
            names_of[item].add(name)

    def fate(number: int) -> str:
        item, name = search.query_items[number], asked[number]
        if not name:
            return "unknown"
        names = names_of[item] & {name} if by_kind else names_of[item] - {name}
        if not names:
            return "lacking"
        return "kept" if items_of[name] - {item} else "alone"

    return fate


def items_in_reach(search: Search) -> list[int]:
    """How many items each query may find, its own among them."""
    if search.within == "all":
        return [len(set(search.gallery_items))] * len(search.queries)
    asked, shown = _names(search, search.within)
    items_of: defaultdict[str, set[str]] = defaultdict(set)
    for item, name in zip(search.gallery_items, shown, strict=True):
        items_of[name].add(item)
    # Among variants its own item is there in another variant, if not in its own.
    return [
        len(items_of[name] | {item})
        for item, name in zip(search.query_items, asked, strict=True)
    ]


def _names(search: Search, within: Within) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What a restriction goes by: of the queries, and of the gallery."""
    if within == "category":
        return search.query_kinds, search.gallery_kinds
    return search.query_variants, search.gallery_variants


def allowed(search: Search, rows: slice) -> NDArray[np.bool_] | None:
    """What of the gallery some queries may find, (<= Q, N); None for all of it.

    Args:
        search: The search.
        rows: Which queries.
    """
    if search.within == "all":
        return None
    if search.within == "category":
        return _same_known(search.query_kinds[rows], search.gallery_kinds)
    items = same_names(search.query_items[rows], search.gallery_items)
    variants = same_names(search.query_variants[rows], search.gallery_variants)
    # What is of no known variant may be of the query's or of another.
    known = np.array([name != "" for name in search.gallery_variants], dtype=np.bool_)
    return np.asarray((items ^ variants) & known[None])


def same_kind(search: Search, rows: slice) -> NDArray[np.bool_] | None:
    """Which of the gallery are of the category that some queries ask for, (<= Q, N).

    None where no category is known.
    """
    if not any(search.query_kinds):
        return None
    return _same_known(search.query_kinds[rows], search.gallery_kinds)


def _same_known(ours: Sequence[str], theirs: Sequence[str]) -> NDArray[np.bool_]:
    """(Q, N) whether two names are the same; an unknown one is like no other."""
    known = np.array([name != "" for name in theirs], dtype=np.bool_)
    return np.asarray(same_names(ours, theirs) & known[None])
