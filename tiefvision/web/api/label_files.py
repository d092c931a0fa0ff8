"""Labels as files: COCO and triplets.csv, out and in."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from tiefvision.datasets.files import IMAGES
from tiefvision.errors import BadDataset, BadUsage
from tiefvision.files import replace_file
from tiefvision.labels.exporting import export_of
from tiefvision.labels.importing import import_labels
from tiefvision.labels.records import DEFAULT_WHO
from tiefvision.labels.workspaces import dataset_photos
from tiefvision.web.label_records import Who
from tiefvision.web.services import Served

router = APIRouter(prefix="/labels", tags=["labels"])

CSV = "text/csv"

BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "A COCO file, or a table with the header "
        "query,positive,negative.",
        "content": {
            "application/json": {"schema": {"type": "object"}},
            CSV: {"schema": {"type": "string"}},
        },
    }
}
"""Description of what is imported, in OpenAPI."""


class ImportedRecord(BaseModel):
    """What an import took over."""

    photographs: int = Field(description="Photographs whose label is new.")
    triplets: int = Field(description="Judgements that are new.")
    known: int = Field(description="What was there already.")
    unlabelled: int = Field(description="Photographs of which nothing is said.")
    problems: list[str] = Field(description="What cannot be used, line by line.")


async def _body(request: Request) -> bytes:
    content = await request.body()
    if not content.strip():
        raise BadUsage("The request has no body.", "Send a COCO file or a table.")
    return content


@router.get(
    "/export.json",
    response_class=Response,
    responses={200: {"content": {"application/json": {}}}},
)
def export_boxes(services: Served) -> Response:
    """Send the boxes as COCO, in the layout of a dataset's annotations.json."""
    text = export_of(services.labelling.store).annotations
    return _file(text, "application/json", "annotations.json")


@router.get(
    "/triplets.csv", response_class=Response, responses={200: {"content": {CSV: {}}}}
)
def export_triplets(services: Served) -> Response:
    """Send the triplets as a table: query, positive, negative."""
    text = export_of(services.labelling.store).triplets_csv
    return _file(text, CSV, "triplets.csv")


@router.post("/import", openapi_extra=BODY)
def import_file(
    services: Served,
    content: Annotated[bytes, Depends(_body)],
    who: Annotated[Who, Query()] = DEFAULT_WHO,
) -> ImportedRecord:
    """Take the labels of a COCO file or a table of triplets over."""
    is_coco = content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"["))
    name = "boxes.json" if is_coco else "triplets.csv"
    workspace = services.finder.workspace
    with TemporaryDirectory() as folder:
        file = Path(folder) / name
        replace_file(file, content)
        try:
            done = import_labels(
                services.labelling.store,
                file,
                dataset_photos(workspace),
                who,
                workspace.root / IMAGES,
            )
        except BadDataset as error:
            raise BadUsage(_without(folder, str(error))) from error
    return ImportedRecord(
        photographs=done.photos,
        triplets=done.triplets,
        known=done.known,
        unlabelled=done.unlabelled,
        problems=[_without(folder, problem) for problem in done.problems],
    )


def _without(folder: str, text: str) -> str:
    """A sentence without the folder that the client knows nothing of."""
    return text.replace(f"{folder}/", "")


def _file(text: str, kind: str, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    # As the files are written: halves of characters become escapes.
    return Response(
        text.encode("utf-8", "backslashreplace"), headers=headers, media_type=kind
    )
