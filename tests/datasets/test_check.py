import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from tiefvision.datasets.check import check_dataset
from tiefvision.datasets.layout import write_annotations, write_triplets
from tiefvision.records import Garment, Photo, Triplet

DRESS = Garment("dress", (1.0, 2.0, 10.0, 12.0))
SIZE = (60, 90)


def save(root, path, scene, **options):
    """Saves a photograph of smooth random colours, another one for each ``scene``."""
    coarse = np.random.default_rng(scene).integers(0, 255, (9, 6, 3), dtype=np.uint8)
    file = root / "images" / path
    file.parent.mkdir(parents=True, exist_ok=True)
    smooth = Image.fromarray(coarse).resize(SIZE, Image.Resampling.BICUBIC)
    smooth.save(file, **options)


def photo(path, source="street", split="train", item_id="", garments=()):
    return Photo(path, *SIZE, source, split, item_id, "", garments)


def write(root, *photos):
    write_annotations(root, photos, description="")


def test_a_sound_dataset_is_counted(tmp_path):
    for scene, path in enumerate(("a.png", "b.jpg", "c.webp")):
        save(tmp_path, path, scene)
    write(
        tmp_path,
        photo("a.png", garments=(DRESS, DRESS), item_id="1"),
        photo("b.jpg", source="shop", item_id="1"),
        photo("c.webp", split="test"),
    )
    write_triplets(tmp_path, [Triplet("a.png", "b.jpg", "c.webp")])
    report = check_dataset(tmp_path)
    assert report.usable
    assert report.reasons == ()
    assert report.photos == 3
    assert report.by_source == {"street": 2, "shop": 1}
    assert report.by_split == {"train": 2, "val": 0, "test": 1}
    assert (report.items, report.boxes, report.triplets) == (1, 2, 1)
    assert report.categories == {"dress": 2}
    for findings in (
        report.missing,
        report.corrupt,
        report.resized,
        report.duplicates,
        report.near_duplicates,
        report.leaks,
        report.unnamed,
        report.problems,
    ):
        assert len(findings) == 0
    json.dumps(report.to_dict())


def test_damaged_files_are_named(tmp_path):
    save(tmp_path, "good.png", 0)
    save(tmp_path, "more/unnamed.png", 1)
    (tmp_path / "images" / "corrupt.jpg").write_bytes(b"nothing")
    small = Photo("good.png", 30, 45, "street", "train", "", "", (DRESS,))
    write(tmp_path, small, photo("corrupt.jpg"), photo("missing.jpg"))
    report = check_dataset(tmp_path)
    assert report.usable
    assert report.missing == ("missing.jpg",)
    assert list(report.corrupt) == ["corrupt.jpg"]
    assert "not a JPEG" in report.corrupt["corrupt.jpg"]
    assert report.resized == {
        "good.png": "annotations.json says 30 x 45, the file 60 x 90 pixels."
    }
    assert report.unnamed == ("more/unnamed.png",)


def leaks(report):
    return [(leak.kind, leak.photos) for leak in report.leaks]


def test_one_item_in_two_splits_leaks(tmp_path):
    for scene, path in enumerate(("a.png", "b.png", "c.png")):
        save(tmp_path, path, scene)
    write(
        tmp_path,
        photo("a.png", item_id="1"),
        photo("b.png", item_id="1", split="test"),
        photo("c.png", item_id="1", source="shop"),
    )
    expected = {"train": ("a.png", "c.png"), "test": ("b.png",)}
    assert leaks(check_dataset(tmp_path)) == [("item", expected)]


@pytest.mark.parametrize("split", ["train", "val"])
def test_equal_files_are_duplicates_and_leak_across_splits(tmp_path, split):
    save(tmp_path, "a.png", 0)
    save(tmp_path, "b.png", 0)
    write(tmp_path, photo("a.png", garments=(DRESS,)), photo("b.png", split=split))
    report = check_dataset(tmp_path)
    assert report.usable
    assert report.duplicates == (("a.png", "b.png"),)
    leak = ("duplicate", {"train": ("a.png",), "val": ("b.png",)})
    assert leaks(report) == ([leak] if split == "val" else [])


@pytest.mark.parametrize("source", ["street", "shop"])
def test_street_photographs_that_look_alike_leak(tmp_path, source):
    save(tmp_path, "a.jpg", 0, quality=95)
    save(tmp_path, "b.jpg", 0, quality=60)
    save(tmp_path, "c.jpg", 1)
    write(
        tmp_path,
        photo("a.jpg", source, "train", "1"),
        photo("b.jpg", source, "test", "2"),
        photo("c.jpg", source, "val", "3"),
    )
    report = check_dataset(tmp_path)
    assert report.duplicates == ()
    leak = ("near-duplicate", {"train": ("a.jpg",), "test": ("b.jpg",)})
    assert leaks(report) == ([leak] if source == "street" else [])
    alike = (("a.jpg", "b.jpg"),) if source == "street" else ()
    assert report.near_duplicates == alike


