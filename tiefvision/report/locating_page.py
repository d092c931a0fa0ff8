"""The page of ``tiefvision locate --draw``: what was found in photographs, and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath

from PIL import Image

from tiefvision.evaluation.faults import closest_found
from tiefvision.locating.evidence import Evidence
from tiefvision.photos.working import WorkingPhoto
from tiefvision.records import Garment
from tiefvision.report.locating_panels import (
    HEAT_COLOURS,
    MOST_VOTERS,
    draw_found,
    draw_heat,
    draw_voters,
    shrink_photo,
)
from tiefvision.report.markup import (
    MAX_PAGE_BYTES,
    Markup,
    element,
    fit_in_page,
    render_page,
)
from tiefvision.report.thumbnails import data_uri

LEAD = (
    "Beside each photograph: the boxes found with their scores; the probability of the "
    "surest garment's category, the mean over the windows centred near a point; and "
    "the windows that voted for that garment."
)
"""What the panels of the cards are."""


@dataclass(frozen=True)
class LocatedPhoto:
    """A photograph, what was found in it, and why.

    Attributes:
        name: The path of its file, of which the page shows the end.
        photo: Its pixels.
        garments: What was found, the surest first.
        evidence: Why.
        wanted: What should have been found; drawn dashed.
        remark: A sentence on it; "" for none.
    """

    name: str
    photo: WorkingPhoto
    garments: tuple[Garment, ...]
    evidence: Evidence
    wanted: tuple[Garment, ...] = ()
    remark: str = ""


def photo_card(located: LocatedPhoto) -> Markup:
    """One photograph of the page: what was found in words, and three panels."""
    photo, garments = located.photo, located.garments
    small = shrink_photo(photo)
    path = PurePath(located.name)
    name = element("h3", {"class": "name", "title": located.name}, path.name)
    size = element("p", {"class": "quiet"}, f"{photo.width} x {photo.height} px")
    remark = [element("p", {}, located.remark)] if located.remark else []
    panels = (
        _panel(
            draw_found(small, garments, located.wanted),
            "boxes found",
            "Boxes found; dashed: wanted." if located.wanted else "Boxes found.",
        ),
        _panel(
            draw_heat(small, located.evidence.heat),
            "probability of a category",
            *_scale(garments),
        ),
        _panel(
            draw_voters(small, garments, located.evidence),
            "windows that voted",
            _about_voters(located),
        ),
    )
    return element(
        "article",
        {"class": "card asked"},
        element("div", {}, name, size, _told(located), *remark),
        element("div", {"class": "panels"}, *panels),
    )


def has_room(cards: Sequence[Markup]) -> bool:
    """Whether a page of these cards would take another one."""
    return sum(len(card.html) for card in cards) < MAX_PAGE_BYTES


def render_located(cards: Sequence[Markup], count: int, title: str) -> str:
    """The page as HTML in one piece, at most 5 MB; it says how many are left out.

    Args:
        cards: Of ``photo_card``; those beyond ``has_room`` need not be made.
        count: Photographs there are, with a card or without.
        title: Of the page.
    """
    if not count:
        return render_page(title, element("p", {}, "There is no photograph."))
    lead = element("p", {"class": "lead"}, LEAD)
    return render_page(title, lead, fit_in_page(cards, count, "photographs"))


def _told(located: LocatedPhoto) -> Markup:
    """What was found and what was wanted, a line each."""
    lines = [f"{item.category} {item.score:.2f}" for item in located.garments]
    lines = lines or ["nothing found"]
    lines += [_compared(item, located.garments) for item in located.wanted]
    return element(
        "ul", {"class": "told"}, *(element("li", {}, line) for line in lines)
    )


def _compared(wanted: Garment, garments: Sequence[Garment]) -> str:
    """What a wanted garment was found as, and how well."""
    overlap, found = closest_found(wanted, garments)
    if found is None:
        return f"wanted: {wanted.category}, not found"
    return f"wanted: {wanted.category}, IoU {overlap:.2f} with {found.category}"


def _about_voters(located: LocatedPhoto) -> str:
    count = len(located.evidence.weights)
    if not located.garments:
        return "No garment was found."
    shown = f"The weightiest {MOST_VOTERS} of " if count > MOST_VOTERS else ""
    windows = "window" if count == 1 else "windows"
    return (
        f"{shown}{count} {windows} that voted for: {located.garments[0].category}. "
        "The brighter, the more weight."
    )


def _scale(garments: Sequence[Garment]) -> tuple[Markup | str, ...]:
    """What the colours of the heat mean."""
    category = garments[0].category if garments else "likeliest category"
    colours = ", ".join(HEAT_COLOURS)
    ramp = {"class": "scale", "style": f"background: linear-gradient(90deg, {colours})"}
    return f"P({category}) 0", element("span", ramp), "1"


def _panel(picture: Image.Image, alternative: str, *caption: Markup | str) -> Markup:
    source = {"src": data_uri(picture), "alt": alternative}
    return element(
        "figure", {}, element("img", source), element("figcaption", {}, *caption)
    )
