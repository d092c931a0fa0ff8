"""Labels: boxes of photographs, and taking a save back."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from tiefvision.labels.asking import photos_to_label
from tiefvision.labels.correcting import with_box
from tiefvision.labels.records import PhotoLabel
from tiefvision.web.label_records import (
    MOST_NUMBER,
    BoxesToSave,
    BoxToSave,
    LabelRecord,
    ToUndo,
    Undone,
    box_record,
    garments_of,
    label_record,
    unlabelled_record,
)
from tiefvision.web.problems import NotFound
from tiefvision.web.services import Served, Services
from tiefvision.web.shelf import REFERENCE

router = APIRouter(prefix="/labels", tags=["labels"])

MOST_LISTED = 1000
"""Labels in one answer."""

Photo = Annotated[
    str, Path(pattern=REFERENCE, description="Reference of a photograph.")
]


class Progress(BaseModel):
    """How many photographs are labelled of those that are offered."""

    labelled: int
    skipped: int
    total: int


class Labels(BaseModel):
    """Labels that count, in the order of their saves."""

    progress: Progress
    labels: list[LabelRecord]
    next_after: int | None = Field(
        description="Value of `after` for the rest; null where nothing is left."
    )


class Next(BaseModel):
    """What to label next."""

    photo: str | None = Field(description="Reference; null where all is labelled.")
    progress: Progress


@router.get("")
def list_labels(
    services: Served,
    after: Annotated[int, Query(ge=0, le=MOST_NUMBER)] = 0,
    limit: Annotated[int, Query(ge=1, le=MOST_LISTED)] = 100,
) -> Labels:
    """List what was said of each photograph."""
    labelling = services.labelling
    rest = [one for one in labelling.store.labels() if one.number > after]
    shown = rest[:limit]
    return Labels(
        progress=progress_of(services),
        labels=[label_record(one, labelling.reference_of(one.photo)) for one in shown],
        next_after=shown[-1].number if len(rest) > limit else None,
    )


@router.get("/next")
def next_photo(services: Served) -> Next:
    """Tell which photograph to label next, and how many are labelled."""
    return Next(photo=next_reference(services), progress=progress_of(services))


@router.get("/photos/{photo}")
def boxes_of_photo(photo: Photo, services: Served) -> LabelRecord:
    """Tell what was said of a photograph."""
    known = services.labelling.known(photo, services.shelf.file_of(photo))
    label = services.labelling.store.label_of(known.key)
    return label_record(label, photo) if label else unlabelled_record(known, photo)


@router.post("/photos/{photo}")
def save_boxes(photo: Photo, sent: BoxesToSave, services: Served) -> LabelRecord:
    """Save what somebody says of a photograph; the answer says it is on the disk."""
    labelling, file = services.labelling, services.shelf.file_of(photo)
    known = labelling.known(photo, file)
    label = PhotoLabel(known, sent.state, garments_of(sent.boxes), sent.who)
    labelling.keep_upload(known, file)
    return label_record(labelling.store.save_boxes(label), photo)


@router.post("/photos/{photo}/box")
def save_one_box(photo: Photo, sent: BoxToSave, services: Served) -> LabelRecord:
    """Save one box of a photograph, beside those that were saved before.

    It replaces the box of its group that it overlaps by half or more.
    """
    labelling = services.labelling
    known = labelling.known(photo, services.shelf.file_of(photo))
    before = labelling.store.label_of(known.key)
    (garment,) = garments_of([sent])
    garments = with_box(before.garments if before else (), garment)
    boxes = [box_record(one) for one in garments]
    return save_boxes(photo, BoxesToSave(boxes=boxes, who=sent.who), services)


@router.post("/undo")
def undo(sent: ToUndo, services: Served) -> Undone:
    """Take a save back: the state before it counts again."""
    labelling = services.labelling
    store = labelling.store
    number = sent.number or store.last_number(sent.kind, sent.who)
    if not number or not store.take_back(sent.kind, number, sent.who):
        raise NotFound("There is no such save, or it was taken back already.")
    label = store.saved_boxes(number) if sent.kind == "boxes" else None
    reference = labelling.reference_of(label.photo) if label else ""
    return Undone(kind=sent.kind, number=number, photo=reference)


def progress_of(services: Services) -> Progress:
    """How many of the offered photographs are labelled."""
    states = services.labelling.states()
    offered = services.labelling.offered()
    said = [states[one.key] for one in offered if one.key in states]
    skipped = said.count("skipped")
    return Progress(labelled=len(said) - skipped, skipped=skipped, total=len(offered))


def next_reference(services: Services) -> str | None:
    """Reference of the photograph to label next; None where all are labelled."""
    references = {one.key: one.reference for one in services.labelling.offered()}
    left = photos_to_label(references, services.labelling.states())
    return references[left[0]] if left else None
