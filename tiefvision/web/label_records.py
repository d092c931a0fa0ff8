"""Labels as JSON: what is sent to be saved, and what is told."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from tiefvision.labels.checking import MOST_BOXES, MOST_LETTERS
from tiefvision.labels.records import (
    DEFAULT_WHO,
    Judgement,
    KnownPhoto,
    Origin,
    PhotoLabel,
    State,
)
from tiefvision.records import Garment
from tiefvision.web.labelling import Labelling
from tiefvision.web.shelf import REFERENCE

Name = Annotated[str, Field(max_length=MOST_LETTERS)]

Who = Annotated[Name, Field(description="Name of the person who labels.")]

Reference = Annotated[str, Field(pattern=REFERENCE)]

Pixel = Annotated[float, Field(ge=-1e6, le=1e6, allow_inf_nan=False)]

MOST_NUMBER = 2**53 - 1
"""Numbers of saves stay below: larger ones are no exact numbers in JavaScript."""

Number = Annotated[int, Field(ge=1, le=MOST_NUMBER)]


class Sent(BaseModel):
    """What a client sends: without keys that nobody reads."""

    model_config = ConfigDict(extra="forbid")


class BoxRecord(Sent):
    """A garment: its box, group and name."""

    box: Annotated[
        tuple[Pixel, Pixel, Pixel, Pixel],
        Field(description="x0, y0, x1, y1 in pixels of the photograph."),
    ]
    group: Annotated[
        Name, Field(min_length=1, description='"outfit", "upper", "lower", ...')
    ]
    name: Annotated[Name, Field(description='Finer name, such as "skirt".')] = ""


class BoxesToSave(Sent):
    """What somebody says of a photograph."""

    state: State = "boxes"
    boxes: Annotated[list[BoxRecord], Field(max_length=MOST_BOXES)] = []
    who: Who = DEFAULT_WHO


class BoxToSave(BoxRecord):
    """One box that is corrected."""

    who: Who = DEFAULT_WHO


class TripletToSave(Sent):
    """Which of two photographs is closer to a third one."""

    reference: Reference
    closer: Reference
    further: Reference
    neither: Annotated[
        bool, Field(description="Whether there is no difference to be seen.")
    ] = False
    who: Who = DEFAULT_WHO


class ToUndo(Sent):
    """The save that is taken back."""

    kind: Literal["boxes", "triplet"] = "boxes"
    number: Annotated[
        Number | None, Field(description="Null for the last save of the person.")
    ] = None
    who: Who = DEFAULT_WHO


class NamedPhoto(BaseModel):
    """A photograph: its reference, and where it comes from."""

    photo: str = Field(description="Reference; empty if it cannot be shown now.")
    origin: Origin
    path: str = Field(description="Path or name there.")


class LabelRecord(NamedPhoto):
    """What is said of a photograph."""

    width: int
    height: int
    state: State | None = Field(description="Null where nobody said anything.")
    boxes: list[BoxRecord]
    who: str
    at: str = Field(description="Time of the save in UTC, ISO 8601.")
    number: int = Field(description="Number of the save; 0 for none.")


class JudgementRecord(BaseModel):
    """A judgement of three photographs."""

    reference: NamedPhoto
    closer: NamedPhoto
    further: NamedPhoto
    neither: bool
    who: str
    at: str
    number: int


class Undone(BaseModel):
    """A save that was taken back."""

    kind: Literal["boxes", "triplet"]
    number: int
    photo: str = Field(description="Reference of the photograph; may be empty.")


def garments_of(boxes: list[BoxRecord]) -> tuple[Garment, ...]:
    """Boxes as garments."""
    return tuple(Garment(one.group, one.box, label=one.name) for one in boxes)


def box_record(garment: Garment) -> BoxRecord:
    """A garment that was labelled or located."""
    x0, y0, x1, y1 = (round(value, 2) for value in garment.box_in_image)
    return BoxRecord(box=(x0, y0, x1, y1), group=garment.category, name=garment.label)


def named_photo(labelling: Labelling, known: KnownPhoto) -> NamedPhoto:
    """A photograph as JSON."""
    return NamedPhoto(
        photo=labelling.reference_of(known),
        origin=known.origin,
        path=known.photo.path,
    )


def label_record(label: PhotoLabel, reference: str) -> LabelRecord:
    """A label as JSON."""
    known = label.photo
    return LabelRecord(
        photo=reference,
        origin=known.origin,
        path=known.photo.path,
        width=known.photo.width,
        height=known.photo.height,
        state=label.state,
        boxes=[box_record(one) for one in label.garments],
        who=label.who,
        at=label.at,
        number=label.number,
    )


def unlabelled_record(known: KnownPhoto, reference: str) -> LabelRecord:
    """A photograph of which nobody said anything, as JSON."""
    empty = label_record(PhotoLabel(known, "nothing", who=""), reference)
    return empty.model_copy(update={"state": None})


def judgement_record(labelling: Labelling, judgement: Judgement) -> JudgementRecord:
    """A judgement as JSON."""
    return JudgementRecord(
        reference=named_photo(labelling, judgement.reference),
        closer=named_photo(labelling, judgement.closer),
        further=named_photo(labelling, judgement.further),
        neither=judgement.neither,
        who=judgement.who,
        at=judgement.at,
        number=judgement.number,
    )
