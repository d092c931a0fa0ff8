"""``tiefvision locate``: find the garments in photographs."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tiefvision.catalogue.answer_records import garment_record
from tiefvision.cli.options import (
    DEFAULT_MODELS,
    ModelsOption,
    Options,
    minute_text,
    with_options,
)
from tiefvision.cli.output import box_text, print_line, print_table
from tiefvision.cli.photos import PhotosArgument, expand_photos
from tiefvision.cli.running import say
from tiefvision.errors import UnreadablePhoto
from tiefvision.files import replace_text
from tiefvision.records import Garment

if TYPE_CHECKING:  # torch takes seconds to import, which --help need not
    from tiefvision.catalogue.open_photo import OpenPhoto
    from tiefvision.report.markup import Markup

PAGE_NAME = "index.html"
"""File name of the page in the folder of ``--draw``; pictures begin with a number."""

KEPT_OF_NAME = 60
"""Characters of a photograph's name in that of its picture: the rest and up to 4 bytes
a character fit into the 255 bytes that file systems allow."""


@with_options
def locate(
    photos: PhotosArgument,
    options: Options,
    draw: Annotated[
        Path | None,
        typer.Option(help="Folder for pictures, and a page of them.", file_okay=False),
    ] = None,
    models: ModelsOption = DEFAULT_MODELS,
) -> int:
    """Find the garments in photographs: group, name, box in pixels, score."""
    given = expand_photos(photos)
    if given.none_is_there(options.json):
        return given.tell_left_out()
    rows: list[tuple[Any, ...]] = []
    cards: list[Markup] = []
    done = 0
    with options.finder(models) as finder:
        options.tell_used(finder.models)
        try:
            tracked = options.track(given.files, "locating", len(given.files))
            for number, file in enumerate(tracked):
                try:
                    photo = finder.open(given.source(file))
                except UnreadablePhoto as error:
                    given.tell_unreadable(file, error, options.json)
                    continue
                garments = photo.garments
                if draw:
                    # The number keeps two files of one name apart.
                    name = f"{number:04d}-{file.stem[:KEPT_OF_NAME]}.jpg"
                    cards += _draw(draw / name, file, photo, cards)
                done += 1
                if options.json:
                    print_line(_record(file, photo))
                rows += _rows(file, garments)
        finally:  # an interrupted command keeps the pictures that are finished
            if draw and cards:
                made = minute_text(time.time())
                terms = [("Models", finder.models.label), ("Located", made)]
                _write_page(draw / PAGE_NAME, cards, done, terms)
    if not options.json:
        print_table(("photo", "group", "name", "box", "score"), rows)
    if cards and not options.quiet:
        say(f"The pictures are in {draw}; {PAGE_NAME} there shows why.")
    return given.tell_left_out()


def _draw(
    picture: Path, file: Path, photo: "OpenPhoto", cards: "list[Markup]"
) -> "list[Markup]":
    """Save the picture of a photograph; its card, if the page has room for it."""
    from tiefvision.report.drawing import save_drawing
    from tiefvision.report.locating_page import LocatedPhoto, has_room, photo_card

    save_drawing(picture, photo.working, photo.garments)
    if not has_room(cards):
        return []
    shown = LocatedPhoto(str(file), photo.working, photo.garments, photo.explain())
    return [photo_card(shown)]


def _write_page(
    path: Path, cards: "list[Markup]", count: int, terms: list[tuple[str, str]]
) -> None:
    from tiefvision.report.locating_page import render_located

    replace_text(path, render_located(cards, count, "Garments found", terms))


def _record(file: Path, photo: "OpenPhoto") -> dict[str, Any]:
    size = {"width": photo.width, "height": photo.height}
    found = [garment_record(garment) for garment in photo.garments]
    return {"photo": str(file), **size, "garments": found}


def _rows(file: Path, garments: tuple[Garment, ...]) -> list[tuple[Any, ...]]:
    if not garments:
        return [(file, "nothing found", "", "", "")]
    return [
        (
            file,
            item.category,
            item.label,
            box_text(item.box_in_image),
            f"{item.score:.2f}",
        )
        for item in garments
    ]
