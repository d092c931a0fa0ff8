"""The page of two rankers side by side, and the report pages of the workspace."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from tiefvision.report.pictures import PictureFigure
from tiefvision.web.comparing import (
    DEPTH,
    Compared,
    CompareParameters,
    chosen_rankers,
    compare_answers,
    query_picture,
)
from tiefvision.web.rendering import page
from tiefvision.web.reports import Reports
from tiefvision.web.searching import hit_sizes, located, missing_catalogue, search
from tiefvision.web.services import Served, Services
from tiefvision.web.views import Tab, as_first_garment, stage_of

router = APIRouter()

REPORT_POLICY = "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'"
"""Content security policy of a report: a page of its own, which runs nothing."""


@router.get("/compare")
def compare_page(
    asked: Annotated[CompareParameters, Query()], request: Request, services: Served
) -> Response:
    """The whole page; without a photograph it offers some."""
    missing = missing_catalogue(services)
    rankers = () if missing else services.finder.searchable_rankers
    picture: PictureFigure | None = None
    tabs: tuple[Tab, ...] = ()
    compared: list[Compared] = []
    if len(rankers) > 1:
        left, right = chosen_rankers(asked, rankers, services.finder.ranker_name())
        asked = asked.model_copy(update={"left": left, "right": right, "ranker": ""})
        if asked.photo:
            photo = located(services, asked.photo[0])
            asked = as_first_garment(photo, asked)
            picture = query_picture(photo, asked)
            tabs = stage_of(photo, asked).tabs
            current = next((tab.name for tab in tabs if tab.is_current), "")
            compared = _compared(services, asked, current)
    return page(
        request,
        "compare",
        title="Compare",
        asked=asked,
        missing=missing,
        rankers=rankers,
        picture=picture,
        tabs=tabs,
        compared=compared,
        samples=services.samples.all(),
        reports=_reports(services).all(),
    )


@router.get("/reports/{name}")
def report(name: Annotated[str, Path(max_length=200)], services: Served) -> Response:
    """Send a report page of the workspace."""
    content = _reports(services).content(name)
    headers = {"Content-Security-Policy": REPORT_POLICY}
    return Response(content, media_type="text/html", headers=headers)


def _compared(
    services: Services, asked: CompareParameters, sought: str
) -> list[Compared]:
    """Both rankers on each query: one, unless several photographs search together."""
    depth = max(asked.k, DEPTH)
    plain = {"left": "", "right": "", "k": depth}
    left, right = (
        search(services, asked.model_copy(update=plain | {"ranker": ranker}))
        for ranker in (asked.left, asked.right)
    )
    size_of = hit_sizes(services)
    name = sought if len(left) == 1 else ""
    return [
        compare_answers(one, other, asked, size_of, name)
        for one, other in zip(left, right, strict=True)
    ]


def _reports(services: Services) -> Reports:
    return Reports(services.finder.workspace.root / "reports")
