"""The page of ``tiefvision locate --draw``: what was found in photographs, and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath

from tiefvision.evaluation.faults import closest_found
from tiefvision.locating.evidence import Evidence
from tiefvision.photos.working import WorkingPhoto
from tiefvision.records import Garment
from tiefvision.report.colours import group_class
from tiefvision.report.locating_panels import (
    HEAT_COLOURS,
    MOST_VOTERS,
    draw_heat,
    draw_voters,
    shrink_photo,
)
from tiefvision.report.markup import (
    MAX_PAGE_BYTES,
    Markup,
    fit_in_page,
    render,
    render_page,
)
from tiefvision.report.pictures import (
    PictureFigure,
    by_size,
    garment_marking,
    working_figure,
)
from tiefvision.report.thumbnails import data_uri

LEAD = (
    "Each photograph with the boxes found and their scores. Below it, folded, is the "
    "evidence: the probability of the surest garment's category, the mean over the "
    "windows centred near a point; and the windows that voted for that garment."
)
"""What the cards show."""

FOUND_HEIGHT = 440
"""Pixels of the picture with boxes: as high as it is shown on most screens."""


@dataclass(frozen=True)
class LocatedPhoto:
    """A photograph, what was found in it, and why.

    Attributes:
        name: path of the file; the page shows the name of the file alone.
        photo: pixels of the photograph.
        garments: the garments found, the surest first.
        evidence: what the surest garment was found by.
        wanted: the annotated garments, drawn dashed.
        remark: a sentence on the photograph; "" for none.
    """

    name: str
    photo: WorkingPhoto
    garments: tuple[Garment, ...]
    evidence: Evidence
    wanted: tuple[Garment, ...] = ()
    remark: str = ""


@dataclass(frozen=True)
class Told:
    """A line on a garment, and the CSS class of its colour."""

    text: str
    state: str


@dataclass(frozen=True)
class PhotoCard:
    """A photograph as the page shows it; pictures are data URIs.

    Attributes:
        path: path of the file.
        name: name of the file.
        size: width and height in pixels.
        told: what was found and what was wanted, a line each.
        remark: a sentence on the photograph; "" for none.
        found: the photograph with the boxes found, and dashed ones of those wanted.
        wanted: whether there are dashed boxes.
        heat: picture of the probability of ``category``.
        category: category of the surest garment.
        colours: CSS colours of the probabilities from 0 to 1.
        voters: picture of the windows that voted.
        about_voters: what the picture of the windows shows.
    """

    path: str
    name: str
    size: str
    told: tuple[Told, ...]
    remark: str
    found: PictureFigure
    wanted: bool
    heat: str
    category: str
    colours: tuple[str, ...]
    voters: str
    about_voters: str


def photo_card(located: LocatedPhoto) -> Markup:
    """One photograph of the page: what was found in words, and three panels."""
    photo, garments, evidence = located.photo, located.garments, located.evidence
    small = shrink_photo(photo)
    card = PhotoCard(
        path=located.name,
        name=PurePath(located.name).name,
        size=f"{photo.width} x {photo.height} px",
        told=_told(located),
        remark=located.remark,
        found=_found(located),
        wanted=bool(located.wanted),
        heat=data_uri(draw_heat(small, evidence.heat)),
        category=garments[0].category if garments else "likeliest category",
        colours=HEAT_COLOURS,
        voters=data_uri(draw_voters(small, garments, evidence)),
        about_voters=_about_voters(located),
    )
    return render("located_card", card=card)


def has_room(cards: Sequence[Markup]) -> bool:
    """Whether a page of these cards would take another one."""
    return sum(len(card) for card in cards) < MAX_PAGE_BYTES


def render_located(
    cards: Sequence[Markup],
    count: int,
    title: str,
    terms: Sequence[tuple[str, str]] = (),
) -> str:
    """The page as HTML in one piece, at most 5 MB; it says how many are left out.

    Args:
        cards: cards that ``photo_card`` made; those beyond ``has_room`` need not be
            made.
        count: number of photographs, with a card or without.
        title: title of the page.
        terms: what located, as labels and values.
    """
    photographs = fit_in_page(cards, count, "photographs")
    return render_page(
        "located", title=title, lead=LEAD, terms=terms, photographs=photographs
    )


def _found(located: LocatedPhoto) -> PictureFigure:
    """The photograph with its boxes: the smaller above, and what was wanted on top."""
    found = by_size(garment_marking(one, "strong") for one in located.garments)
    wanted = [garment_marking(one, "wanted") for one in located.wanted]
    name = PurePath(located.name).name
    return working_figure(located.photo, name, FOUND_HEIGHT, [*found, *wanted])


def _told(located: LocatedPhoto) -> tuple[Told, ...]:
    """What was found and what was wanted, a line each."""
    found = [
        Told(f"{_named(item)} {item.score:.2f}", group_class(item.category))
        for item in located.garments
    ]
    wanted = (Told(_compared(item, located.garments), "") for item in located.wanted)
    return (*(found or [Told("nothing found", "")]), *wanted)


def _named(garment: Garment) -> str:
    """Group and label of a garment, as far as they are known."""
    if not garment.label or garment.label_score is None:
        return garment.category
    return f"{garment.category} ({garment.label} {garment.label_score:.2f})"


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
