"""Photographs to search with: upload them, and see what was located in them."""

from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from tiefvision.catalogue.answer_records import garment_record
from tiefvision.web.searching import located
from tiefvision.web.services import Served, Services
from tiefvision.web.shelf import REFERENCE
from tiefvision.web.uploading import BODY, Upload

router = APIRouter(tags=["photographs"])

Reference = Annotated[
    str, Path(pattern=REFERENCE, description="Reference of a photograph.")
]


class LocatedPhoto(BaseModel):
    """A photograph and the garments located in it."""

    photo: str = Field(description="Reference of the photograph.")
    width: int = Field(description="Pixels, after EXIF rotation.")
    height: int
    garments: list[dict[str, Any]] = Field(
        description="category, label, label_score, box and score of each garment."
    )


@router.post("/photos", openapi_extra=BODY)
def upload(content: Upload, services: Served) -> LocatedPhoto:
    """Keep a photograph, and locate its garments."""
    return _told(services, f"upload-{services.uploads.keep(content)}")


@router.get("/photos/{photo}")
def photograph(photo: Reference, services: Served) -> LocatedPhoto:
    """Locate the garments of a photograph."""
    return _told(services, photo)


def _told(services: Services, reference: str) -> LocatedPhoto:
    opened = located(services, reference)
    return LocatedPhoto(
        photo=reference,
        width=opened.width,
        height=opened.height,
        garments=[garment_record(garment) for garment in opened.garments],
    )
