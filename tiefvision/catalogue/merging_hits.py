"""One list of items for several photographs of one thing."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import chain

from tiefvision.catalogue.searcher import Hit


def merge_by_item(lists: Iterable[Sequence[Hit]], k: int) -> list[Hit]:
    """The k items that are closest to any of several photographs of one thing.

    An item is as close as its closest photograph is to any of the queries, so that a
    photograph that shows little costs nothing
    (``docs/experiments/0015-products.md``). Each hit stays what it was for that query:
    its photograph, its similarity and its ``match``.

    Args:
        lists: hits of each photograph, each item once, the closest first. k hits of
            each are enough: what is among the first k of the result is among the first
            k of a list.
        k: most items of the result.

    Returns:
        Hits in the order of their similarity, ranked anew from 1. Of two that are
        equally close, that of the earlier photograph comes first.
    """
    closest: dict[str, Hit] = {}
    for hit in chain.from_iterable(lists):
        known = closest.get(hit.item)
        if known is None or hit.similarity > known.similarity:
            closest[hit.item] = hit
    best = sorted(closest.values(), key=lambda hit: -hit.similarity)
    return [replace(hit, rank=rank) for rank, hit in enumerate(best[:k], start=1)]
