"""What every page needs: the way in, and the style that the static pages share."""

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from tiefvision.report.markup import style_sheet

router = APIRouter()


@router.get("/")
def front() -> RedirectResponse:
    """Lead to the search."""
    return RedirectResponse("/search")


@router.get("/style.css")
def style() -> Response:
    """Send the style of the static pages, which these pages share."""
    headers = {"Cache-Control": "max-age=60"}
    return Response(style_sheet(), media_type="text/css", headers=headers)
