"""``tiefvision locate``: find the garments in photographs."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tiefvision.cli.options import (
    DEFAULT_MODELS,
    ModelsOption,
    Options,
    with_options,
)
from tiefvision.cli.output import box_text, garment_record, print_line, print_table
from tiefvision.cli.photos import expand_photos
from tiefvision.cli.running import DONE, SOME_UNREADABLE, say
from tiefvision.errors import UnreadablePhoto
from tiefvision.records import Garment

if TYPE_CHECKING:  # torch takes seconds to import, which --help need not
    from tiefvision.locating.locator import Locator
    from tiefvision.photos.working import WorkingPhoto
    from tiefvision.report.markup import Markup

PAGE_NAME = "index.html"
"""Of the page beside the pictures of ``--draw``, which all begin with a number."""


@with_options
def locate(
    photos: Annotated[list[Path], typer.Argument(help="Files, or folders of them.")],
    options: Options,
    draw: Annotated[
        Path | None, typer.Option(help="Folder for pictures, and a page of them.")
    ] = None,
    models: ModelsOption = DEFAULT_MODELS,
) -> int:
    """Find the garments in photographs: category, box in pixels, score."""
    from tiefvision.photos.working import open_photo
    from tiefvision.report.locating_page import has_room

    files = expand_photos(photos)
    locator = options.choose_models(models).locator(options.torch_device())
    rows: list[tuple[Any, ...]] = []
    cards: list[Markup] = []
    done = unreadable = 0
    try:
        for number, file in enumerate(options.track(files, "locating", len(files))):
            try:
                photo = open_photo(file)
            except UnreadablePhoto as error:
                unreadable += 1
                _tell_unreadable(file, error, options)
                continue
            if draw:
                # The number keeps two files of one name apart.
                picture = draw / f"{number:04d}-{file.stem}.jpg"
                garments, card = _draw(picture, file, photo, locator, has_room(cards))
                cards += card
            else:
                garments = locator.find(photo)
            done += 1
            if options.json:
                print_line(_record(file, photo, garments))
            rows += _rows(file, garments)
    finally:  # what was finished is kept when the command is interrupted
        if draw and cards:
            _write_page(draw / PAGE_NAME, cards, done)
    if not options.json:
        print_table(("photo", "category", "box", "score"), rows)
    if cards and not options.quiet:
        say(f"The pictures are in {draw}; {PAGE_NAME} there shows why.")
    return SOME_UNREADABLE if unreadable else DONE


def _draw(
    picture: Path, file: Path, photo: "WorkingPhoto", locator: "Locator", room: bool
) -> tuple[tuple[Garment, ...], "list[Markup]"]:
    """Save the picture; the garments, and a card if the page has room for it."""
    from tiefvision.report.drawing import save_drawing
    from tiefvision.report.locating_page import LocatedPhoto, photo_card

    if not room:
        garments = locator.find(photo)
        save_drawing(picture, photo, garments)
        return garments, []
    garments, evidence = locator.explain(photo)
    save_drawing(picture, photo, garments)
    return garments, [photo_card(LocatedPhoto(str(file), photo, garments, evidence))]


def _write_page(path: Path, cards: "list[Markup]", count: int) -> None:
    from tiefvision.report.locating_page import render_located

    page = render_located(cards, count, "Garments found")
    path.write_text(page, encoding="utf-8", errors="backslashreplace")


def _record(
    file: Path, photo: "WorkingPhoto", garments: tuple[Garment, ...]
) -> dict[str, Any]:
    size = {"width": photo.width, "height": photo.height}
    found = [garment_record(garment) for garment in garments]
    return {"photo": str(file), **size, "garments": found}


def _rows(file: Path, garments: tuple[Garment, ...]) -> list[tuple[Any, ...]]:
    if not garments:
        return [(file, "nothing found", "", "")]
    return [
        (file, item.category, box_text(item.box_in_image), f"{item.score:.2f}")
        for item in garments
    ]


def _tell_unreadable(file: Path, error: UnreadablePhoto, options: Options) -> None:
    if options.json:
        print_line({"photo": str(file), "error": str(error)})
    else:
        say(f"Skipped: {error}")
