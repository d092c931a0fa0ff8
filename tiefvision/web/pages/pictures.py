"""Photographs, whole or in part, as small JPEG files."""

import hashlib
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from tiefvision.errors import BadUsage
from tiefvision.records import Box
from tiefvision.web.parameters import BoxText, parse_box
from tiefvision.web.services import Served
from tiefvision.web.shelf import REFERENCE, stamp_of

router = APIRouter()

HEIGHT = 480
"""Pixels of height, unless another is asked for."""


class Shown(BaseModel):
    """What to show of a photograph."""

    model_config = ConfigDict(extra="forbid")

    height: Annotated[int, Field(ge=1, le=100_000)] = HEIGHT
    box: BoxText = ""


@router.get("/pictures/{photo}")
def picture(
    photo: Annotated[str, Path(pattern=REFERENCE)],
    shown: Annotated[Shown, Query()],
    request: Request,
    services: Served,
) -> Response:
    """Send a photograph, or a box of it."""
    file = services.shelf.file_of(photo)
    box = _box(shown.box)
    key = repr((stamp_of(file), shown.height, box)).encode()
    tag = f'"{hashlib.sha256(key).hexdigest()[:20]}"'
    headers = {"ETag": tag, "Cache-Control": "private, max-age=60"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    made = services.pictures.of(file, shown.height, box)
    return Response(made, media_type="image/jpeg", headers=headers)


def _box(text: str) -> Box | None:
    box = parse_box(text)
    if box is not None and not (box[0] < box[2] and box[1] < box[3]):
        raise BadUsage(f"The box {text} is empty or reversed.")
    return box
