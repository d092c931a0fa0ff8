"""Two rankers side by side on one query: what each finds, and what moved."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from tiefvision.ranking.registry import BASELINE, ranker_kind
from tiefvision.report.colours import ranker_classes
from tiefvision.report.hits import HitFigure
from tiefvision.report.pictures import (
    Marking,
    PictureFigure,
    garment_marking,
    picture_figure,
)
from tiefvision.web.parameters import Name, SearchParameters
from tiefvision.web.views import STAGE_HEIGHT, SizeOf, found_of, garments_in_order

if TYPE_CHECKING:
    from tiefvision.catalogue.answers import Answer
    from tiefvision.catalogue.open_photo import OpenPhoto
    from tiefvision.catalogue.searcher import Hit

DEPTH = 100
"""Results of each ranker among which the rank of an item is looked up."""

MOVES = 3
"""Items that are named because their ranks differ most."""


Ranks = tuple[Mapping[str, int], Mapping[str, int]]
"""The rank of each item in either of two lists."""


class CompareParameters(SearchParameters):
    """What to search for, where, and by which rankers."""

    left: Annotated[Name, Field(description="Empty for the baseline.")] = ""
    right: Annotated[Name, Field(description="Empty for the preferred one.")] = ""

    def link(self, path: str = "/compare", **changes: Any) -> str:
        """The address of the same comparison with some parameters changed."""
        return super().link(path, **changes)

    @property
    def search_link(self) -> str:
        """The address of the search by the right one of the rankers."""
        return self.link("/search", left="", right="", ranker=self.right)


@dataclass(frozen=True)
class Side:
    """One ranker and its results.

    Attributes:
        ranker: name of the ranker.
        about: what it compares.
        state: CSS class of its colour.
        hits: results, the closest first.
    """

    ranker: str
    about: str
    state: str
    hits: tuple[HitFigure, ...]


@dataclass(frozen=True)
class Compared:
    """Two rankers on one query, as the page shows them.

    Attributes:
        sought: what was searched for.
        state: CSS class of the colour of its group.
        crop: the part that searched.
        note: remark of the search; "" for none.
        agreement: how far the two lists agree, in a sentence.
        moves: the items whose ranks differ most, as in "coat-7: cosine 41 → deeprank
            2".
        sides: both rankers.
    """

    sought: str
    state: str
    crop: PictureFigure | None
    note: str
    agreement: str
    moves: tuple[str, ...]
    sides: tuple[Side, Side]


def chosen_rankers(
    asked: CompareParameters, indexed: Sequence[str], preferred: str
) -> tuple[str, str]:
    """The two rankers to compare.

    Args:
        asked: what was asked for; unknown rankers are returned as they are.
        indexed: at least two rankers.
        preferred: the one that a search uses.
    """
    right = asked.right or asked.ranker or preferred
    others = [name for name in indexed if name != right]
    return asked.left or (BASELINE if BASELINE in others else others[0]), right


def query_picture(photo: "OpenPhoto", asked: SearchParameters) -> PictureFigure:
    """The photograph that searches, with its garments; the one that searches strong."""
    reference = asked.photo[0]
    markings = [garment_marking(one) for one in garments_in_order(photo)]
    if asked.box_in_image:
        markings.append(Marking(asked.box_in_image, asked.category))
    return picture_figure(
        f"/pictures/{reference}?height={STAGE_HEIGHT}",
        "The photograph that searches",
        (photo.width, photo.height),
        markings,
    )


def compare_answers(
    left: "Answer",
    right: "Answer",
    asked: CompareParameters,
    size_of: SizeOf,
    sought: str = "",
) -> Compared:
    """Two answers to one query, side by side.

    Args:
        left: answer of one ranker, ``DEPTH`` results deep.
        right: answer of the other one, as deep.
        asked: what was asked for, with the number of results to show.
        size_of: function from a hit to width and height of its photograph.
        sought: name of the garment that searches; "" if unknown.
    """
    names = left.ranker, right.ranker
    ranks = _ranks(left.hits), _ranks(right.hits)
    items = dict.fromkeys([*ranks[0], *ranks[1]])
    moves = {item: (move_text(item, names, ranks),) for item in items}
    states = ranker_classes(names)
    shown = [
        found_of(replace(one, hits=one.hits[: asked.k]), asked, size_of, moves)
        for one in (left, right)
    ]
    first, second = (
        Side(name, ranker_kind(name).summary, states[name], found.hits)
        for name, found in zip(names, shown, strict=True)
    )
    return Compared(
        sought or shown[0].sought,
        shown[0].state,
        shown[0].crop,
        shown[0].note,
        agreement([*ranks[0]][: asked.k], [*ranks[1]][: asked.k]),
        tuple(f"{one}: {moves[one][0]}" for one in most_moved(ranks, asked.k)),
        (first, second),
    )


def agreement(left: Sequence[str], right: Sequence[str]) -> str:
    """How far two lists of items agree, in a sentence.

    >>> agreement(["a", "b", "c"], ["b", "a", "d"])
    '2 of the first 3 are in both lists, none of them at the same rank.'
    """
    count = max(len(left), len(right))
    if not count:
        return "Both lists are empty."
    if list(left) == list(right):
        return f"Both list the same {count} in the same order."
    both = len({*left} & {*right})
    if not both:
        return f"None of the first {count} is in both lists."
    same = sum(one == other for one, other in zip(left, right, strict=False))
    verb = "is" if both == 1 else "are"
    told = f"{same or 'none'} of them at the same rank"
    return f"{both} of the first {count} {verb} in both lists, {told}."


def most_moved(ranks: Ranks, shown: int) -> list[str]:
    """The items whose ranks differ most, of those that either list shows.

    Args:
        ranks: rank of each item in either list; one that is missing counts as next
            after the last.
        shown: results of each list that are shown.
    """
    differences = {}
    for item in dict.fromkeys([*ranks[0], *ranks[1]]):
        places = [of_items.get(item, len(of_items) + 1) for of_items in ranks]
        if min(places) <= shown and places[0] != places[1]:
            differences[item] = abs(places[0] - places[1])
    return sorted(differences, key=lambda item: -differences[item])[:MOVES]


def move_text(
    item: str,
    names: tuple[str, str],
    ranks: Ranks,
) -> str:
    """The ranks of an item in two lists.

    >>> move_text("a", ("cosine", "mean"), ({"a": 41}, {"b": 1}))
    'cosine 41 → mean over 1'
    """
    told = [
        f"{name} {of_items.get(item) or f'over {len(of_items)}'}"
        for name, of_items in zip(names, ranks, strict=True)
    ]
    return " → ".join(told)


def _ranks(hits: "Sequence[Hit]") -> dict[str, int]:
    return {hit.item: hit.rank for hit in hits}
