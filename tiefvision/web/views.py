"""View models of the search page: what was asked, and what was found."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from tiefvision.catalogue.queries import outfits_last
from tiefvision.records import Box, Garment
from tiefvision.report.colours import group_class
from tiefvision.report.hits import (
    NOTHING_LIKE_IT,
    GarmentFigure,
    HitFigure,
    hit_figure,
    hit_name,
)
from tiefvision.report.pictures import Marking, PictureFigure, picture_figure
from tiefvision.web.parameters import SearchParameters, box_text

if TYPE_CHECKING:
    from tiefvision.catalogue.answers import Answer
    from tiefvision.catalogue.open_photo import OpenPhoto
    from tiefvision.catalogue.searcher import Hit

SizeOf = Callable[["Hit"], tuple[int, int]]

Elsewhere = Mapping[str, Sequence[str]]
Parameters = TypeVar("Parameters", bound=SearchParameters)


CROP_HEIGHT, HIT_HEIGHT, STAGE_HEIGHT = 360, 360, 1100
"""Pixels of pictures: about twice what is shown, for screens of high density."""


@dataclass(frozen=True)
class Tab:
    """A garment to search with.

    Attributes:
        index: number of its box; -1 for the whole photograph.
        name: its finest name.
        about: its score as text; "" for none.
        state: CSS class of its group.
        link: address of the search.
        is_current: whether this one is searched with.
    """

    index: int
    name: str
    about: str
    state: str
    link: str
    is_current: bool


@dataclass(frozen=True)
class Stage:
    """The photograph, its garments, and which of them is searched with.

    Attributes:
        reference: reference of the photograph.
        source: address of the picture.
        width: pixels of the photograph.
        height: pixels of the photograph.
        boxes: boxes as JSON: "box", "group" and "name" of each.
        chosen: index of the box that searches; -1 for none.
        tabs: a tab for each garment, then one for the whole photograph.
    """

    reference: str
    source: str
    width: int
    height: int
    boxes: str
    chosen: int
    tabs: tuple[Tab, ...]


def garments_in_order(photo: "OpenPhoto") -> list[Garment]:
    """The garments to search with: named ones first, outfits last."""
    return outfits_last(photo.to_search)


def stage_of(photo: "OpenPhoto", asked: SearchParameters) -> Stage:
    """The photograph as the page shows it.

    Args:
        photo: located photograph.
        asked: what is searched for; a box that is no garment's comes last.
    """
    garments = garments_in_order(photo)
    texts = [box_text(garment.box_in_image) for garment in garments]
    boxes = [
        {"box": garment.box_in_image, "group": garment.category, "name": garment.name}
        for garment in garments
    ]
    chosen = texts.index(asked.box) if asked.box in texts else -1
    if chosen < 0 and asked.box_in_image:
        chosen = len(boxes)
        group = asked.category
        boxes.append({"box": asked.box_in_image, "group": group, "name": group})
    tabs = [
        Tab(
            index,
            garment.name,
            f"{garment.score:.2f}",
            group_class(garment.category),
            asked.link(box=text, category=garment.category, whole=False),
            index == chosen,
        )
        for index, (garment, text) in enumerate(zip(garments, texts, strict=True))
    ]
    whole = asked.link(box="", category="", whole=True)
    tabs.append(Tab(-1, "whole photograph", "", "", whole, chosen < 0))
    reference = asked.photo[0]
    return Stage(
        reference,
        f"/pictures/{reference}?height={STAGE_HEIGHT}",
        photo.width,
        photo.height,
        json.dumps(boxes),
        chosen,
        tuple(tabs),
    )


def as_first_garment(photo: "OpenPhoto", asked: Parameters) -> Parameters:
    """The same search, with the first garment where none was chosen."""
    if asked.box or asked.whole or len(asked.photo) > 1:
        return asked
    for garment in garments_in_order(photo):
        if asked.category in ("", garment.category):
            chosen = {
                "box": box_text(garment.box_in_image),
                "category": garment.category,
            }
            return asked.model_copy(update=chosen)
    return asked.model_copy(update={"whole": True})


def found_of(
    answer: "Answer", asked: SearchParameters, size_of: "SizeOf", elsewhere: "Elsewhere"
) -> GarmentFigure:
    """An answer as the page shows it.

    Args:
        answer: answer of a search.
        asked: what was searched for.
        size_of: function from a hit to width and height of its photograph.
        elsewhere: ranks of the items by other rankers, as in "cosine rank 41".
    """
    box = box_text(answer.box)
    part = f"&box={box}" if box else ""
    source = f"/pictures/{asked.photo[0]}?height={CROP_HEIGHT}{part}"
    sought = answer.label or answer.category
    return GarmentFigure(
        sought or ("this part" if box else "the whole photograph"),
        group_class(answer.category),
        tuple(
            _hit(hit, asked, size_of(hit), elsewhere.get(hit.item, ()))
            for hit in answer.hits
        ),
        PictureFigure(source, "the part that searched"),
        f"by {answer.ranker}",
        "" if answer.box or answer.note.endswith("as asked") else answer.note,
        NOTHING_LIKE_IT if answer.is_likely_there is False else "",
    )


def _hit(
    hit: "Hit", asked: SearchParameters, size: tuple[int, int], elsewhere: Sequence[str]
) -> HitFigure:
    again = asked.link(photo=[f"row-{hit.row}"], box="", category="", whole=False)
    picture = row_figure(hit.row, hit_name(hit), size, hit.box_in_image, hit.category)
    return hit_figure(hit, picture, elsewhere, again)


def row_figure(
    number: int,
    alternative: str,
    size: tuple[int, int],
    box_in_image: Box | None,
    category: str,
) -> PictureFigure:
    """The photograph of a row of the catalogue, with the box that is compared.

    Args:
        number: number of the row.
        alternative: the picture in words.
        size: width and height of the photograph; (0, 0) if it cannot be read, and then
            no box is drawn.
        box_in_image: the box in pixels of the photograph; None for none.
        category: group of the garment in it.
    """
    boxes = [Marking(box_in_image, category, kind="")] if box_in_image else []
    source = f"/pictures/row-{number}?height={HIT_HEIGHT}"
    return picture_figure(source, alternative, size, boxes if size[0] else [])
