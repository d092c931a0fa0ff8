"""Boxes of COCO segmentations: polygons, and run-length codes plain or compressed."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from tiefvision import boxes
from tiefvision.datasets.entries import is_finite, shown
from tiefvision.records import Box

EXPECTED = "polygons or a run-length code"

_LEAST_POINTS = 3
_DEEPEST = 4  # lists within lists: polygons, points, and one more of some exporters

_CODE = range(48, 112)
"""Characters of a compressed run-length code: each holds 6 bits."""

_MORE, _SIGN, _BITS = 0x20, 0x10, 5
"""Of the 6 bits the highest says that more follow; of the last character of a number
the next one is its sign, the others count."""


def segmentation_box(segmentation: Any, width: int, height: int) -> Box:
    """The smallest box around a segmentation, in pixels of the photograph.

    Args:
        segmentation: Polygons, [[x, y, x, y, ...], ...], also as pairs [x, y]; or a
            run-length code, {"size": [height, width], "counts": ...}, whose counts are
            a list, or a text as COCO's own tool compresses it.
        width: Pixels of the photograph.
        height: Pixels of the photograph.

    Raises:
        ValueError: It is none of these, or empty; the message continues a sentence
            whose subject is the segmentation.
    """
    if isinstance(segmentation, dict):
        return _runs_box(_runs(segmentation, width, height), height)
    if isinstance(segmentation, list):
        return _polygons_box(segmentation)
    raise ValueError(f"is {shown(segmentation)}, expected {EXPECTED}")


def _polygons_box(polygons: list[Any]) -> Box:
    points = list(_points(polygons))
    if len(points) < _LEAST_POINTS:
        raise ValueError(f"has {len(points)} points, expected {_LEAST_POINTS} or more")
    xs, ys = zip(*points, strict=True)
    x0, y0, x1, y1 = min(xs), min(ys), max(xs), max(ys)
    if x0 == x1 or y0 == y1:
        raise ValueError("is as thin as a line")
    return boxes.as_box((x0, y0, x1, y1))


def _points(values: list[Any], depth: int = 1) -> Iterator[tuple[float, float]]:
    """The points of lists of numbers, however the lists lie within each other."""
    if depth > _DEEPEST:
        raise ValueError(f"holds lists more than {_DEEPEST} deep")
    for value in values:
        if isinstance(value, list):
            yield from _points(value, depth + 1)
        elif not _is_number(value):
            raise ValueError(f"holds {shown(value)}, expected numbers")
    numbers = [value for value in values if not isinstance(value, list)]
    if len(numbers) % 2 or (numbers and len(numbers) < len(values)):
        raise ValueError("holds a number that is no part of a point")
    yield from zip(numbers[::2], numbers[1::2], strict=True)


def _runs(code: dict[str, Any], width: int, height: int) -> list[int]:
    """Lengths of the runs, of 0 and of 1 in turn, down column after column."""
    size, counts = code.get("size"), code.get("counts")
    if size != [height, width]:
        raise ValueError(
            f"is of size {shown(size)}, the photograph of [{height}, {width}]"
        )
    if isinstance(counts, str):
        counts = _decompress(counts)
    if not isinstance(counts, list):
        raise ValueError(f"has counts {shown(counts)}, expected a list or a text")
    if not all(type(count) is int and count >= 0 for count in counts):
        raise ValueError("has counts that are no numbers of pixels")
    if sum(counts) != width * height:
        raise ValueError(f"counts {sum(counts)} pixels, not {width * height}")
    return counts


def _decompress(text: str) -> list[int]:
    """The counts of COCO's compressed code (``rleFrString`` of its ``maskApi.c``).

    Each number from the fourth on is the difference to the one two before it.
    https://github.com/cocodataset/cocoapi/blob/8c9bcc3/common/maskApi.c
    """
    counts: list[int] = []
    number = shift = 0
    for character in text:
        if ord(character) not in _CODE:
            raise ValueError(f"has {shown(character)} in its compressed counts")
        bits = ord(character) - _CODE.start
        number |= (bits & (_MORE - 1)) << shift
        shift += _BITS
        if bits & _MORE:
            continue
        if bits & _SIGN:
            number -= 1 << shift
        counts.append(number + (counts[-2] if len(counts) > 2 else 0))
        number = shift = 0
    if shift:
        raise ValueError("has compressed counts that end within a number")
    return counts


def _runs_box(runs: Sequence[int], height: int) -> Box:
    ends = np.cumsum(np.array(runs, dtype=np.int64))
    starts = ends - runs
    # Every second run is of pixels of the garment.
    first, last = starts[1::2], ends[1::2] - 1
    filled = last >= first
    if not filled.any():
        raise ValueError("covers no pixel")
    first, last = first[filled], last[filled]
    across = first // height < last // height  # such a run fills the column's end
    top = np.where(across, 0, first % height).min()
    bottom = np.where(across, height - 1, last % height).max()
    left, right = first.min() // height, last.max() // height
    return boxes.as_box((left, top, right + 1, bottom + 1))


def _is_number(value: object) -> bool:
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and is_finite(value)
    )
