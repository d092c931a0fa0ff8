"""The box of a COCO annotation: that of ``bbox``, or else of its segmentation."""

from tiefvision import boxes
from tiefvision.datasets.entries import BadEntry, Entry, is_finite, shown
from tiefvision.datasets.problems import Problem
from tiefvision.datasets.segmentations import segmentation_box
from tiefvision.records import Box, Photo

OUTSIDE_TOLERANCE = 1.0
"""Pixels by which a box may leave the photograph without being counted as a problem:
annotation tools round outwards."""

_NO_CROWD = (None, "", "0", "false", 0)  # 0 equals False and 0.0


def read_box(entry: Entry, photo: Photo) -> tuple[Box | None, Problem | None]:
    """The part of a box that lies inside the photograph, and the problem of the box.

    Returns:
        Box in pixels of the photograph, None if nothing of it is left; the problem,
        None if there is none.

    Raises:
        BadEntry: There is neither a box nor a segmentation that gives one.
    """
    on = f"on {photo.path}"
    if entry.values.get("iscrowd") not in _NO_CROWD:
        message = f"{entry.where} {on} is a crowd, not one garment."
        return None, Problem("crowd", message)
    box, problem = _stated_or_computed(entry, photo)
    inside = boxes.as_box(boxes.clip_to_image(box, photo.width, photo.height))
    where = f"{entry.where}.bbox {shown(entry.values.get('bbox'))} {on}"
    if boxes.area(inside) == 0:
        return None, Problem("dropped box", f"{where} is outside the photograph.")
    if max(abs(a - b) for a, b in zip(box, inside, strict=True)) > OUTSIDE_TOLERANCE:
        return inside, Problem("clipped box", f"{where} leaves the photograph.")
    return inside, problem


def _stated_or_computed(entry: Entry, photo: Photo) -> tuple[Box, Problem | None]:
    try:
        return _stated(entry), None
    except BadEntry as error:
        segmentation = entry.values.get("segmentation")
        if not segmentation:
            raise
        try:
            box = segmentation_box(segmentation, photo.width, photo.height)
        except ValueError as fault:
            complaint = f"{error.complaint}, and its segmentation {fault}"
            raise BadEntry(entry.file, complaint) from fault
        message = f"{error.complaint}; the box is that of its segmentation."
        return box, Problem("computed box", message)


def _stated(entry: Entry) -> Box:
    """The box of ``bbox``, as corners."""
    values = entry.get("bbox", (list,), "a list of 4 numbers")
    if len(values) != 4:
        fault = f"has {len(values)} numbers, expected 4: x, y, width, height"
        raise entry.fault("bbox", fault)
    for value in values:
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise entry.fault("bbox", f"holds {shown(value)}, expected a number")
    if not all(map(is_finite, values)) or values[2] <= 0 or values[3] <= 0:
        raise entry.fault("bbox", f"{shown(values)} is empty or not finite")
    corners = [float(value) for value in values]
    if not is_finite(corners[0] + corners[2]) or not is_finite(corners[1] + corners[3]):
        raise entry.fault("bbox", f"{shown(values)} is empty or not finite")
    return boxes.as_box(boxes.xywh_to_xyxy(corners))
