import json
from dataclasses import replace

import pytest

from tiefvision.datasets.annotations import read_annotations
from tiefvision.datasets.writing import write_annotations
from tiefvision.records import Garment, Photo

PHOTOS = (
    Photo("a/1.jpg", 50, 60, "street", "train", "x1", "CC0-1.0"),
    Photo(
        "b/服 1.jpg",
        100,
        200,
        "shop",
        "test",
        garments=(
            Garment("skirt", (0.0, 1.5, 100.0, 200.0)),
            Garment("dress", (10.0, 20.0, 40.0, 60.0)),
        ),
    ),
)


def test_what_is_written_is_read(tmp_path):
    write_annotations(tmp_path, PHOTOS, description="A test")
    annotations = read_annotations(tmp_path / "annotations.json")
    assert annotations.photos == PHOTOS
    assert annotations.categories == ("dress", "skirt")
    assert annotations.problems == ()


def test_the_file_is_coco(tmp_path):
    write_annotations(tmp_path, PHOTOS, description="A test")
    content = json.loads((tmp_path / "annotations.json").read_text(encoding="utf-8"))
    assert content["info"]["description"] == "A test"
    assert content["categories"] == [
        {"id": 1, "name": "dress", "supercategory": "full"},
        {"id": 2, "name": "skirt", "supercategory": "lower"},
    ]
    assert [image["id"] for image in content["images"]] == [1, 2]
    assert content["annotations"][1] == {
        "id": 2,
        "image_id": 2,
        "category_id": 1,
        "bbox": [10.0, 20.0, 30.0, 40.0],
        "area": 1200.0,
        "iscrowd": 0,
    }


def test_who_wears_a_garment_and_its_own_group_come_back(tmp_path):
    vest = Garment("vest", (1.0, 2.0, 3.0, 4.0), group="upper", person="left")
    photos = (replace(PHOTOS[0], garments=(vest,)), PHOTOS[1])
    write_annotations(tmp_path, photos, description="A test")
    assert read_annotations(tmp_path / "annotations.json").photos == photos


def test_a_group_is_written_where_there_is_one(tmp_path):
    photos = (replace(PHOTOS[0], group="shot 1"), PHOTOS[1])
    write_annotations(tmp_path, photos, description="A test")
    assert read_annotations(tmp_path / "annotations.json").photos == photos
    content = json.loads((tmp_path / "annotations.json").read_text(encoding="utf-8"))
    assert [image.get("group") for image in content["images"]] == ["shot 1", None]


def test_equal_photographs_give_equal_bytes_in_any_order(tmp_path):
    write_annotations(tmp_path / "one", PHOTOS, description="A test")
    write_annotations(tmp_path / "two", PHOTOS[::-1], description="A test")
    first, second = (tmp_path / n / "annotations.json" for n in ("one", "two"))
    assert first.read_bytes() == second.read_bytes()


def test_no_photographs_make_a_readable_file(tmp_path):
    write_annotations(tmp_path, (), description="")
    assert read_annotations(tmp_path / "annotations.json").photos == ()


@pytest.mark.parametrize(
    "photos", [PHOTOS[:1] * 2, (Photo("../a.jpg", 50, 60, "shop", "test"),)]
)
def test_paths_that_could_not_be_read_are_not_written(tmp_path, photos):
    with pytest.raises(ValueError, match="path"):
        write_annotations(tmp_path, photos, description="")
    assert not (tmp_path / "annotations.json").exists()
