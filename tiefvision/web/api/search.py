"""Searches: by photograph, by box, by a photograph of the catalogue, by several."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from tiefvision.catalogue.answer_records import answer_record
from tiefvision.web.parameters import SearchParameters
from tiefvision.web.searching import search as search_for
from tiefvision.web.services import Served, Services
from tiefvision.web.uploading import BODY, Upload

router = APIRouter(tags=["search"])

Asked = Annotated[SearchParameters, Query()]


class Answers(BaseModel):
    """The answers of a search."""

    photo: list[str] = Field(description="References of the photographs.")
    answers: list[dict[str, Any]] = Field(
        description="For each garment: ranker, box, category, results (rank, item, "
        "photo, similarity, match)."
    )


@router.get("/search")
def search(asked: Asked, services: Served) -> Answers:
    """Search with photographs that are known by their references."""
    return _answers(services, asked)


@router.post("/search", openapi_extra=BODY)
def search_upload(asked: Asked, content: Upload, services: Served) -> Answers:
    """Keep a photograph, and search with it."""
    reference = f"upload-{services.uploads.keep(content)}"
    return _answers(services, asked.model_copy(update={"photo": [reference]}))


def _answers(services: Services, asked: SearchParameters) -> Answers:
    found = search_for(services, asked)
    return Answers(photo=asked.photo, answers=[answer_record(one) for one in found])
