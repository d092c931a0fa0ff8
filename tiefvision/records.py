"""The records that all packages share: frozen dataclasses of the standard library."""

from dataclasses import dataclass
from typing import Literal

from tiefvision.groups import group_of

Box = tuple[float, float, float, float]
"""x0, y0, x1, y1 in pixels; x1 and y1 are exclusive.

Names of variables state the coordinate frame, such as ``box_in_image``.
"""

Source = Literal["street", "shop"]
"""Source of a photograph: "street" photographs are queries, "shop" ones the gallery."""

Split = Literal["train", "val", "test"]
"""Part of a dataset that a photograph belongs to."""


@dataclass(frozen=True)
class Garment:
    """A garment in a photograph, annotated or found by a locator.

    Attributes:
        category: of an annotation, the name that the dataset gives the garment, such as
            "skirt"; of a garment that a locator finds or has to find, its group, such
            as "lower" (``groups.py``).
        box_in_image: box in pixels of the photograph after EXIF rotation.
        score: confidence of the locator in [0, 1]; 1.0 for an annotation.
        label: finer name of a garment whose category is a group; "" if unknown.
        label_score: probability that the label is right, in [0, 1]; None without one.
        group: group that the dataset itself gives the category; "" for none.
        person: identifier of the person who wears the garment, within the photograph;
            "" if unknown.
    """

    category: str
    box_in_image: Box
    score: float = 1.0
    label: str = ""
    label_score: float | None = None
    group: str = ""
    person: str = ""

    @property
    def name(self) -> str:
        """The finest name known: the label, or else the category."""
        return self.label or self.category


@dataclass(frozen=True)
class Crop:
    """The part of a photograph that is compared; the record "crop/<path>" of artifacts.

    Attributes:
        box_in_image: box in pixels of the photograph after EXIF rotation; None for the
            whole photograph.
        category: category of the garment; "" if nothing was located.
        score: confidence of the locator in [0, 1]; 0.0 if nothing was located.
        unsure: whether the score is below the least one that is reported. The box is
            used nevertheless, as no better one was located.
    """

    box_in_image: Box | None
    category: str = ""
    score: float = 0.0
    unsure: bool = False


@dataclass(frozen=True)
class Photo:
    """One photograph of a dataset.

    Attributes:
        path: path relative to the ``images`` folder of the dataset, with forward
            slashes.
        width: width in pixels after EXIF rotation.
        height: height in pixels after EXIF rotation.
        source: "street" or "shop".
        split: part of the dataset that the photograph belongs to.
        item_id: identifier that all photographs of one item share; "" if unknown.
        license: name of the licence, as the publisher writes it; "" if unknown.
        garments: annotated garments.
        group: identifier that photographs of one shot or one outfit share, so that all
            are put into one split; "" for a photograph without known relatives.
        variant: variant of the item, such as its colour; "" if unknown.
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
    """A judgement by a person: the positive is more similar to the query.

    A positive equal to the query stands for the query's mirror image, a rule of
    TiefVision.

    Attributes:
        query: path of the query, relative to the ``images`` folder.
        positive: path of the more similar photograph, relative to ``images``.
        negative: path of the less similar photograph, relative to ``images``.
    """

    query: str
    positive: str
    negative: str


@dataclass(frozen=True, order=True)
class View:
    """A view of a photograph's crop: unchanged, mirrored, augmented, or a close-up.

    Attributes:
        path: path of the photograph, relative to the ``images`` folder.
        mirrored: whether left and right are exchanged.
        alteration: number of the augmented view, from 1; 0 for a crop that is not
            augmented.
        closeup: number of the close-up, from 1 (``ranking.crops.CLOSEUPS``); 0 for the
            whole crop.
    """

    path: str
    mirrored: bool = False
    alteration: int = 0
    closeup: int = 0


def groups_of(photo: Photo) -> str:
    """The distinct groups of a photograph's garments, sorted and joined by spaces.

    >>> groups_of(Photo("a.jpg", 9, 9, "shop", "train"))
    ''
    """
    return " ".join(
        sorted({group_of(one.category, one.group) for one in photo.garments})
    )
