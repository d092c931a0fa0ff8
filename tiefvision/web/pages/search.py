"""The search page: a photograph, its garments, and what is like them."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from tiefvision.report.hits import GarmentFigure
from tiefvision.web.parameters import SearchParameters
from tiefvision.web.rendering import fragment, page
from tiefvision.web.searching import (
    hit_sizes,
    located,
    missing_catalogue,
    ranks_elsewhere,
    search,
)
from tiefvision.web.services import Served, Services
from tiefvision.web.views import as_first_garment, found_of, stage_of

router = APIRouter()


class PageParameters(SearchParameters):
    """What the page asks for."""

    quick: Annotated[
        bool, Field(description="Whether ranks by other rankers are left out.")
    ] = False


Asked = Annotated[PageParameters, Query()]


@router.get("/search")
def search_page(asked: Asked, request: Request, services: Served) -> Response:
    """The whole page; without a photograph it offers some."""
    stage, found, missing = None, [], missing_catalogue(services)
    if asked.photo:
        photo = located(services, asked.photo[0])
        asked = as_first_garment(photo, asked)
        stage = stage_of(photo, asked)
        found = [] if missing else _found(services, asked)
    finder = services.finder
    indexed = None if missing else finder.indexed
    return page(
        request,
        "search",
        title="Search",
        asked=asked,
        stage=stage,
        found=found,
        missing=missing,
        samples=services.samples.all(),
        groups=finder.categories,
        rankers=finder.searchable_rankers if indexed else (),
        ranker=finder.ranker_name(asked.ranker) if indexed else "",
        indexed=indexed,
        facets=finder.browser.facets() if indexed and stage else None,
    )


@router.get("/search/results")
def results(asked: Asked, services: Served) -> Response:
    """The results alone, for the script of the page."""
    return fragment("results", found=_found(services, asked), asked=asked)


def _found(services: Services, asked: PageParameters) -> list[GarmentFigure]:
    answers = search(services, asked)
    is_compared = len(asked.photo) == 1 and not asked.quick
    size_of = hit_sizes(services)
    return [
        found_of(
            answer,
            asked,
            size_of,
            ranks_elsewhere(services, asked, answer) if is_compared else {},
        )
        for answer in answers
    ]
