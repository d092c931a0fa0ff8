"""The box editor: photographs whose boxes people correct."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from tiefvision.web.api.labels import progress_of
from tiefvision.web.label_records import Reference
from tiefvision.web.label_views import editor_of, group_choices
from tiefvision.web.rendering import fragment, page
from tiefvision.web.services import Served

router = APIRouter()

Photo = Annotated[Reference | None, Query()]


@router.get("/boxes")
def boxes_page(request: Request, services: Served, photo: Photo = None) -> Response:
    """Show a photograph to label; the next one unless one is named."""
    return page(
        request,
        "boxes",
        title="Boxes",
        editor=editor_of(services, photo or ""),
        progress=progress_of(services),
        groups=group_choices(services.labelling),
    )


@router.get("/boxes/photo")
def next_box_editor(services: Served, photo: Photo = None) -> Response:
    """Send a photograph to label alone, for the script of the page."""
    return fragment(
        "box_editor",
        editor=editor_of(services, photo or ""),
        progress=progress_of(services),
    )
