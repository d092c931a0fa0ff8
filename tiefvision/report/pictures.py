"""View models of pictures: a photograph or a part of it, and boxes drawn over it.

Boxes are SVG over the picture, in pixels of the photograph. The drawing lies in its
cell as the picture does (``object-fit: contain`` is what a ``viewBox`` does by itself),
so a thumbnail of any size takes the same boxes.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from tiefvision.boxes import area, as_box, clip_to_image, mirror_boxes
from tiefvision.photos.reading import PhotoFile
from tiefvision.photos.working import WorkingPhoto
from tiefvision.records import Box, Garment
from tiefvision.report.colours import group_class
from tiefvision.report.thumbnails import thumbnail, thumbnail_of


@dataclass(frozen=True)
class Marking:
    """A box to draw.

    Attributes:
        box_in_image: in pixels of the photograph as it is in the file.
        category: category or group of the garment, which gives the colour; "" if
            unknown.
        name: what the pointer shows; "" for nothing.
        kind: further CSS classes: "strong" for a thick line, "wanted" for a dashed one.
    """

    box_in_image: Box
    category: str = ""
    name: str = ""
    kind: str = "strong"


@dataclass(frozen=True)
class BoxFigure:
    """A box over a picture, in units of the picture's width and height.

    Attributes:
        x: left end.
        y: upper end.
        width: width, above 0.
        height: height, above 0.
        state: CSS classes of group and kind.
        name: what the pointer shows; "" for nothing.
    """

    x: float
    y: float
    width: float
    height: float
    state: str
    name: str


@dataclass(frozen=True)
class PictureFigure:
    """A picture with boxes over it.

    Attributes:
        source: the picture as a URL.
        alternative: the picture in words, for readers who do not see it.
        width: width of the photograph in pixels; 0 if unknown.
        height: height of the photograph in pixels; 0 if unknown.
        boxes: boxes over it, the last on top; () if its size is unknown.
    """

    source: str
    alternative: str
    width: int = 0
    height: int = 0
    boxes: tuple[BoxFigure, ...] = ()


def garment_marking(garment: Garment, kind: str = "") -> Marking:
    """The box of a located garment, thin unless told otherwise."""
    name = f"{garment.name} {garment.score:.2f}"
    return Marking(garment.box_in_image, garment.category, name, kind)


def by_size(markings: Iterable[Marking]) -> list[Marking]:
    """The largest first: a smaller box is drawn above, so that none hides another."""
    return sorted(markings, key=lambda one: -float(area(one.box_in_image)))


def picture_figure(
    source: str,
    alternative: str,
    size: tuple[int, int],
    markings: Iterable[Marking] = (),
    mirrored: bool = False,
) -> PictureFigure:
    """A picture of a whole photograph, with boxes over it.

    Args:
        source: the picture as a URL, of any size.
        alternative: the picture in words.
        size: width and height of the photograph in pixels.
        markings: boxes; one without area in the photograph is left out.
        mirrored: whether the picture is the mirror image, so boxes are mirrored, too.
    """
    boxes = (_box_figure(marking, size, mirrored) for marking in markings)
    return PictureFigure(
        source, alternative, *size, tuple(box for box in boxes if box is not None)
    )


def photo_figure(
    photo: PhotoFile,
    alternative: str,
    height: int,
    markings: Iterable[Marking] = (),
    mirrored: bool = False,
) -> PictureFigure:
    """A whole photograph inside the page; a placeholder if it cannot be read.

    Args:
        photo: file of the photograph, or its content.
        alternative: the picture in words.
        height: height of the thumbnail in pixels.
        markings: boxes in pixels of the photograph.
        mirrored: whether the mirror image is shown.
    """
    small = thumbnail(photo, height, mirrored=mirrored)
    marked = markings if small.is_photo else ()
    return picture_figure(small.source, alternative, small.size, marked, mirrored)


def working_figure(
    photo: WorkingPhoto,
    alternative: str,
    height: int,
    markings: Iterable[Marking] = (),
) -> PictureFigure:
    """A photograph that is decoded already, inside the page.

    Args:
        photo: the photograph.
        alternative: the picture in words.
        height: height of the thumbnail in pixels.
        markings: boxes in pixels of the photograph.
    """
    small = thumbnail_of(photo, height)
    return picture_figure(small.source, alternative, small.size, markings)


def crop_figure(
    photo: PhotoFile, alternative: str, height: int, box_in_image: Box | None
) -> PictureFigure:
    """A part of a photograph inside the page; a placeholder if it cannot be read.

    Args:
        photo: file of the photograph, or its content.
        alternative: the picture in words.
        height: height of the thumbnail in pixels.
        box_in_image: the part, in pixels of the photograph; None for all of it.
    """
    small = thumbnail(photo, height, box_in_image)
    return PictureFigure(small.source, alternative, *small.size)


def _box_figure(
    marking: Marking, size: tuple[int, int], mirrored: bool
) -> BoxFigure | None:
    part = clip_to_image(marking.box_in_image, *size)
    if not float(area(part)) > 0:
        return None
    x0, y0, x1, y1 = as_box(mirror_boxes(part, size[0]) if mirrored else part)
    state = f"{group_class(marking.category)} {marking.kind}".strip()
    sides = round(x1 - x0, 1), round(y1 - y0, 1)
    return BoxFigure(round(x0, 1), round(y0, 1), *sides, state, marking.name)
