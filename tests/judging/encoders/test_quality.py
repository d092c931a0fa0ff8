import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tiefvision.datasets.class_folders import ClassPhoto
from tiefvision.datasets.product_views import ProductPhoto, read_product_views
from tiefvision.errors import BadDataset
from tiefvision.judging.encoders.candidates import (
    Candidate,
    histogram_candidates,
)
from tiefvision.judging.encoders.quality import measure_appearance, measure_meaning

SHARED = Path(os.environ.get("TIEFVISION_SHARED", "../shared"))
RED, GREEN, BLUE = (200, 10, 10), (10, 200, 10), (10, 10, 200)


def mean_colour(photo):
    return photo.mean(axis=(0, 1)).astype(np.float32)


COLOUR = Candidate("colour", "", "mean", mean_colour)


@pytest.fixture
def paint(tmp_path):
    """Write a photograph of one colour."""

    def paint(name, colour):
        Image.new("RGB", (24, 32), colour).save(tmp_path / name)
        return tmp_path / name

    return paint


@pytest.fixture
def sorted_photos(paint):
    """Red hats and blue shoes; of the test photographs one hat is blue."""
    return [
        ClassPhoto(paint("0.png", RED), "hat", "train"),
        ClassPhoto(paint("1.png", RED), "hat", "train"),
        ClassPhoto(paint("2.png", BLUE), "shoe", "train"),
        ClassPhoto(paint("3.png", GREEN), "shoe", "val"),
        ClassPhoto(paint("4.png", RED), "hat", "test"),
        ClassPhoto(paint("5.png", BLUE), "hat", "test"),
    ]


@pytest.fixture
def products(paint):
    return [
        ProductPhoto(paint("a_main.png", RED), "a", "main"),
        ProductPhoto(paint("b_main.png", GREEN), "b", "main"),
        ProductPhoto(paint("a_back.png", RED), "a", "back"),
        ProductPhoto(paint("b_back.png", RED), "b", "back"),
        ProductPhoto(paint("b_alt1.png", GREEN), "b", "alt1"),
        ProductPhoto(paint("c_side.png", BLUE), "c", "side"),
    ]


def test_meaning_by_hand(sorted_photos):
    report = measure_meaning(sorted_photos, [COLOUR, *histogram_candidates()], k=1)
    assert [item.candidate.encoder for item in report.qualities] == [
        "colour",
        "none",
        "none",
    ]
    line = report.qualities[0].to_dict()
    assert (line["measure"], line["photographs"], line["queries"]) == ("class", 3, 2)
    assert (line["k"], line["value"]) == (1, 0.5)  # the blue hat lies by the shoe
    assert line["low"] <= line["value"] <= line["high"]
    assert report.skipped == ()


def test_appearance_by_hand(products):
    report = measure_appearance(products, [COLOUR])
    found = {(item.measure, item.k): item.figure.value for item in report.qualities}
    assert found == {
        ("back", 1): 0.5,  # b is red from behind, as a is
        ("back", 5): 1.0,
        ("back", 20): 1.0,
        ("alt1", 1): 1.0,
        ("alt1", 5): 1.0,
        ("alt1", 20): 1.0,
    }
    counts = {
        (item.measure, item.photographs, item.queries) for item in report.qualities
    }
    assert counts == {("back", 2, 2), ("alt1", 2, 1)}


def test_one_half_of_the_products_searches_all_of_them(products, paint):
    # By their names, a and b belong to the reporting half, and d to the other.
    others = [
        ProductPhoto(paint("d_main.png", BLUE), "d", "main"),
        ProductPhoto(paint("d_back.png", BLUE), "d", "back"),
        ProductPhoto(paint("d_alt1.png", BLUE), "d", "alt1"),
    ]
    reporting = measure_appearance([*products, *others], [COLOUR])
    choosing = measure_appearance([*products, *others], [COLOUR], "choosing")
    counts = [
        {(item.measure, item.photographs, item.queries) for item in report.qualities}
        for report in (reporting, choosing)
    ]
    assert counts == [
        {("back", 3, 2), ("alt1", 3, 1)},
        {("back", 3, 1), ("alt1", 3, 1)},
    ]


def test_an_unreadable_photograph_is_named_and_left_out(sorted_photos):
    sorted_photos[0].path.write_bytes(b"nothing")
    sorted_photos[5].path.unlink()
    report = measure_meaning(sorted_photos, [COLOUR])
    assert len(report.skipped) == 2
    assert "0.png" in report.skipped[0]
    assert "5.png" in report.skipped[1]
    assert (report.qualities[0].photographs, report.qualities[0].queries) == (2, 1)


def test_a_split_or_view_without_photographs_is_an_error(sorted_photos, products):
    with pytest.raises(BadDataset, match="split test"):
        measure_meaning(sorted_photos[:4], [COLOUR])
    with pytest.raises(BadDataset, match="view alt1"):
        measure_appearance(products[:4], [COLOUR])
    with pytest.raises(BadDataset, match="split train"):
        measure_meaning([], [COLOUR])


@pytest.mark.real
@pytest.mark.skipif(not (SHARED / "data/luma").is_dir(), reason="Luma is not there")
def test_the_published_figures_of_the_histogram():
    photos, _ = read_product_views(SHARED / "data/luma")
    report = measure_appearance(photos, histogram_candidates()[:1])
    found = {(item.measure, item.k): item.figure.value for item in report.qualities}
    assert found["back", 1] == pytest.approx(0.75, abs=0.02)
    assert found["back", 5] == pytest.approx(0.82, abs=0.02)
    assert found["alt1", 5] == pytest.approx(0.62, abs=0.02)
