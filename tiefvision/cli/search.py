"""``tiefvision search``: find a garment of a photograph in the catalogue."""

import math
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tiefvision.catalogue.answer_records import answer_record
from tiefvision.catalogue.words import TEXT_WEIGHT, words_of
from tiefvision.cli.completing import complete_category, complete_ranker
from tiefvision.cli.options import (
    DEFAULT_MODELS,
    ModelsOption,
    Options,
    PageOption,
    with_options,
)
from tiefvision.cli.output import (
    box_text,
    path_text,
    print_line,
    print_table,
    print_text,
    print_unfolded,
)
from tiefvision.cli.photos import SomePhotosArgument, expand_photos
from tiefvision.cli.previews import PreviewOption, choose_preview, print_preview
from tiefvision.cli.search_pages import Answered, search_terms, write_search_page
from tiefvision.errors import UnreadablePhoto
from tiefvision.finder import DEFAULT_K
from tiefvision.progress import choose_track
from tiefvision.ranking.own import load_ranker
from tiefvision.records import Box
from tiefvision.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tiefvision.catalogue.open_photo import OpenPhoto
    from tiefvision.catalogue.searcher import Hit
    from tiefvision.cli.photos import GivenPhotos
    from tiefvision.cli.terminals import Protocol
    from tiefvision.finder import Finder
    from tiefvision.photos.reading import PhotoFile

ONE_ITEM = "the gallery holds one item alone, which every search will find."


WhereOption = Annotated[
    str,
    typer.Option(
        help="Only items that meet a condition on their columns, such as "
        "\"price < 50 and category == 'dress'\"."
    ),
]

TogetherOption = Annotated[
    bool,
    typer.Option(
        "--together", help="The photographs show one thing: one list for all."
    ),
]

CategoryOption = Annotated[
    str,
    typer.Option(help="Only garments of this group.", autocompletion=complete_category),
]

BoxOption = Annotated[
    str, typer.Option(help="Box to search with: x0,y0,x1,y1 in pixels.")
]

WholeOption = Annotated[
    bool, typer.Option("--whole", help="Search with the whole photograph.")
]

AnyCategoryOption = Annotated[
    bool, typer.Option("--any-category", help="Search the items of every group.")
]

TextOption = Annotated[
    str,
    typer.Option(
        help="What to search for in words, alone or beside a photograph; by the ranker "
        "clip, which tiefvision models --add keeps."
    ),
]

TextWeightOption = Annotated[
    float, typer.Option(min=0, max=1, help="Share of --text beside a photograph.")
]

TOLD = ("title", "price")
"""Columns of items.csv that the table and the page show; JSON holds all."""


@with_options
def search(
    options: Options,
    photos: SomePhotosArgument = None,
    text: TextOption = "",
    text_weight: TextWeightOption = TEXT_WEIGHT,
    k: Annotated[int, typer.Option(min=1, help="Items to list.")] = DEFAULT_K,
    ranker: Annotated[
        str,
        typer.Option(
            help="A ranker that was indexed, or its FILE.py:CLASS. Default: deeprank "
            "if trained.",
            autocompletion=complete_ranker,
        ),
    ] = "",
    category: CategoryOption = "",
    box: BoxOption = "",
    whole: WholeOption = False,
    any_category: AnyCategoryOption = False,
    where: WhereOption = "",
    together: TogetherOption = False,
    html: PageOption = None,
    preview: PreviewOption = False,
    models: ModelsOption = DEFAULT_MODELS,
) -> int:
    """Locate the garments of photographs and list the closest in the catalogue.

    With --text, alone or beside a photograph, also what words describe.
    """
    box_in_image, ranker = parse_box(box), load_ranker(ranker)
    _require_consistent(box_in_image, whole, together, preview and options.json)
    if preview and not photos:
        raise typer.BadParameter("--preview shows a photograph, and there is none.")
    words_of(text, text_weight, bool(photos), box_in_image, whole)
    given = expand_photos(photos or [], some=not text)
    answers: list[Answered] = []
    with options.finder(models) as finder:
        finder.require_searchable(ranker, category, bool(text))
        require_condition(where)
        if photos and given.none_is_there(options.json):
            return given.tell_left_out()
        indexed = finder.indexed
        options.tell_used(finder.models, indexed)
        _note_size(indexed.items, k, options)
        protocol = choose_preview(preview)
        how: dict[str, Any] = {"k": k, "ranker": ranker, "whole": whole}
        how |= {"category": category, "any_category": any_category, "where": where}
        how |= {"text": text, "text_weight": text_weight}
        found = _answers(finder, given, box_in_image, together, how, options, protocol)
        try:
            for answered in found:
                answers.append(answered)
                print_preview(answered, indexed.root, protocol)
                _tell(answered, indexed.items, k, options.json)
        finally:  # an interrupted command keeps the answers that are finished
            if html and answers:
                terms = search_terms(finder, indexed, answers, where)
                write_search_page(html, answers, indexed.root, terms)
                options.note(f"The page is {html}.")
    return given.tell_left_out()


