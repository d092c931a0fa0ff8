"""Parameters of a search, the same for the page, its fragments and the interface."""

from decimal import Decimal
from typing import Annotated, Any
from urllib.parse import urlencode

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from tiefvision.errors import BadUsage
from tiefvision.finder import DEFAULT_K
from tiefvision.records import Box
from tiefvision.web.shelf import REFERENCE

MOST_K = 200
"""Most items of an answer."""

MOST_PHOTOS = 8
"""Most photographs of one search."""

BOX = r"^ *-?\d{1,6}(\.\d{1,24})? *(, *-?\d{1,6}(\.\d{1,24})? *){3}$"
"""Pattern of four numbers, with as many decimals as ``box_text`` writes."""

LEAST_PIXELS = 1e-6
"""Coordinate that is taken for 0, so that none is written with an exponent."""

Reference = Annotated[str, Field(pattern=REFERENCE)]


def printable(text: str) -> str:
    """Refuses characters that no name and no condition has, such as NUL."""
    if not text.isprintable():
        raise ValueError("a character that cannot be shown")
    return text


BoxText = Annotated[str, Field(pattern=f"({BOX})|^$")]
"""A box as ``parse_box`` reads it; "" for none."""

Name = Annotated[str, Field(max_length=100), AfterValidator(printable)]


class SearchParameters(BaseModel):
    """What to search for, and where."""

    model_config = ConfigDict(extra="forbid")

    photo: Annotated[
        list[Reference],
        Field(
            max_length=MOST_PHOTOS,
            description="References of photographs; several show one thing.",
        ),
    ] = []
    box: Annotated[
        BoxText,
        Field(
            description="x0,y0,x1,y1 in pixels of the photograph, to search with "
            "instead of a located garment.",
        ),
    ] = ""
    whole: Annotated[
        bool, Field(description="Whether to search with the whole photograph.")
    ] = False
    category: Annotated[
        Name, Field(description="Group of the garment; empty for the first one.")
    ] = ""
    any_category: Annotated[
        bool, Field(description="Whether the items of every group are searched.")
    ] = False
    where: Annotated[
        str,
        Field(max_length=1000, description="Condition on the items."),
        AfterValidator(printable),
    ] = ""
    ranker: Annotated[Name, Field(description="Empty for the preferred one.")] = ""
    k: Annotated[int, Field(ge=1, le=MOST_K, description="Most items.")] = DEFAULT_K

    @property
    def box_in_image(self) -> Box | None:
        """The box in pixels of the photograph; None where none is given."""
        return parse_box(self.box)

    @property
    def how(self) -> dict[str, Any]:
        """The arguments of ``Finder.search`` beside photograph and box."""
        names = ("whole", "category", "any_category", "where", "ranker", "k")
        return {name: getattr(self, name) for name in names}

    def require_photo(self) -> None:
        """Refuse a search without a photograph, or with boxes in several."""
        if not self.photo:
            raise BadUsage("There is no photograph to search with.", "Give photo=...")
        if self.box_in_image and (self.whole or len(self.photo) > 1):
            raise BadUsage("A box holds for one photograph, and not for all of it.")

    def link(self, path: str = "/search", **changes: Any) -> str:
        """The address of the same search with some parameters changed."""
        changed = self.model_copy(update=changes)
        given = changed.model_dump(exclude_defaults=True)
        given = {name: _plain(value) for name, value in given.items()}
        query = urlencode(given, doseq=True, safe=",")
        return f"{path}?{query}" if query else path


def _plain(value: Any) -> Any:
    return int(value) if isinstance(value, bool) else value


def parse_box(text: str) -> Box | None:
    """The box of a parameter that follows ``BOX``; None where none is given."""
    if not text.strip():
        return None
    x0, y0, x1, y1 = (float(part) for part in text.split(","))
    return x0, y0, x1, y1


def box_text(box_in_image: Box | None) -> str:
    """A box as the parameter ``box``, from which it is read unchanged; "" for none.

    A rounded box may crop another pixel, and find something else than the command line
    does. ``static/search.js`` writes the same text.

    >>> box_text((107.0, 0.1, 383.6000061035156, 1e-9))
    '107,0.1,383.6000061035156,0'
    """
    return ",".join(map(_pixels_text, box_in_image or ()))


def _pixels_text(value: float) -> str:
    if abs(value) < LEAST_PIXELS:
        return "0"
    return f"{Decimal(repr(float(value))):f}".removesuffix(".0")
