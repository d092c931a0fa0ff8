"""The page of ``tiefvision search --html``: photographs, garments and results."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tiefvision.photos.reading import PhotoFile
from tiefvision.report.colours import group_class
from tiefvision.report.hits import (
    NOTHING_LIKE_IT,
    Found,
    GarmentFigure,
    HitFigure,
    QueryFigure,
    hit_figure,
    hit_markings,
    hit_name,
    query_figure,
)
from tiefvision.report.markup import fit_in_page, render, render_page
from tiefvision.report.pictures import Marking, by_size, crop_figure, photo_figure

HIT_HEIGHT = 240
"""Pixels of a thumbnail: as high as its cell on most screens."""


@dataclass(frozen=True)
class SearchBlock:
    """One garment and its results.

    Attributes:
        marking: box of the garment, in pixels of the photograph as it is in the file;
            None if the whole photograph was searched with.
        sought: name of the garment, such as "skirt"; "" if unknown.
        category: group of the garment, which gives the colour; "" if unknown.
        note: a sentence on what went otherwise than usual; "" for none.
        nothing_like_it: whether no result may be the very product.
        hits: results, the closest first, and the files of their photographs.
    """

    marking: Marking | None
    sought: str
    category: str
    note: str
    nothing_like_it: bool
    hits: tuple[tuple[Found, Path], ...]


@dataclass(frozen=True)
class SearchedPhoto:
    """A photograph and the results for its garments.

    Attributes:
        queries: file of the photograph, or its content; several that show one thing
            are shown without boxes. () for a text alone.
        found: boxes of all its garments, those that did not search as well.
        blocks: the garments that searched.
    """

    queries: tuple[PhotoFile, ...]
    found: tuple[Marking, ...]
    blocks: tuple[SearchBlock, ...]


@dataclass(frozen=True)
class SearchCard:
    """A photograph and the results for its garments, as the page shows them."""

    queries: tuple[QueryFigure, ...]
    garments: tuple[GarmentFigure, ...]


def render_searches(
    photos: Sequence[SearchedPhoto], title: str, terms: Sequence[tuple[str, str]] = ()
) -> str:
    """The page as HTML in one piece, at most 5 MB; photographs beyond are left out.

    Args:
        photos: photographs with their results.
        title: title of the page.
        terms: what was searched and how, as labels and values.
    """
    cards = (render("search_card", card=_card(photo)) for photo in photos)
    searches = fit_in_page(cards, len(photos), "photographs")
    return render_page("search", title=title, terms=terms, searches=searches)


def _card(photo: SearchedPhoto) -> SearchCard:
    if len(photo.queries) != 1:
        queries = tuple(query_figure(query, ()) for query in photo.queries)
        return SearchCard(queries, tuple(_garment(None, one) for one in photo.blocks))
    (query,) = photo.queries
    searched = [block.marking for block in photo.blocks if block.marking]
    boxes = {marking.box_in_image for marking in searched}
    others = [one for one in photo.found if one.box_in_image not in boxes]
    return SearchCard(
        (query_figure(query, by_size([*others, *searched])),),
        tuple(_garment(query, block) for block in photo.blocks),
    )


def _garment(query: PhotoFile | None, block: SearchBlock) -> GarmentFigure:
    """One garment; without ``query`` the part that searched is not shown."""
    whole = "whole photograph" if block.marking is None else "garment"
    sought = block.sought or whole
    crop = None
    if query is not None:
        box = block.marking.box_in_image if block.marking else None
        crop = crop_figure(query, f"searched with: {sought}", HIT_HEIGHT, box)
    return GarmentFigure(
        sought,
        group_class(block.category),
        tuple(_hit(hit, file) for hit, file in block.hits),
        crop,
        note=block.note,
        nothing_like_it=NOTHING_LIKE_IT if block.nothing_like_it else "",
    )


def _hit(hit: Found, file: Path) -> HitFigure:
    picture = photo_figure(file, hit_name(hit), HIT_HEIGHT, hit_markings(hit))
    return hit_figure(hit, picture)
