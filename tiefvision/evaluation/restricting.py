"""Restricts a search: fewer queries, or a part of the gallery for each query."""

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

_GOES_BY = {"category": "category", "variants": "variant"}
"""Restriction to the property that decides what a query may find."""


def restrict(search: Search, within: Within, matching: str = "*") -> Search:
    """Restricts a search to some of its queries and to a part of the gallery for each.

    A query is left out, and listed in ``lacking``, ``alone`` or ``unknown``, if its
    part of the gallery lacks its item, holds nothing but its item, or is unknown.

    Args:
        search: An unrestricted search.
        within: Part of the gallery that each query searches; see `Search.within`.
        matching: Pattern (``fnmatch``) of the paths of the queries to keep, such as
            "*_back*".

    Raises:
        BadUsage: No query matches, none is left by ``within``, or the dataset lacks
            what ``within`` goes by.
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
            f"find their item, {len(fates['alone'])} could find nothing else, and the "
            f"{_GOES_BY[within]} of {len(fates['unknown'])} is unknown.",
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
        products=pick(search.products),
        lacking=(*before, *paths("lacking")),
        alone=paths("alone"),
        unknown=paths("unknown"),
    )


def _fates(search: Search, within: Within) -> Callable[[int], str]:
    """A function from a query's number to "kept", "lacking", "alone" or "unknown"."""
    if within == "all":
        return lambda number: "kept"
    if search.kind != "item":
        raise BadUsage(
            f"--within {within}: the dataset ties no photographs to items, so each "
            "query can only search for its own photograph among all.",
            "Leave --within out.",
        )
    asked, shown = _names(search, within)
    if not any(asked):
        raise BadUsage(
            f"--within {within}: no query has a known {_GOES_BY[within]}.",
            "Leave --within out.",
        )
    # Built once for all queries.
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
        names = names_of[item]
        if not (names & {name} if within == "category" else names - {name}):
            return "lacking"
        return "kept" if items_of[name] - {item} else "alone"

    return fate


def items_in_reach(search: Search) -> list[int]:
    """Number of items that each query may find, its own included."""
    if search.within == "all":
        return [len(set(search.gallery_items))] * len(search.queries)
    asked, shown = _names(search, search.within)
    items_of: defaultdict[str, set[str]] = defaultdict(set)
    for item, name in zip(search.gallery_items, shown, strict=True):
        items_of[name].add(item)
    # With "variants" a query may find its own item only in another variant, which
    # items_of[name] need not hold.
    return [
        len(items_of[name] | {item})
        for item, name in zip(search.query_items, asked, strict=True)
    ]


def _names(search: Search, within: Within) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Categories or variants, whichever ``within`` goes by, of queries and gallery."""
    if within == "category":
        return search.query_kinds, search.gallery_kinds
    return search.query_variants, search.gallery_variants


def allowed(search: Search, rows: slice) -> NDArray[np.bool_] | None:
    """Which photographs of the gallery some queries may find.

    Args:
        search: The restricted search, with N photographs in its gallery.
        rows: Rows of the R queries.

    Returns:
        (R, N) bool; None if every query may find the whole gallery.
    """
    if search.within == "all":
        return None
    if search.within == "category":
        return _same_known(search.query_kinds[rows], search.gallery_kinds)
    items = same_names(search.query_items[rows], search.gallery_items)
    variants = same_names(search.query_variants[rows], search.gallery_variants)
    # A photograph of unknown variant could be of the query's variant or of another.
    known = np.array([name != "" for name in search.gallery_variants], dtype=np.bool_)
    return np.asarray((items ^ variants) & known[None])


def same_kind(search: Search, rows: slice) -> NDArray[np.bool_] | None:
    """Which photographs of the gallery have the category that some queries ask for.

    Args:
        search: The search, with N photographs in its gallery.
        rows: Rows of the R queries.

    Returns:
        (R, N) bool; None if no category is known.
    """
    if not any(search.query_kinds):
        return None
    return _same_known(search.query_kinds[rows], search.gallery_kinds)


def _same_known(ours: Sequence[str], theirs: Sequence[str]) -> NDArray[np.bool_]:
    """(Q, N) whether names are equal; "", an unknown name, equals no other."""
    known = np.array([name != "" for name in theirs], dtype=np.bool_)
    return np.asarray(same_names(ours, theirs) & known[None])
