"""Why a photograph of the catalogue was found: where it agrees with the query."""

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from tiefvision.ranking.agreement import agreement_of_cells
from tiefvision.web.contours import contours_of
from tiefvision.web.parameters import BoxText, parse_box
from tiefvision.web.services import Served, Services
from tiefvision.web.shelf import REFERENCE

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from tiefvision.catalogue.open_photo import OpenPhoto
    from tiefvision.records import Box

router = APIRouter(tags=["search"])


class Compared(BaseModel):
    """Two boxes to compare."""

    model_config = ConfigDict(extra="forbid")

    box: BoxText = ""
    other_box: BoxText = ""


class Line(BaseModel):
    """A contour."""

    level: float = Field(description="Cosine along the line.")
    path: str = Field(description="Data of an SVG path, in pixels of the photograph.")


class Side(BaseModel):
    """A photograph and where it agrees with the other one."""

    width: int
    height: int
    contours: list[Line]


class Why(BaseModel):
    """Where two crops agree, by the cells of the encoder's map."""

    similarity: float = Field(description="Mean of all cells: that of ranker cosine.")
    query: Side
    found: Side


@router.get("/photos/{photo}/why/{other}")
def why(
    photo: Annotated[str, Path(pattern=REFERENCE)],
    other: Annotated[str, Path(pattern=REFERENCE)],
    compared: Annotated[Compared, Query()],
    services: Served,
) -> Why:
    """Compare a box of a photograph with a box of another one, cell by cell."""
    boxes = [parse_box(compared.box), parse_box(compared.other_box)]
    return services.worker.do(_why, services, (photo, other), boxes)


def _why(
    services: Services, references: tuple[str, str], boxes: "list[Box | None]"
) -> Why:
    from tiefvision.catalogue.queries import queries_as_asked

    photos = [services.shelf.open(reference) for reference in references]
    for photo, box in zip(photos, boxes, strict=True):
        queries_as_asked(box, box is None, (photo.width, photo.height), "")
    pairs = list(zip(photos, boxes, strict=True))
    first, second = (photo.described(box) for photo, box in pairs)
    agreement = agreement_of_cells(first, second)
    query, found = (_side(services, *pair, agreement) for pair in pairs)
    return Why(similarity=float(agreement.mean()), query=query, found=found)


def _side(
    services: Services,
    photo: "OpenPhoto",
    box: "Box | None",
    agreement: "NDArray[np.float32]",
) -> Side:
    covered = services.finder.describer.covered(photo.working, box)
    lines = [
        Line(level=one.level, path=one.path) for one in contours_of(agreement, covered)
    ]
    return Side(width=photo.width, height=photo.height, contours=lines)