def _require_consistent(
    box: Box | None, whole: bool, together: bool, two_outputs: bool
) -> None:
    """Refuse options that exclude each other. Raises typer.BadParameter."""
    if box and whole:
        raise typer.BadParameter("--box and --whole exclude each other.")
    if box and together:
        raise typer.BadParameter("--box holds for one photograph, not --together.")
    if two_outputs:
        raise typer.BadParameter("--preview and --json exclude each other.")


def _answers(
    finder: "Finder",
    given: "GivenPhotos",
    box: Box | None,
    together: bool,
    how: dict[str, Any],
    options: Options,
    protocol: "Protocol",
) -> "Iterator[Answered]":
    """The answers of each photograph, or of all together, as they are found."""
    from tiefvision.ranking.embedding_checks import BadEmbedding

    if not given.files:  # a text alone
        yield from (Answered((), (), one) for one in finder.search(None, **how))
    opened: list[tuple[Path, PhotoFile, OpenPhoto]] = []
    # A bar would be drawn over pictures.
    track = choose_track(quiet=options.quiet or bool(protocol))
    for file in track(given.files, "searching", len(given.files)):
        try:
            source = given.source(file)
            photo = finder.open(source)
        except UnreadablePhoto as error:
            given.tell_unreadable(file, error, options.json)
            continue
        if together:
            opened.append((file, source, photo))
            continue
        try:
            answers = finder.search(photo, box, **how)
        except BadEmbedding as error:
            raise error.naming({"": str(file)}) from error
        for answer in answers:
            # Where none was asked for, the garments are located by now.
            found = () if box or how["whole"] else photo.garments
            yield Answered((file,), (source,), answer, found)
    if opened:
        files, sources, photos = zip(*opened, strict=True)
        for answer in finder.search_together(photos, **how):
            yield Answered(files, sources, answer)


def require_condition(where: str) -> None:
    """Refuse a condition that cannot be understood. Raises BadUsage."""
    if where:
        from tiefvision.catalogue.where import parse_where

        parse_where(where)


def _note_size(items: int, k: int, options: Options) -> None:
    """Print notes on a gallery of one item, and on lists shorter than asked for."""
    if items == 1:
        options.note(f"Note: {ONE_ITEM}")
    elif items < k:
        options.note(
            f"Note: the gallery holds {items} items, fewer than the {k} of --k."
        )


def _tell(answered: Answered, items: int, k: int, json: bool) -> None:
    """Print an answer from a gallery of ``items`` items, in which k were asked for."""
    if json:
        print_line(_record(answered) | _size_record(items, k))
    else:
        _print_answer(answered)


def _record(answered: Answered) -> dict[str, Any]:
    record: dict[str, Any] = {"query": None}
    if answered.queries:
        record["query"] = str(answered.queries[0])
    if answered.is_several:
        record["queries"] = [*map(str, answered.queries)]
    return record | answer_record(answered.answer)


def _size_record(items: int, k: int) -> dict[str, int]:
    """The reason why a list is shorter than asked for."""
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


def _match_text(match: float | None) -> str:
    """A probability of a match in a table, such as "likely 0.81"."""
    from tiefvision.ranking.matching import in_words

    return "" if match is None else f"{in_words(match)} {match:.2f}"


def _item_text(hit: "Hit") -> str:
    """An item in a table, with the number of its other colours."""
    if not hit.more_variants:
        return hit.item
    return f"{hit.item} +{counted(hit.more_variants, 'colour')}"


def _column_text(hit: "Hit", name: str) -> str:
    """A column of items.csv in a table; whole numbers without a point."""
    value = hit.columns.get(name, "")
    return f"{value:g}" if isinstance(value, float) else value


def _photo_text(hit: "Hit") -> str | PurePath:
    """The photograph of a result in a table, with what became of its file."""
    state = _state_text(hit)
    return f"{hit.photo} {state}" if state else PurePath(hit.photo)


def _state_text(hit: "Hit") -> str:
    """What became of the file of a result: "(gone)", "(changed)" or ""."""
    return f"({hit.file_state})" if hit.file_state else ""


def _print_answer(answered: Answered) -> None:
    answer = answered.answer
    name = answer.label or answer.category
    place = f"{name} at {box_text(answer.box)}"
    said = answer.note or place
    if answer.note and answer.category:
        said = f"{place}, {'unsure: ' if answer.query.unsure else ''}{answer.note}"
    if answered.is_several:
        said = f"{name or 'whole'} of {len(answered.queries)} photographs"
    calibrated = any(hit.match is not None for hit in answer.hits)
    told = [name for name in TOLD if any(name in hit.columns for hit in answer.hits)]
    rows = [
        (
            hit.rank,
            _item_text(hit),
            *(_column_text(hit, name) for name in told),
            _photo_text(hit),
            f"{hit.similarity:.3f}",
            *([_match_text(hit.match)] if calibrated else []),
        )
        for hit in answer.hits
    ]
    if answered.queries:
        if answer.text:
            said = f"{said}, with the text {answer.text!r}"
        ended = f": {said} ({answer.ranker})"
        print_unfolded(f"{path_text(answered.queries[0], beside=len(ended))}{ended}")
    else:
        print_unfolded(f"{said} ({answer.ranker})")
    header = ("rank", "item", *told, "photo", "similarity", "match")
    print_table(header if calibrated else header[:-1], rows)
    if answer.is_likely_there is False:
        print_text("Probably none of these is the very product.")
