import copy
import json

import pytest

from tiefvision.datasets.annotations import read_annotations
from tiefvision.errors import BadDataset
from tiefvision.records import Garment, Photo

GOOD = {
    "images": [
        {
            "id": 7,
            "file_name": "b/1.jpg",
            "width": 100,
            "height": 200,
            "source": "shop",
            "item_id": "x1",
            "split": "val",
            "license": "CC0-1.0",
        },
        {"id": 3, "file_name": "a/1.jpg", "width": 50, "height": 60},
    ],
    "annotations": [
        {"id": 1, "image_id": 7, "category_id": 2, "bbox": [10, 20.5, 30, 40]},
        {"id": 2, "image_id": 7, "category_id": 5, "bbox": [0, 0, 100, 200]},
    ],
    "categories": [{"id": 5, "name": "skirt"}, {"id": 2, "name": "dress"}],
}


def read(tmp_path, content):
    file = tmp_path / "annotations.json"
    if isinstance(content, dict):
        content = json.dumps(content)
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_annotations(file)


def changed(*keys, value):
    """GOOD with one value replaced, or removed if the value is ``...``."""
    content = copy.deepcopy(GOOD)
    place = content
    for key in keys[:-1]:
        place = place[key]
    if value is ...:
        del place[keys[-1]]
    else:
        place[keys[-1]] = value
    return content


def test_a_good_file(tmp_path):
    annotations = read(tmp_path, GOOD)
    assert annotations.photos == (
        Photo("a/1.jpg", 50, 60, "street", "train"),
        Photo(
            "b/1.jpg",
            100,
            200,
            "shop",
            "val",
            "x1",
            "CC0-1.0",
            (
                Garment("dress", (10.0, 20.5, 40.0, 60.5)),
                Garment("skirt", (0.0, 0.0, 100.0, 200.0)),
            ),
        ),
    )
    assert annotations.categories == ("dress", "skirt")
    assert annotations.problems == ()


def test_a_group_is_optional(tmp_path):
    photos = read(tmp_path, changed("images", 0, "group", value="shot 1")).photos
    assert [photo.group for photo in photos] == ["", "shot 1"]


def test_a_byte_order_mark_is_no_harm(tmp_path):
    assert len(read(tmp_path, b"\xef\xbb\xbf" + json.dumps(GOOD).encode()).photos) == 2


def test_coco_license_numbers_are_looked_up(tmp_path):
    content = changed("images", 0, "license", value=4)
    content["licenses"] = [{"id": 4, "name": "CC-BY-4.0"}]
    photos = read(tmp_path, content).photos
    assert [photo.license for photo in photos] == ["", "CC-BY-4.0"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (changed("images", value=...), "images is missing, expected a list"),
        (changed("annotations", value={}), "annotations is {}, expected a list"),
        (changed("images", 1, value=3), r"images\[1\] is 3, expected an object"),
        (changed("images", 1, "id", value="3"), r'images\[1\].id is "3", expected a'),
        (changed("images", 1, "id", value=True), r"images\[1\].id is true"),
        (changed("images", 1, "id", value=7), r"images\[1\].id is 7 again"),
        (changed("images", 1, "width", value=...), r"images\[1\].width is missing"),
        (changed("images", 1, "width", value=-4), r"images\[1\].width is -4"),
        (changed("images", 1, "width", value=1.5), r"images\[1\].width is 1.5"),
        (changed("images", 1, "width", value=10**400), r"images\[1\].width is 1000"),
        (changed("images", 1, "file_name", value="b/1.jpg"), "again, as images"),
        (changed("images", 1, "file_name", value="../x.jpg"), "climbs out of images"),
        (changed("images", 1, "file_name", value="/x.jpg"), "absolute path"),
        (changed("images", 1, "file_name", value=3), "expected a path"),
        (changed("images", 0, "split", value="dev"), "expected train, val or test"),
        (changed("images", 0, "source", value="web"), "expected street or shop"),
        (changed("images", 0, "item_id", value=[]), r"item_id is \[\]"),
        (changed("images", 0, "group", value=[]), r"group is \[\]"),
        (changed("annotations", 1, "id", value=1), r"annotations\[1\].id is 1 again"),
        (changed("annotations", 1, "image_id", value=9), "image_id is 9, which no"),
        (changed("annotations", 1, "category_id", value=9), "category_id is 9, which"),
        (changed("annotations", 1, "bbox", value=[1, 2, 3]), "has 3 numbers, expected"),
        (changed("annotations", 1, "bbox", value=[1, 2, 3, "4"]), 'holds "4"'),
        (changed("annotations", 1, "bbox", value=...), r"\[1\].bbox is missing"),
        (changed("categories", 1, "name", value="skirt"), r"categories\[1\].name"),
        (changed("categories", 1, "id", value=5), r"categories\[1\].id is 5 again"),
    ],
)
def test_a_broken_entry_is_named(tmp_path, content, message):
    with pytest.raises(BadDataset, match=message) as error:
        read(tmp_path, content)
    assert "annotations.json" in str(error.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"images": [\n  {"id" 1}\n]}', "line 2, column 9"),
        ("", "line 1, column 1"),
        ("[]", "expected an object"),
        (b"\xff\xfe\x00", "codec can't decode"),
        ("[" * 100_000, "Cannot read"),
    ],
)
def test_what_is_no_json_object_is_refused_with_the_place(tmp_path, content, message):
    with pytest.raises(BadDataset, match=message):
        read(tmp_path, content)


def test_a_missing_file_is_refused_with_the_next_step(tmp_path):
    with pytest.raises(BadDataset, match="tiefvision data import"):
        read_annotations(tmp_path / "annotations.json")


@pytest.mark.parametrize(
    ("bbox", "inside", "kind"),
    [
        ([-10, 0, 30, 40], (0, 0, 20, 40), "clipped box"),
        ([90, 190, 30, 40], (90, 190, 100, 200), "clipped box"),
        ([-0.5, 0, 30, 200.4], (0, 0, 29.5, 200), None),
        ([100, 0, 5, 5], None, "dropped box"),
        ([-9, 0, 9, 5], None, "dropped box"),
        ([5, 5, 0, 5], None, "dropped box"),
        ([5, 5, 5, -5], None, "dropped box"),
        ([5, 5, 5, float("nan")], None, "dropped box"),
        ([5, float("inf"), 5, 5], None, "dropped box"),
        ([5, 10**400, 5, 5], None, "dropped box"),
    ],
)
def test_a_spoilt_box_is_mended_or_dropped_and_counted(tmp_path, bbox, inside, kind):
    annotations = read(tmp_path, changed("annotations", 0, "bbox", value=bbox))
    garments = annotations.photos[1].garments
    assert [g.box_in_image for g in garments if g.category == "dress"] == (
        [inside] if inside else []
    )
    assert [problem.kind for problem in annotations.problems] == [kind] * bool(kind)
    assert all("annotations[0].bbox" in p.message for p in annotations.problems)
    assert len(garments) == 1 + bool(inside)
