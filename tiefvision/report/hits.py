"""A query and what was found for it, as pictures."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tiefvision.records import Box
from tiefvision.report.markup import Markup, element
from tiefvision.report.thumbnails import thumbnail

QUERY_HEIGHT = 200
"""Pixels; the query is shown larger than its hits."""


@dataclass(frozen=True)
class ExampleHit:
    """One photograph found.

    Attributes:
        photo: Its file.
        box_in_image: What was compared; None for the whole photograph.
        item: What it shows.
        similarity: Cosine in [-1, 1].
        right: Whether it is what the query asked for.
    """

    photo: Path
    box_in_image: Box | None
    item: str
    similarity: float
    right: bool


def query_figure(
    path: Path, box_in_image: Box | None, mirrored: bool = False
) -> Markup:
    """The photograph that asks, with the name of its file.

    Args:
        path: Of the photograph.
        box_in_image: Of the photograph as it is in the file.
        mirrored: Its mirror image asks.
    """
    source = thumbnail(path, box_in_image, QUERY_HEIGHT, mirrored)
    name = f"{path.name} (mirrored)" if mirrored else path.name
    caption = element("span", {"class": "name", "title": name}, name)
    return element(
        "figure",
        {"class": "query"},
        element("img", {"src": source, "alt": f"query {name}"}),
        element("figcaption", {}, caption),
    )


def hit_row(
    hits: Sequence[ExampleHit],
    height: int,
    *,
    wrapped: bool,
    judged: bool,
    from_end: bool = False,
) -> Markup:
    """Photographs found, the closest first; a sentence where there are none.

    Args:
        hits: What was found.
        height: Of their thumbnails in pixels.
        wrapped: Go on in another line; otherwise the row can be moved sideways.
        judged: Mark the right ones.
        from_end: They are the farthest, the farthest first.
    """
    if not hits:
        return element("p", {"class": "quiet"}, "Nothing found.")
    figures = [
        _hit_figure(
            f"{rank}. from the end:" if from_end else f"{rank}.",
            hit,
            height,
            judged and hit.right,
        )
        for rank, hit in enumerate(hits, start=1)
    ]
    return element("div", {"class": "hits wrap" if wrapped else "hits"}, *figures)


def _hit_figure(place: str, hit: ExampleHit, height: int, right: bool) -> Markup:
    source = thumbnail(hit.photo, hit.box_in_image, height)
    caption = element(
        "figcaption",
        {},
        element("b", {}, f"{hit.similarity:.3f}{' ✓' if right else ''}"),
        element("span", {"class": "name"}, hit.item),
    )
    tooltip = f"{place} {hit.item}, {hit.photo.name}"
    return element(
        "figure",
        {"class": "right" if right else "", "title": tooltip},
        element("img", {"src": source, "alt": tooltip}),
        caption,
    )
