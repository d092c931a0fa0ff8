import subprocess
import sys

import cv2
import numpy as np
import pytest

from tiefvision.ranking.colours.lab import srgb_to_lab
from tiefvision.ranking.words.blobs import (
    BLOB_IMPORTANCE,
    BLOB_NUMBERS,
    blob_descriptors,
    find_blobs,
)

RED, GREY = (200, 30, 30), (180, 180, 180)


def crop_with(draw):
    crop = np.full((96, 96, 3), GREY, dtype=np.uint8)
    draw(crop)
    return crop


def disc(centre, radius, colour=RED):
    return crop_with(lambda crop: cv2.circle(crop, centre, radius, colour, -1))


def bar(crop):
    crop[30:36, 10:80] = RED


def test_a_disc_is_found_with_its_colour_area_and_shape():
    blobs = blob_descriptors(disc((40, 50), 12))
    assert blobs.dtype == np.float32
    assert blobs.shape[1] == BLOB_NUMBERS == len(BLOB_IMPORTANCE)
    assert len(blobs)
    red = srgb_to_lab(np.array(RED, dtype=np.uint8))
    for blob in blobs:
        assert blob[:3] == pytest.approx(red, abs=0.5)
        assert blob[3:6] == pytest.approx(0, abs=0.5)
        assert 10 ** blob[6] * 96 * 96 == pytest.approx(np.pi * 144, rel=0.1)
        assert blob[7] < 0.2
        # The first moment of a disc is 1 / (2 pi).
        assert 10 ** blob[8] == pytest.approx(1 / (2 * np.pi), rel=0.02)


def test_eccentricity_of_a_bar():
    # Its ellipse has axes of 70 and 6: 1 - (6 / 70) ** 2 is the eccentricity squared.
    found = blob_descriptors(crop_with(bar))[:, 7]
    assert len(found)
    assert found == pytest.approx(np.sqrt(1 - (6 / 70) ** 2), abs=1e-3)


def test_moments_against_opencv():
    photo = np.random.default_rng(0).integers(0, 256, (12, 12, 3), dtype=np.uint8)
    crop = cv2.resize(photo, (96, 96), interpolation=cv2.INTER_CUBIC)
    regions = find_blobs(srgb_to_lab(crop))
    assert len(regions) > 5
    lab = srgb_to_lab(crop)
    for blob, region in zip(blob_descriptors(crop), regions, strict=True):
        mask = np.zeros((96, 96), dtype=np.uint8)
        mask[region[:, 1], region[:, 0]] = 1
        hu = np.abs(cv2.HuMoments(cv2.moments(mask, binaryImage=True)).ravel())
        assert blob[8:] == pytest.approx(np.log10(hu.clip(min=1e-10)), abs=1e-3)
        pixels = lab[mask > 0]
        assert blob[:3] == pytest.approx(pixels.mean(axis=0), abs=1e-2)
        assert blob[3:6] == pytest.approx(pixels.std(axis=0), abs=1e-2)
        assert 10 ** blob[6] == pytest.approx(mask.mean(), rel=1e-4)


def test_descriptors_are_invariant_to_shifts_and_quarter_turns():
    blobs = blob_descriptors(crop_with(bar))
    turned = blob_descriptors(np.rot90(crop_with(bar)).copy())
    assert np.unique(turned, axis=0)[0] == pytest.approx(
        np.unique(blobs, axis=0)[0], abs=1e-3
    )
    moved = blob_descriptors(np.roll(crop_with(bar), 20, axis=0))
    assert np.unique(moved, axis=0)[0] == pytest.approx(
        np.unique(blobs, axis=0)[0], abs=1e-3
    )


def test_a_plain_crop_has_no_blobs():
    blobs = blob_descriptors(np.full((96, 96, 3), 255, dtype=np.uint8))
    assert blobs.shape == (0, BLOB_NUMBERS)
    assert blobs.dtype == np.float32


def test_opencv_is_not_loaded_until_it_is_needed():
    code = "import sys, tiefvision.ranking.words.blobs; sys.exit('cv2' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
