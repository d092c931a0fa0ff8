"""The vocabulary of the project: frozen records, built on the standard library."""

from dataclasses import dataclass
from typing import Literal

Box = tuple[float, float, float, float]
"""x0, y0, x1, y1 in pixels; x1 and y1 are exclusive. The frame is in the name."""

Source = Literal["street", "shop"]
Split = Literal["train", "val", "test"]


@dataclass(frozen=True)
class Garment:
    """A garment that somebody, or the locator, has marked in a photograph.

    Attributes:
        category: Its name in the dataset, such as "dress".
        box_in_image: In pixels of the photograph after EXIF rotation.
        score: 1.0 for an annotation; for the locator its confidence in [0, 1].
    """

    category: str
    box_in_image: Box
    score: float = 1.0


@dataclass(frozen=True)
class Crop:
    """What of a photograph is compared: the record of "crop/<path>" in artifacts.

    Attributes:
        box_in_image: Pixels of the photograph after EXIF rotation; None for all of it.
        category: Category of the garment; "" where nothing was located.
        score: The locator's confidence in [0, 1]; 0.0 where nothing was located.
        unsure: Whether the box was below the score that is told, and is searched with
            for want of a better one.
    """

    box_in_image: Box | None
    category: str = ""
    score: float = 0.0
    unsure: bool = False


@dataclass(frozen=True)
class Photo:
    """One photograph of a dataset.

    Attributes:
        path: Relative to the dataset's ``images`` folder, with forward slashes.
        width: In pixels after EXIF rotation.
        height: In pixels after EXIF rotation.
        source: Who took it.
        split: What it may be used for.
        item_id: Ties the street and shop photographs of one item; "" if unknown.
        license: As its publisher names it; "" if unknown.
        garments: What is annotated in it.
        group: Shared by photographs of one shot or one outfit, which always lie in one
            split; "" if it has no such relative, or none that is known.
        variant: What tells photographs of one item apart, such as the colour; "" if
            unknown.
    """

    path: str
    width: int
    height: int
    source: Source
    split: Split
    item_id: str = ""
    license: str = ""
    garments: tuple[Garment, ...] = ()
    group: str = ""
    variant: str = ""


@dataclass(frozen=True)
class Triplet:
    """Photographs that somebody has judged: the positive is the closer one.

    A positive equal to its query stands for the query's mirror image
    (TiefVision's rule). Paths are relative to ``images``.
    """

    query: str
    positive: str
    negative: str


@dataclass(frozen=True, order=True)
class View:
    """A photograph, its mirror image, or an altered one.

    Attributes:
        path: Of the photograph.
        mirrored: Whether left and right are exchanged.
        alteration: Number of the altered view, from 1; 0 for the crop as it is.
    """

    path: str
    mirrored: bool = False
    alteration: int = 0


def kind_of(photo: Photo) -> str:
    """The categories of a photograph's garments, "" where none is known.

    >>> kind_of(Photo("a.jpg", 9, 9, "shop", "train"))
    ''
    """
    return " ".join(sorted({garment.category for garment in photo.garments}))
