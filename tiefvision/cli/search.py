"""``tiefvision search``: find a garment of a photograph in the catalogue."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tiefvision.cli.options import (
    DEFAULT_MODELS,
    ModelsOption,
    Options,
    with_options,
)
from tiefvision.cli.output import box_text, print_line, print_table, rounded_box
from tiefvision.cli.photos import expand_photos
from tiefvision.cli.running import DONE, SOME_UNREADABLE, say
from tiefvision.errors import UnreadablePhoto
from tiefvision.records import Box

if TYPE_CHECKING:
    from tiefvision.catalogue.searcher import Hit
    from tiefvision.locating.locator import Locator
    from tiefvision.photos.working import WorkingPhoto

DEFAULT_K = 10

ONE_ITEM = "the gallery holds one item alone, which every search will find."


@dataclass(frozen=True)
class Part:
    """What of a photograph is searched for; unsure where no garment was told."""

    box_in_image: Box | None
    category: str
    note: str = ""
    unsure: bool = False


@dataclass(frozen=True)
class Answer:
    """A photograph, what was searched for, and what was found."""

    query: Path
    part: Part
    hits: tuple["Hit", ...]


@with_options
def search(
    photos: Annotated[list[Path], typer.Argument(help="Files, or folders of them.")],
    options: Options,
    k: Annotated[int, typer.Option(min=1, help="Items to list.")] = DEFAULT_K,
    ranker: Annotated[str, typer.Option(help="Default: deeprank if trained.")] = "",
    category: Annotated[str, typer.Option(help="Only garments of this kind.")] = "",
    box: Annotated[
        str, typer.Option(help="x0,y0,x1,y1 in pixels, instead of locating.")
    ] = "",
    whole: Annotated[
        bool, typer.Option("--whole", help="The whole photograph, without locating.")
    ] = False,
    html: Annotated[Path | None, typer.Option(help="A page with thumbnails.")] = None,
    models: ModelsOption = DEFAULT_MODELS,
) -> int:
    """Locate the garments of photographs and list the closest in the catalogue."""
    from tiefvision.catalogue.loading import load_searcher
    from tiefvision.models.trained import ranker_name
    from tiefvision.photos.working import open_photo

    given = parse_box(box)
    if given and whole:
        raise typer.BadParameter("--box and --whole exclude each other.")
    device = options.torch_device()
    chosen = options.choose_models(models)
    locator = chosen.locator(device)
    name = ranker_name(chosen, ranker)
    searcher, root = load_searcher(options.run, chosen, name, device)
    files = expand_photos(photos)
    items = searcher.item_count
    if not options.quiet:
        _note_size(items, k)
    answers: list[Answer] = []
    unreadable = 0
    for file in options.track(files, "searching", len(files)):
        try:
            photo = open_photo(file)
        except UnreadablePhoto as error:
            unreadable += 1
            if options.json:
                print_line({"photo": str(file), "error": str(error)})
            else:
                say(f"Skipped: {error}")
            continue
        for part in _parts(photo, locator, category, given, whole):
            hits = searcher.nearest(photo, part.box_in_image, k)
            answers.append(Answer(file, part, tuple(hits)))
            if options.json:
                print_line(_record(answers[-1], name) | _size_record(items, k))
            else:
                _print_answer(answers[-1], name)
    if html:
        _write_page(html, answers, root, name)
        if not options.quiet:
            say(f"The page is {html}.")
    return SOME_UNREADABLE if unreadable else DONE


def _note_size(items: int, k: int) -> None:
    """Tell of a gallery in which a list says little, or is shorter than asked for."""
    if items == 1:
        say(f"Note: {ONE_ITEM}")
    elif items < k:
        say(f"Note: the gallery holds {items} items, fewer than the {k} of --k.")


def _size_record(items: int, k: int) -> dict[str, int]:
    """Why a list is shorter than asked for."""
    return {"gallery_items": items} if items < k else {}


def parse_box(text: str) -> Box | None:
    """Four numbers, or None for an empty text.

    Raises:
        typer.BadParameter: It is not a box.
    """
    if not text:
        return None
    try:
        x0, y0, x1, y1 = (float(part) for part in text.split(","))
    except ValueError as error:
        raise typer.BadParameter(f"--box {text} is not x0,y0,x1,y1.") from error
    if not (0 <= x0 < x1 < math.inf and 0 <= y0 < y1 < math.inf):
        raise typer.BadParameter(
            f"--box {text} is empty, reversed, negative or endless."
        )
    return x0, y0, x1, y1


def _parts(
    photo: "WorkingPhoto",
    locator: "Locator",
    category: str,
    given: Box | None,
    whole: bool,
) -> Iterator[Part]:
    if given:
        if given[0] >= photo.width or given[1] >= photo.height:
            size = f"{photo.width} x {photo.height}"
            raise typer.BadParameter(f"--box lies outside a photograph of {size} px.")
        yield Part(given, category, "box as given")
        return
    if whole:
        yield Part(None, category, "whole photograph, as asked")
        return
    from tiefvision.locating.findings import is_unsure

    found = locator.find_to_search(photo)
    garments = [item for item in found if category in ("", item.category)]
    for garment in garments:
        unsure = is_unsure(garment, locator.telling)
        note = f"{garment.category} with a score of only {garment.score:.2f}"
        yield Part(
            garment.box_in_image, garment.category, note if unsure else "", unsure
        )
    if not garments:
        sought = category or "garment"
        yield Part(None, "", f"no {sought} found: searched with the whole photograph")


def _record(answer: Answer, ranker: str) -> dict[str, Any]:
    part = answer.part
    record: dict[str, Any] = {
        "query": str(answer.query),
        "ranker": ranker,
        "box": rounded_box(part.box_in_image),
        "category": part.category,
        "results": [
            {
                "rank": hit.rank,
                "item": hit.item,
                "photo": hit.photo,
                "similarity": round(hit.similarity, 4),
            }
            for hit in answer.hits
        ],
    }
    if part.unsure:
        record["unsure"] = True
    return record | ({"note": part.note} if part.note else {})


def _print_answer(answer: Answer, ranker: str) -> None:
    part = answer.part
    place = f"{part.category} at {box_text(part.box_in_image)}"
    said = f"{place}, unsure: {part.note}" if part.unsure else part.note or place
    rows = [
        (hit.rank, hit.item, hit.photo, f"{hit.similarity:.3f}") for hit in answer.hits
    ]
    typer.echo(f"{answer.query}: {said} ({ranker})")
    print_table(("rank", "item", "photo", "similarity"), rows)


def _write_page(path: Path, answers: list[Answer], root: Path, ranker: str) -> None:
    from tiefvision.datasets.files import photo_file
    from tiefvision.report.comparison_page import ExampleHit
    from tiefvision.report.search_page import SearchBlock, render_searches

    blocks = [
        SearchBlock(
            query=answer.query,
            box_in_image=answer.part.box_in_image,
            category=answer.part.category,
            ranker=ranker,
            note=answer.part.note,
            hits=tuple(
                ExampleHit(
                    photo_file(root, hit.photo), None, hit.item, hit.similarity, False
                )
                for hit in answer.hits
            ),
        )
        for answer in answers
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    page = render_searches(blocks, "Search results")
    path.write_text(page, encoding="utf-8", errors="backslashreplace")
