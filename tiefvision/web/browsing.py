"""What of the catalogue is shown: parameters, and cards of its photographs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlencode

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from tiefvision.catalogue.browsing import MOST, PAGE
from tiefvision.catalogue.where import parse_where
from tiefvision.errors import BadUsage
from tiefvision.report.hits import column_text, product_link
from tiefvision.report.pictures import PictureFigure
from tiefvision.web.parameters import Name, printable
from tiefvision.web.problems import NotFound
from tiefvision.web.views import row_figure

if TYPE_CHECKING:  # NumPy is imported where rows are read
    from tiefvision.catalogue.browsing import CataloguePage, CatalogueRow
    from tiefvision.web.services import Services

MOST_NUMBER = 10**15
"""Largest number of a row."""

EDITED = ("title", "price", "item", "variant", "category", "url")
"""Columns that a form offers first, whether the catalogue has them or not."""


class BrowseParameters(BaseModel):
    """Which photographs of the catalogue."""

    model_config = ConfigDict(extra="forbid")

    group: Annotated[Name, Field(description="Only of this group.")] = ""
    where: Annotated[
        str,
        Field(max_length=1000, description="Only those that meet a condition."),
        AfterValidator(printable),
    ] = ""
    column: Annotated[Name, Field(description="Column of `value`.")] = ""
    value: Annotated[
        str,
        Field(max_length=200, description="Only those with this value in `column`."),
        AfterValidator(printable),
    ] = ""
    offset: Annotated[
        int, Field(ge=0, le=MOST_NUMBER, description="Photographs to leave out.")
    ] = 0
    limit: Annotated[int, Field(ge=1, le=MOST)] = PAGE

    @property
    def condition(self) -> str:
        """The condition on the rows; "" for none. Raises BadUsage."""
        if self.where:
            parse_where(self.where)  # an error shows the text as it was given
        if not (self.column and self.value):
            return self.where
        if {"[", "]"} & set(self.column):
            raise BadUsage(f"No condition can name the column {self.column}.")
        quoted = self.value.replace("'", "''")
        chosen = f"[{self.column}] == '{quoted}'"
        return f"({self.where}) and {chosen}" if self.where else chosen

    def link(self, offset: int) -> str:
        """The address of another page."""
        changed = self.model_copy(update={"offset": offset})
        query = urlencode(changed.model_dump(exclude_defaults=True))
        return f"/gallery?{query}" if query else "/gallery"


def page_of(services: "Services", asked: BrowseParameters) -> "CataloguePage":
    """A page of the catalogue. Raises BadUsage, MissingArtifact, StaleArtifact."""
    browser = services.finder.browser
    return browser.page(asked.group, asked.condition, asked.offset, asked.limit)


def row_of(services: "Services", number: int) -> "CatalogueRow":
    """A row. Raises NotFound, MissingArtifact, StaleArtifact."""
    row = services.finder.browser.row(number)
    if row is None:
        raise NotFound(f"The catalogue has no row {number}; it may have changed.")
    return row


@dataclass(frozen=True)
class ItemCard:
    """A photograph of the catalogue as the gallery shows it.

    Attributes:
        number: number of its row.
        picture: the photograph, with the box that is compared.
        again: address of the search with it.
        title: title, or else the item.
        item: the item, if there is a title; "" else.
        price: price as text; "" if unknown.
        link: address of the product's page; "" for none.
        about: group and variant.
        file_state: "gone", "changed" or "".
    """

    number: int
    picture: PictureFigure
    again: str
    title: str
    item: str
    price: str
    link: str
    about: str
    file_state: str


def card_of(services: "Services", row: "CatalogueRow") -> ItemCard:
    """The card of a row."""
    title = column_text(row.columns, "title")
    size = services.pictures.size_of(row.file)
    name, box = title or row.item, row.box_in_image
    return ItemCard(
        row.number,
        row_figure(row.number, name, size, box, row.category),
        f"/search?photo=row-{row.number}",
        name,
        row.item if title else "",
        column_text(row.columns, "price"),
        product_link(row.columns),
        ", ".join(filter(None, (row.category, row.variant))),
        row.state,
    )


def values_of(row: "CatalogueRow", columns: Mapping[str, object]) -> dict[str, str]:
    """What a form shows of a row: texts by column, those that it lacks as ""."""
    names = dict.fromkeys((*EDITED, *row.columns, *columns))
    told = dict(row.columns) | {"item": row.item, "variant": row.variant}
    return {name: column_text(told, name) for name in names}
