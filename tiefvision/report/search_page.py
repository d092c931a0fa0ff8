"""The page of ``tiefvision search --html``: each garment and what is like it."""

from collections.abc import Sequence
from dataclasses import dataclass

from tiefvision.photos.reading import PhotoFile
from tiefvision.records import Box
from tiefvision.report.hits import (
    ExampleHit,
    HitFigure,
    QueryFigure,
    hit_figures,
    query_figure,
)
from tiefvision.report.markup import fit_in_page, render, render_page

__all__ = ["ExampleHit", "SearchBlock", "render_searches"]

HIT_HEIGHT = 200
"""Pixels of a thumbnail: more than the 176 shown, for screens of high density."""


@dataclass(frozen=True)
class SearchBlock:
    """One garment and its results.

    Attributes:
        query: file of the photograph, or its content.
        box_in_image: box of the garment, in pixels of the photograph as it is in the
            file; None if the whole photograph was searched with.
        category: category of the garment; "" if unknown.
        ranker: name of the ranker.
        note: a sentence on what went otherwise than usual; "" for none.
        hits: results, the closest first; whether they are right is not known and not
            shown.
    """

    query: PhotoFile
    box_in_image: Box | None
    category: str
    ranker: str
    note: str
    hits: tuple[ExampleHit, ...]


@dataclass(frozen=True)
class SearchCard:
    """One garment and its results, as the page shows them.

    Attributes:
        query: the photograph that asks.
        sought: category of the garment, or what else was searched with.
        ranker: name of the ranker.
        note: a sentence on what went otherwise than usual; "" for none.
        hits: results, the closest first.
    """

    query: QueryFigure
    sought: str
    ranker: str
    note: str
    hits: tuple[HitFigure, ...]


def render_searches(blocks: Sequence[SearchBlock], title: str) -> str:
    """The page as HTML in one piece, at most 5 MB; searches beyond are left out."""
    cards = (render("search_card", card=_card(block)) for block in blocks)
    searches = fit_in_page(cards, len(blocks), "searches")
    return render_page("search", title=title, searches=searches)


def _card(block: SearchBlock) -> SearchCard:
    whole = "whole photograph" if block.box_in_image is None else "garment"
    return SearchCard(
        query_figure(block.query, block.box_in_image),
        block.category or whole,
        block.ranker,
        block.note,
        hit_figures(block.hits, HIT_HEIGHT, judged=False),
    )