def test_one_group_in_two_splits_leaks_and_is_told_of_once(tmp_path):
    save(tmp_path, "a.jpg", 0, quality=95)
    save(tmp_path, "b.jpg", 0, quality=60)  # of the group, and looks it
    save(tmp_path, "c.jpg", 1)
    save(tmp_path, "d.jpg", 2)
    shots = zip("abcd", ("train", "test", "val", "val"), "1122", strict=True)
    write(
        tmp_path,
        *(replace(photo(f"{n}.jpg", split=s), group=group) for n, s, group in shots),
    )
    expected = {"train": ("a.jpg",), "test": ("b.jpg",)}
    assert leaks(check_dataset(tmp_path)) == [("group", expected)]


def test_spoilt_boxes_are_counted(tmp_path):
    save(tmp_path, "a.png", 0)
    outside = Garment("dress", (-20.0, 0.0, 30.0, 30.0))
    empty = Garment("dress", (5.0, 5.0, 5.0, 9.0))
    write(tmp_path, photo("a.png", garments=(outside, empty, DRESS)))
    report = check_dataset(tmp_path)
    assert report.boxes == 2
    assert report.problem_counts == {"clipped box": 1, "dropped box": 1}
    assert len(report.problems) == 2


def test_what_cannot_be_used_says_why(tmp_path):
    assert "There is no" in check_dataset(tmp_path).reasons[0]
    (tmp_path / "annotations.json").write_text("{")
    assert "line 1, column 2" in check_dataset(tmp_path).reasons[0]
    write(tmp_path)
    assert "names no photograph at all." in check_dataset(tmp_path).reasons[0]
    write(tmp_path, photo("a.png", garments=(DRESS,)))
    assert check_dataset(tmp_path).reasons == (
        "None of its 1 photographs can be read.",
        "There is no images/a.png.",
    )
    save(tmp_path, "a.png", 0)
    assert check_dataset(tmp_path).usable
    write(tmp_path, photo("a.png"))
    assert "neither boxes nor items" in check_dataset(tmp_path).reasons[0]
    assert not check_dataset(tmp_path).usable


def test_why_no_photograph_can_be_used_is_told_of_the_first_ten(tmp_path):
    images = [{"id": n, "file_name": f"{n}.png", "width": 0} for n in range(12)]
    (tmp_path / "annotations.json").write_text(json.dumps({"images": images}))
    first, *places, last = check_dataset(tmp_path).reasons
    assert first == "annotations.json names no photograph that can be used."
    assert [place.split(".")[0] for place in places] == [
        f"images[{n}]" for n in range(10)
    ]
    assert last == "and 2 more"
    write(tmp_path, *(photo(f"{n}.png") for n in range(10)))
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "3.png").write_bytes(b"")
    reasons = check_dataset(tmp_path).reasons
    assert "3.png: it is empty." in reasons[4]
    assert reasons[10] == "There is no images/9.png."


@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_a_dataset_that_cannot_be_tested_on_is_told(tmp_path, split):
    save(tmp_path, "a.png", 0)
    write(tmp_path, photo("a.png", garments=(DRESS,), split=split))
    report = check_dataset(tmp_path)
    assert report.usable
    nothing = [note for note in report.notes if "nothing can be tested" in note]
    assert len(nothing) == (split != "test")


def test_missing_photographs_whose_paths_have_another_form_are_told(tmp_path):
    save(tmp_path, "sub/a.png", 0)
    save(tmp_path, "images/here.png", 1)  # a folder of this name is no mistake
    paths = ("images/sub/a.png", "sub\\a.png", "images/here.png", "sub/a.png")
    write(tmp_path, *(photo(path, split="test", item_id="1") for path in paths))
    report = check_dataset(tmp_path)
    assert report.missing == paths[:2]
    assert report.notes == (
        "Paths start below images/ and use slashes: write 'sub/a.png'. This mends 2 "
        "missing photographs.",
    )


def test_a_path_longer_than_the_system_allows_is_told_beside_good_ones(tmp_path):
    long = "/".join(["x" * 200] * 30) + ".jpg"
    save(tmp_path, "a.jpg", 0)
    write(tmp_path, photo("a.jpg"), photo(long), photo("a.jpg/b.jpg"))
    report = check_dataset(tmp_path)
    assert report.photos == 3
    assert report.missing == ("a.jpg/b.jpg",)
    assert "file name too long" in report.corrupt[long]
