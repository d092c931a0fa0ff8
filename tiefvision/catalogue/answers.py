"""Answers of a search: the items found for one garment of a photograph."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tiefvision.records import Box

if TYPE_CHECKING:  # NumPy is imported where something is searched
    from tiefvision.catalogue.open_photo import OpenPhoto
    from tiefvision.catalogue.queries import Query
    from tiefvision.catalogue.searcher import Hit, Searcher
    from tiefvision.catalogue.where import Where
    from tiefvision.catalogue.words import Words


RANKED = 200
"""Items of a list in which the rank of an item is told."""


@dataclass(frozen=True)
class Answer:
    """The result of a search with one garment of a photograph.

    Attributes:
        query: box and category that were searched for.
        ranker: name of the ranker.
        hits: items found, the closest first.
        text: description that was searched for, alone or beside a photograph; "" for
            none.
    """

    query: "Query"
    ranker: str
    hits: "tuple[Hit, ...]"
    text: str = ""

    @property
    def box(self) -> Box | None:
        """x0, y0, x1, y1 in pixels of the photograph; None for the whole photograph."""
        return self.query.box_in_image

    @property
    def category(self) -> str:
        """Group of the garment, such as "lower"; "" if unknown."""
        return self.query.category

    @property
    def label(self) -> str:
        """Finer name of the garment, such as "skirt"; "" if unknown."""
        return self.query.label

    @property
    def is_likely_there(self) -> bool | None:
        """Whether the catalogue may hold the very product; None if nobody knows."""
        from tiefvision.ranking.matching import MAYBE

        matches = [hit.match for hit in self.hits if hit.match is not None]
        return max(matches) >= MAYBE if matches else None

    @property
    def note(self) -> str:
        """Remark for the user, such as "whole photograph, as asked"; "" for none."""
        return self.query.note


def answer_query(
    opened: "OpenPhoto | None",
    query: "Query",
    searcher: "Searcher",
    ranker: str,
    k: int,
    any_category: bool = False,
    where: "Where | None" = None,
    words: "Words | None" = None,
) -> Answer:
    """Search with one query of a photograph, with words, or with both.

    Args:
        opened: photograph; None for words alone.
        query: what is searched for.
        searcher: searcher of the gallery.
        ranker: name of the ranker.
        k: most items of the answer.
        any_category: whether items of every group are searched.
        where: condition on the items; None for none.
        words: description that is searched for; None for none.
    """
    group = _searched_group(query, searcher, any_category)
    if query.group and not group and not any_category:
        nothing = f"the catalogue holds no {query.group}: searched everything"
        query = replace(
            query, note="; ".join(part for part in (query.note, nothing) if part)
        )
    described = opened.described(query.box_in_image) if opened else None
    test = where.test if where else None
    hits = searcher.nearest(described, k, group, test, words)
    return Answer(query, ranker, tuple(hits), words.text if words else "")


def ranks_of(
    opened: "OpenPhoto",
    query: "Query",
    searcher: "Searcher",
    items: Iterable[str],
    any_category: bool = False,
    where: "Where | None" = None,
) -> dict[str, int | None]:
    """Ranks that items have in the answer of a searcher, however long the answer.

    Args:
        opened: photograph.
        query: what is searched for.
        searcher: searcher of the gallery by any ranker.
        items: items.
        any_category: whether items of every group are searched.
        where: condition on the items; None for none.

    Returns:
        The rank of each item, from 1; None behind the first ``RANKED``, and for an item
        that is not searched.
    """
    group = _searched_group(query, searcher, any_category)
    described = opened.described(query.box_in_image)
    found = searcher.ranks(described, RANKED, group, where.test if where else None)
    return {item: found.get(item) for item in items}


def _searched_group(query: "Query", searcher: "Searcher", any_category: bool) -> str:
    """Group of the items that are searched; "" for all."""
    group = "" if any_category else query.group
    return group if group and searcher.holds(group) else ""


def merge_answers(answers: Sequence[Answer], k: int) -> tuple[Answer, ...]:
    """Answers of several photographs of one thing: one for each category.

    Args:
        answers: answers of all photographs, those of one photograph after each other.
        k: most items of an answer.

    Returns:
        Answers in the order in which their categories come first. The query of each is
        the one that found its first hit.
    """
    from tiefvision.catalogue.merging_hits import merge_by_item

    merged = []
    for category in dict.fromkeys(answer.category for answer in answers):
        alike = [answer for answer in answers if answer.category == category]
        hits = merge_by_item([answer.hits for answer in alike], k)
        best = max(alike, key=lambda one: one.hits[0].similarity if one.hits else -1.0)
        merged.append(replace(best, hits=tuple(hits)))
    return tuple(merged)
