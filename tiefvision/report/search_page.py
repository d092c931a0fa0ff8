"""The page of ``tiefvision search --html``: each garment and what is like it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tiefvision.records import Box
from tiefvision.report.hits import ExampleHit, hit_row, query_figure
from tiefvision.report.markup import Markup, element, fit_in_page, render_page

__all__ = ["ExampleHit", "SearchBlock", "render_searches"]

HIT_HEIGHT = 200
"""Pixels of a thumbnail: more than the 176 shown, for screens of high density."""


@dataclass(frozen=True)
class SearchBlock:
    """One garment and its results.

    Attributes:
        query: The file of the photograph.
        box_in_image: Of the garment; None if the whole photograph was searched with.
        category: Of the garment; "" if unknown.
        ranker: Who ranked.
        note: What went otherwise than usual; "" for nothing.
        hits: The closest first; whether they are right is not known and not shown.
    """

    query: Path
    box_in_image: Box | None
    category: str
    ranker: str
    note: str
    hits: tuple[ExampleHit, ...]


def render_searches(blocks: Sequence[SearchBlock], title: str) -> str:
    """The page as HTML in one piece, at most 5 MB; searches beyond are left out."""
    if not blocks:
        return render_page(title, element("p", {}, "No photograph was searched with."))
    cards = (_card(block) for block in blocks)
    return render_page(title, fit_in_page(cards, len(blocks), "searches"))


def _card(block: SearchBlock) -> Markup:
    whole = "whole photograph" if block.box_in_image is None else "garment"
    heading = element(
        "h3",
        {},
        block.category or whole,
        element("small", {}, f" ranked by {block.ranker}"),
    )
    note = [element("p", {"class": "quiet"}, block.note)] if block.note else []
    results = hit_row(block.hits, HIT_HEIGHT, wrapped=True, judged=False)
    return element(
        "article",
        {"class": "card asked"},
        query_figure(block.query, block.box_in_image),
        element("div", {}, heading, *note, results),
    )
