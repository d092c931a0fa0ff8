"""Photographs of the catalogue: list them, add, change and remove one."""

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from tiefvision.catalogue.answer_records import rounded_box
from tiefvision.web.browsing import MOST_NUMBER, BrowseParameters, page_of, row_of
from tiefvision.web.items import add_item, change_item, remove_item
from tiefvision.web.services import Served
from tiefvision.web.uploading import BODY, Upload

if TYPE_CHECKING:  # NumPy is imported where rows are read
    from tiefvision.catalogue.browsing import CatalogueRow

router = APIRouter(tags=["items"])

Number = Annotated[
    int, Path(ge=0, le=MOST_NUMBER, description="Number of the photograph's row.")
]

MOST_VALUES = 50
"""Columns that one request changes at most."""


class Item(BaseModel):
    """A photograph of the catalogue, and what is told of it."""

    row: int = Field(description="Number of its row; a change gives another one.")
    photo: str = Field(description="Path of the photograph, as a search tells it.")
    reference: str = Field(description="Reference to search with it.")
    item: str
    category: str = Field(description="Group of the garment; empty if unknown.")
    variant: str
    columns: dict[str, str | float]
    box: list[float] | None = Field(description="What is compared; null for all.")
    file: str = Field(description='"gone", "changed", or empty.')


class Items(BaseModel):
    """A page of the catalogue."""

    total: int = Field(description="Photographs that were asked for.")
    offset: int = Field(description="Those before the first one here.")
    items: list[Item]


class Filters(BaseModel):
    """What photographs can be chosen by."""

    groups: dict[str, int] = Field(description="Photographs of each group.")
    columns: dict[str, list[str | float]] = Field(
        description="Values of each column; empty where there are many."
    )
    changeable: bool = Field(description="Whether photographs can be added.")


class Values(BaseModel):
    """New values of some columns."""

    values: dict[str, str] = Field(
        description="Text by column, such as title, price, item, variant, category; "
        "an empty one is taken out.",
        min_length=1,
        max_length=MOST_VALUES,
    )


@router.get("/items")
def items(asked: Annotated[BrowseParameters, Query()], services: Served) -> Items:
    """List photographs of the catalogue."""
    page = page_of(services, asked)
    told = [_told(row) for row in page.rows]
    return Items(total=page.total, offset=page.offset, items=told)


@router.get("/items/filters")
def filters(services: Served) -> Filters:
    """Tell groups and columns, and whether the catalogue can be changed."""
    browser = services.finder.browser
    facets = browser.facets()
    columns = {name: list(values) for name, values in facets.columns.items()}
    return Filters(
        groups=dict(facets.groups), columns=columns, changeable=browser.is_living
    )


@router.post("/items", status_code=201, openapi_extra=BODY)
def add(content: Upload, services: Served) -> Item:
    """Add a photograph; one that is there already stays what it is."""
    return _told(add_item(services, content))


@router.get("/items/{row}")
def item(row: Number, services: Served) -> Item:
    """Tell one photograph."""
    return _told(row_of(services, row))


@router.patch("/items/{row}")
def change(row: Number, new: Values, services: Served) -> Item:
    """Change what items.csv tells of a photograph."""
    return _told(change_item(services, row, new.values))


@router.delete("/items/{row}")
def remove(row: Number, services: Served) -> Item:
    """Take a photograph out of the catalogue; its file stays."""
    return _told(remove_item(services, row))


def _told(row: "CatalogueRow") -> Item:
    return Item(
        row=row.number,
        photo=row.photo,
        reference=f"row-{row.number}",
        item=row.item,
        category=row.category,
        variant=row.variant,
        columns=dict(row.columns),
        box=rounded_box(row.box_in_image),
        file=row.state,
    )
