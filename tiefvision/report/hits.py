"""View models of a query and of what was found for it, as pictures."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tiefvision.photos.reading import PhotoFile
from tiefvision.records import Box
from tiefvision.report.thumbnails import thumbnail

QUERY_HEIGHT = 200
"""Pixels; the query is shown larger than its hits."""


@dataclass(frozen=True)
class ExampleHit:
    """One photograph found.

    Attributes:
        photo: file of the photograph.
        box_in_image: what was compared, in pixels of the photograph as it is in the
            file; None for the whole photograph.
        item: name of the item that the photograph shows.
        similarity: cosine in [-1, 1].
        right: whether the item is the one that the query asked for.
        match: remark on how likely it is the very product; "" for none.
    """

    photo: Path
    box_in_image: Box | None
    item: str
    similarity: float
    right: bool
    match: str = ""


@dataclass(frozen=True)
class QueryFigure:
    """The photograph that asks.

    Attributes:
        source: the picture as a data URI.
        name: name of the file, and whether its mirror image asks.
    """

    source: str
    name: str


@dataclass(frozen=True)
class HitFigure:
    """A photograph found.

    Attributes:
        source: the picture as a data URI.
        title: rank, item and name of the file.
        similarity: cosine as text, and how likely it is the very product.
        item: name of the item.
        right: whether it is marked as the right one.
    """

    source: str
    title: str
    similarity: str
    item: str
    right: bool


def query_figure(
    query: PhotoFile, box_in_image: Box | None, mirrored: bool = False
) -> QueryFigure:
    """The photograph that asks, with the name of its file.

    Args:
        query: file of the photograph, or its content.
        box_in_image: in pixels of the photograph as it is in the file; None for none.
        mirrored: whether the mirror image asks.
    """
    source = thumbnail(query, box_in_image, QUERY_HEIGHT, mirrored)
    name = "standard input" if isinstance(query, bytes) else query.name
    return QueryFigure(source, f"{name} (mirrored)" if mirrored else name)


def hit_figures(
    hits: Sequence[ExampleHit], height: int, *, judged: bool, from_end: bool = False
) -> tuple[HitFigure, ...]:
    """Photographs found, in their order.

    Args:
        hits: what was found, the closest first; with ``from_end`` the farthest first.
        height: height of a thumbnail in pixels.
        judged: whether the right ones are marked.
        from_end: whether ranks are counted from the end of the list.
    """
    place = "{}. from the end:" if from_end else "{}."
    return tuple(
        HitFigure(
            thumbnail(hit.photo, hit.box_in_image, height),
            f"{place.format(rank)} {hit.item}, {hit.photo.name}",
            f"{hit.similarity:.3f}{', ' * bool(hit.match)}{hit.match}",
            hit.item,
            judged and hit.right,
        )
        for rank, hit in enumerate(hits, start=1)
    )
