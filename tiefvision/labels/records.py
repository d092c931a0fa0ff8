"""What people say of photographs, as frozen records."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from tiefvision.datasets.files import photo_file
from tiefvision.records import Garment, Photo

Origin = Literal["dataset", "catalogue", "upload"]
"""Where a photograph comes from: the dataset of the workspace, its catalogue, or a
person who searched with it."""

State = Literal["boxes", "nothing", "skipped"]
"""What was said of a photograph: its garments, that it shows none, or nothing yet."""

Kind = Literal["boxes", "triplet"]
"""Kind of a saved label; each kind has numbers of its own."""

DEFAULT_WHO = "anonymous"
"""Name of somebody who gave none."""

PhotoKey = tuple[Origin, str]
"""What tells photographs apart: the origin, and the path or name there."""


@dataclass(frozen=True)
class KnownPhoto:
    """A photograph that can be labelled.

    Attributes:
        origin: where it comes from.
        photo: path or name there, size, and what a dataset tells of it; its own
            garments are not kept.
        root: folder that the path is relative to; "" for an upload, whose bytes lie
            with the labels.
        content: SHA-256 of its file in hexadecimal; "" if unknown.
    """

    origin: Origin
    photo: Photo
    root: str = ""
    content: str = ""

    def __post_init__(self) -> None:
        if self.photo.garments:
            object.__setattr__(self, "photo", replace(self.photo, garments=()))

    @property
    def key(self) -> PhotoKey:
        """What tells it from all others."""
        return self.origin, self.photo.path

    @property
    def file(self) -> Path:
        """Its file, which may be missing; an upload has none."""
        return photo_file(Path(self.root), self.photo.path)


@dataclass(frozen=True)
class PhotoLabel:
    """What one person said of one photograph.

    Attributes:
        photo: the photograph.
        state: what was said.
        garments: its garments, as a locator tells them: ``category`` is the group,
            ``label`` the name or "". () unless the state is "boxes".
        who: the person.
        at: the time in UTC, ISO 8601.
        number: number of the save; 0 before it is saved.
    """

    photo: KnownPhoto
    state: State
    garments: tuple[Garment, ...] = ()
    who: str = DEFAULT_WHO
    at: str = ""
    number: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Judgement:
    """What one person said of three photographs.

    Attributes:
        reference: the photograph that the others are compared with.
        closer: the one that is more similar to it.
        further: the one that is less similar to it.
        neither: whether the person saw no difference; closer and further are then only
            the two that were shown.
        who: the person.
        at: the time in UTC, ISO 8601.
        number: number of the save; 0 before it is saved.
    """

    reference: KnownPhoto
    closer: KnownPhoto
    further: KnownPhoto
    neither: bool = False
    who: str = DEFAULT_WHO
    at: str = ""
    number: int = field(default=0, compare=False)

    @property
    def keys(self) -> tuple[PhotoKey, PhotoKey, PhotoKey]:
        """Keys of reference, closer and further."""
        return self.reference.key, self.closer.key, self.further.key
