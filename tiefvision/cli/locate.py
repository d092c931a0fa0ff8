"""``tiefvision locate``: find the garments in photographs."""

from pathlib import Path
from typing import Annotated, Any

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


@with_options
def locate(
    photos: Annotated[list[Path], typer.Argument(help="Files, or folders of them.")],
    options: Options,
    draw: Annotated[
        Path | None, typer.Option(help="Folder for pictures with the boxes drawn.")
    ] = None,
    models: ModelsOption = DEFAULT_MODELS,
) -> int:
    """Find the garments in photographs: category, box in pixels, score."""
    from tiefvision.photos.working import open_photo
    from tiefvision.report.drawing import save_drawing

    files = expand_photos(photos)
    locator = options.choose_models(models).locator(options.torch_device())
    rows: list[tuple[Any, ...]] = []
    unreadable = 0
    for number, file in enumerate(options.track(files, "locating", len(files))):
        try:
            photo = open_photo(file)
        except UnreadablePhoto as error:
            unreadable += 1
            _tell_unreadable(file, error, options)
            continue
        garments = locator.find(photo)
        if options.json:
            size = {"width": photo.width, "height": photo.height}
            found = [garment_record(garment) for garment in garments]
            print_line({"photo": str(file), **size, "garments": found})
        rows += _rows(file, garments)
        if draw:
            # The number keeps two files of one name apart.
            name = f"{number:04d}-{file.stem}.jpg"
            save_drawing(draw / name, photo, garments)
    if not options.json:
        print_table(("photo", "category", "box", "score"), rows)
    if draw and not options.quiet:
        say(f"The pictures are in {draw}.")
    return SOME_UNREADABLE if unreadable else DONE


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
