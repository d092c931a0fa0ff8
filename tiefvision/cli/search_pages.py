"""The page of ``search --html``, made of answers."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from tiefvision.cli.options import indexed_text, minute_text
from tiefvision.files import replace_text
from tiefvision.ranking.registry import ranker_kind
from tiefvision.records import Garment

if TYPE_CHECKING:  # imported where something is searched, or a page is made
    from tiefvision.catalogue.answers import Answer
    from tiefvision.catalogue.loading import Indexed
    from tiefvision.finder import Finder
    from tiefvision.photos.reading import PhotoFile
    from tiefvision.report.search_page import SearchBlock, SearchedPhoto

TITLE = "Search results"


@dataclass(frozen=True)
class Answered:
    """A photograph, and the answer for one of its garments.

    Attributes:
        queries: the photographs as they were given; several show one thing, and none
            is there for a text alone.
        sources: their files, or their content.
        answer: the answer.
        found: all garments located in the photograph; () for several.
    """

    queries: tuple[Path, ...]
    sources: "tuple[PhotoFile, ...]"
    answer: "Answer"
    found: tuple[Garment, ...] = ()

    @property
    def is_several(self) -> bool:
        """Whether the answer is for several photographs together."""
        return len(self.queries) > 1


def search_terms(
    finder: "Finder", indexed: "Indexed", answers: Sequence[Answered], where: str
) -> list[tuple[str, str]]:
    """What was searched and how, as labels and values.

    Args:
        finder: the finder that searched.
        indexed: the catalogue.
        answers: at least one answer.
        where: condition on the items; "" for none.
    """
    ranker = answers[0].answer.ranker
    return [
        ("Catalogue", indexed_text(indexed)),
        ("Models", finder.models.label),
        ("Ranker", f"{ranker}: {ranker_kind(ranker).summary}"),
        *([("Text", answers[0].answer.text)] if answers[0].answer.text else []),
        *([("Condition", where)] if where else []),
        ("Searched", minute_text(time.time())),
    ]


def write_search_page(
    path: Path,
    answers: Sequence[Answered],
    root: Path,
    terms: Sequence[tuple[str, str]],
) -> None:
    """Write the page: a card for each photograph, its garments in it.

    Args:
        path: file of the page.
        answers: answers, those of one photograph after each other.
        root: folder that the paths of hits are relative to.
        terms: what was searched and how, as labels and values.
    """
    from tiefvision.report.search_page import render_searches

    photos = [
        _photo(list(group), root)
        for _, group in groupby(answers, key=lambda answered: answered.queries)
    ]
    replace_text(path, render_searches(photos, TITLE, terms))


def _photo(answered: Sequence[Answered], root: Path) -> "SearchedPhoto":
    from tiefvision.report.pictures import garment_marking
    from tiefvision.report.search_page import SearchedPhoto

    first = answered[0]
    return SearchedPhoto(
        first.sources,
        tuple(garment_marking(garment) for garment in first.found),
        tuple(_block(one, root) for one in answered),
    )


def _block(answered: Answered, root: Path) -> "SearchBlock":
    from tiefvision.datasets.files import photo_file
    from tiefvision.report.pictures import Marking
    from tiefvision.report.search_page import SearchBlock

    answer = answered.answer
    name = answer.label or answer.category
    if not answered.queries:
        name = answer.text
    return SearchBlock(
        Marking(answer.box, answer.category, name) if answer.box else None,
        name,
        answer.category,
        answer.note,
        answer.is_likely_there is False,
        tuple((hit, photo_file(root, hit.photo)) for hit in answer.hits),
    )
