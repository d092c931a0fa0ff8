"""Boxes of segmentations, compared with COCO's own tool and worked by hand."""

import numpy as np
import pytest
from pycocotools import mask as coco

from tiefvision.datasets.segmentations import segmentation_box

WIDTH, HEIGHT = 9, 7


def xyxy(box):
    x, y, width, height = box.tolist()
    return (x, y, x + width, y + height)


def uncompressed(mask):
    """Runs of 0 and of 1 in turn, down column after column, by a naive loop."""
    counts, value = [0], 0
    for pixel in mask.T.ravel():
        if pixel != value:
            counts.append(0)
            value = pixel
        counts[-1] += 1
    return {"size": list(mask.shape), "counts": counts}


@pytest.mark.parametrize("share", [0.02, 0.1, 0.5, 0.99])
@pytest.mark.parametrize("seed", range(8))
def test_run_length_codes_give_the_box_of_the_pixels(share, seed):
    mask = (np.random.default_rng(seed).random((HEIGHT, WIDTH)) < share).astype("uint8")
    mask[seed % HEIGHT, seed % WIDTH] = 1
    rows, columns = mask.nonzero()
    box = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    code = coco.encode(np.asfortranarray(mask))
    text = {"size": code["size"], "counts": code["counts"].decode()}
    assert segmentation_box(uncompressed(mask), WIDTH, HEIGHT) == box
    assert segmentation_box(text, WIDTH, HEIGHT) == box
    # COCO's tool counts the columns between two, which is the same here.
    assert xyxy(coco.toBbox(code)) == pytest.approx(box)


def test_long_runs_take_several_characters():
    mask = np.zeros((900, 1100), dtype=np.uint8)
    mask[300:, 400:] = 1
    code = coco.encode(np.asfortranarray(mask))
    text = {"size": [900, 1100], "counts": code["counts"].decode()}
    assert segmentation_box(text, 1100, 900) == (400, 300, 1100, 900)


@pytest.mark.parametrize(
    ("polygons", "box"),
    [
        ([[1, 2, 5, 2, 5, 6]], (1, 2, 5, 6)),
        ([1, 2, 5, 2, 5, 6], (1, 2, 5, 6)),
        ([[1, 2, 5, 2, 5, 6], [], [7, 0, 8, 1, 7, 1]], (1, 0, 8, 6)),
        ([[[1, 2], [5, 2], [5, 6]]], (1, 2, 5, 6)),
        ([[1, 2], [5, 2], [5.5, 6]], (1, 2, 5.5, 6)),
        ([[-3, -2, 50, -2, 50, 60]], (-3, -2, 50, 60)),
    ],
)
def test_polygons_however_they_are_nested(polygons, box):
    assert segmentation_box(polygons, WIDTH, HEIGHT) == box


@pytest.mark.parametrize(
    ("segmentation", "complaint"),
    [
        ("abc", 'is "abc", expected polygons or a run-length code'),
        (3, "is 3, expected"),
        ([], "has 0 points"),
        ([[]], "has 0 points"),
        ([[1, 2, 3, 4]], "has 2 points, expected 3"),
        ([[1, 2, 3, 4, 5]], "no part of a point"),
        ([[1, 2, [3, 4]]], "no part of a point"),
        ([[1, 2, 3, "4", 5, 6]], 'holds "4", expected numbers'),
        ([[1, 2, 3, float("nan"), 5, 6]], "holds NaN, expected numbers"),
        ([[1, 2, 3, 10**400, 5, 6]], "expected numbers"),
        ([[1, 2, 3, True, 5, 6]], "holds true, expected numbers"),
        ([[1, 2, 1, 4, 1, 6]], "is as thin as a line"),
        ([[[[[1, 2, 5, 2, 5, 6]]]]], "lists more than 4 deep"),
        ({}, "is of size null, the photograph of [7, 9]"),
        ({"size": [9, 7], "counts": [63]}, "is of size [9, 7], the photograph of [7"),
        ({"size": [7, 9]}, "has counts null"),
        ({"size": [7, 9], "counts": [63]}, "covers no pixel"),
        ({"size": [7, 9], "counts": [0, 0, 63]}, "covers no pixel"),
        ({"size": [7, 9], "counts": [1, 2]}, "counts 3 pixels, not 63"),
        ({"size": [7, 9], "counts": [-1, 64]}, "that are no numbers of pixels"),
        ({"size": [7, 9], "counts": [0.5, 62.5]}, "that are no numbers of pixels"),
        ({"size": [7, 9], "counts": [True, 62]}, "that are no numbers of pixels"),
        ({"size": [7, 9], "counts": "o"}, "that end within a number"),
        ({"size": [7, 9], "counts": "a b"}, 'has " " in its compressed counts'),
        ({"size": [7, 9], "counts": ""}, "counts 0 pixels"),
    ],
)
def test_what_gives_no_box_is_told(segmentation, complaint):
    with pytest.raises(ValueError) as error:
        segmentation_box(segmentation, WIDTH, HEIGHT)
    assert complaint in str(error.value)
