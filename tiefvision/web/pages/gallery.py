"""The gallery: the catalogue in pages of cards, and its changes."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from tiefvision.errors import BadUsage
from tiefvision.groups import GROUPS, OUTFIT
from tiefvision.web.browsing import (
    MOST_NUMBER,
    BrowseParameters,
    card_of,
    page_of,
    row_of,
    values_of,
)
from tiefvision.web.rendering import fragment, page
from tiefvision.web.searching import missing_catalogue
from tiefvision.web.services import Served, Services

router = APIRouter()

Asked = Annotated[BrowseParameters, Query()]
Number = Annotated[int, Path(ge=0, le=MOST_NUMBER)]


@router.get("/gallery")
def gallery(asked: Asked, request: Request, services: Served) -> Response:
    """The whole page."""
    missing = missing_catalogue(services)
    shown: dict[str, Any] = {"asked": asked, "missing": missing, "wrong": ""}
    if not missing:
        browser = services.finder.browser
        shown |= _cards(services, asked)
        shown |= {
            "facets": browser.facets(),
            "indexed": services.finder.indexed,
            "groups": (*GROUPS, OUTFIT),
        }
    return page(request, "gallery", title="Gallery", **shown)


@router.get("/gallery/cards")
def cards(asked: Asked, services: Served) -> Response:
    """The cards alone, for the script of the page."""
    return fragment("gallery_cards", asked=asked, **_cards(services, asked))


@router.get("/gallery/cards/{row}")
def card(row: Number, services: Served) -> Response:
    """One card, as after a change."""
    found = card_of(services, row_of(services, row))
    changeable = services.finder.browser.is_living
    return fragment("gallery_card", card=found, changeable=changeable)


@router.get("/gallery/forms/{row}")
def form(row: Number, services: Served) -> Response:
    """The form that changes what is told of a photograph."""
    found, facets = row_of(services, row), services.finder.browser.facets()
    return fragment(
        "gallery_form",
        card=card_of(services, found),
        values=values_of(found, facets.columns),
        known=facets.columns,
    )


def _cards(services: Services, asked: BrowseParameters) -> dict[str, Any]:
    """What the template of the cards shows; a wrong condition is shown in its place."""
    shown: dict[str, Any] = {
        "cards": [],
        "total": 0,
        "wrong": None,
        "before": None,
        "after": None,
        "changeable": services.finder.browser.is_living,
    }
    try:
        found = page_of(services, asked)
    except BadUsage as error:
        return shown | {"wrong": error}
    end = asked.offset + asked.limit
    before = asked.link(max(0, asked.offset - asked.limit)) if asked.offset else None
    return shown | {
        "cards": [card_of(services, row) for row in found.rows],
        "total": found.total,
        "before": before,
        "after": asked.link(end) if end < found.total else None,
        "first": asked.offset + 1,
        "last": asked.offset + len(found.rows),
    }
