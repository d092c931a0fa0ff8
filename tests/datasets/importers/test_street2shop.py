import json
import shutil

import pytest

from tiefvision.datasets.importers import FORMATS
from tiefvision.datasets.importers.street2shop import import_street2shop
from tiefvision.datasets.survival import Share, Survival, read_survival
from tiefvision.errors import BadDataset
from tiefvision.records import Garment

BOX = {"left": 5, "top": 10, "width": 20, "height": 100}


def pair(photo, product, **box):
    return {"photo": photo, "product": product, "bbox": BOX | box}


@pytest.fixture
def source(tmp_path, draw):
    """Two verticals. Street 1 and 2 train; 3 and 4 test; 30 of them show dresses."""
    source = tmp_path / "street2shop"
    lists = {
        "retrieval_dresses": [
            {"photo": photo, "product": photo + 90} for photo in (11, 12, 13, 14, 19)
        ],
        # 101 and 102 are matched by one box: one garment that two shops sell.
        "train_pairs_dresses": [pair(1, 101), pair(1, 102), pair(2, 104, left=1)],
        "test_pairs_dresses": [pair(3, 103), pair(4, 103)],
        "retrieval_bags": [{"photo": 21, "product": 201}],
        "train_pairs_bags": [],
        "test_pairs_bags": [pair(3, 201, left=0, top=0, width=5, height=5)],
    }
    folder = source / "meta" / "json"
    folder.mkdir(parents=True)
    for name, entries in lists.items():
        (folder / f"{name}.json").write_text(json.dumps(entries))
    (source / "photos").mkdir()
    (source / "photos" / "photos.txt").write_text(
        "000000003,http://shop.example/3.jpg\nnonsense\n"
    )
    for number in (1, 2, 3, 4, 11, 12, 13, 14, 19, 21):
        draw(source / "images" / f"{number:09d}.jpg", number)
    return source


def test_pairs_become_items_and_boxes(source, tmp_path, check):
    report = import_street2shop(source, tmp_path / "out", seed=0)
    photos = check(tmp_path / "out")
    assert {(p.path, p.source, p.split, p.item_id) for p in photos.values()} == {
        ("dresses/street/1.jpg", "street", "train", "dresses-101"),
        ("dresses/street/2.jpg", "street", "train", "dresses-104"),
        ("dresses/street/3.jpg", "street", "test", "dresses-103"),
        ("dresses/street/4.jpg", "street", "test", "dresses-103"),
        ("dresses/shop/11.jpg", "shop", "train", "dresses-101"),
        ("dresses/shop/12.jpg", "shop", "train", "dresses-101"),
        ("dresses/shop/13.jpg", "shop", "test", "dresses-103"),
        ("dresses/shop/14.jpg", "shop", "train", "dresses-104"),
        ("dresses/shop/19.jpg", "shop", "test", "dresses-109"),
        ("bags/street/3.jpg", "street", "test", "bags-201"),
        ("bags/shop/21.jpg", "shop", "test", "bags-201"),
    }
    # The box reaches beyond the photograph of 40 x 60 pixels.
    assert photos["dresses/street/1.jpg"].garments == (
        Garment("dresses", (5.0, 10.0, 25.0, 60.0)),
    )
    assert photos["dresses/shop/11.jpg"].garments == ()
    assert report.skipped == ()
    # One photograph asks in two verticals: one shot, one group.
    assert report.near_duplicates == (("bags/street/3.jpg", "dresses/street/3.jpg"),)
    described = json.loads((tmp_path / "out" / "annotations.json").read_text())
    address = {one["file_name"]: one.get("address") for one in described["images"]}
    assert address["bags/street/3.jpg"] == "http://shop.example/3.jpg"
    assert address["bags/shop/21.jpg"] is None


def test_what_is_missing_is_counted_and_stops_nothing(source, tmp_path, check):
    for number in (4, 14, 21):  # 4 asks; 21 is all that shows the bag of 3
        (source / "images" / f"{number:09d}.jpg").unlink()
    report = import_street2shop(source, tmp_path / "out", seed=0)
    check(tmp_path / "out")
    # Items: dresses 101, 103, 104 and 109, and a bag; street photographs still show
    # 104 and the bag. Queries: 3 and 4 for a dress, 3 for a bag; 3 for a dress is left.
    assert report.survival == Survival(Share(11, 8), Share(5, 5), Share(3, 1))
    assert read_survival(tmp_path / "out") == report.survival
    assert len(report.skipped) == 1
    assert report.skipped[0].startswith("3 photographs are not in ")
    for number in (4, 14, 21):
        (source / "images" / f"{number}.jpg").write_bytes(
            (source / "images" / "000000001.jpg").read_bytes()
        )
    again = import_street2shop(source, tmp_path / "out", seed=0)
    assert again.survival == Survival(Share(11, 11), Share(5, 5), Share(3, 3))


def test_a_vertical_is_imported_alone(source, tmp_path, check):
    file = source / "meta" / "json" / "retrieval_bags.json"
    report = import_street2shop(file, tmp_path / "out", seed=0)
    assert {*check(tmp_path / "out")} == {"bags/street/3.jpg", "bags/shop/21.jpg"}
    assert report.survival == Survival(Share(2, 2), Share(1, 1), Share(1, 1))


def test_the_test_split_keeps_its_items_and_photographs(source, tmp_path, check):
    file = source / "meta" / "json" / "train_pairs_dresses.json"
    # Photograph 3 asks in the test split, and 103 is found there.
    file.write_text(json.dumps([pair(1, 101), pair(3, 104), pair(2, 103)]))
    report = import_street2shop(source, tmp_path / "out", seed=0)
    photos = check(tmp_path / "out")
    assert [p for p in photos if p.startswith("dresses/street")] == [
        "dresses/street/1.jpg",
        "dresses/street/3_2.jpg",
        "dresses/street/4.jpg",
    ]
    assert photos["dresses/street/3_2.jpg"].item_id == "dresses-103"
    assert len(report.skipped) == 1
    assert report.skipped[0].startswith("2 photographs of an item or file")


def test_damaged_json_is_named_with_its_line(source, tmp_path):
    file = source / "meta" / "json" / "test_pairs_bags.json"
    file.write_text('[{"photo": 3,\n "product": }]')
    with pytest.raises(BadDataset, match=r"test_pairs_bags.json, line 2, column 13"):
        import_street2shop(source, tmp_path / "out", seed=0)
    assert not (tmp_path / "out").exists()


def test_entries_that_cannot_be_used_are_told_with_their_place(source, tmp_path):
    file = source / "meta" / "json" / "test_pairs_bags.json"
    odd = [
        pair("../../x", 201),
        pair(3, None),
        {"photo": 3, "product": 201},
        7,
        pair(3, 201, width="wide"),
        pair(3, 201, width=10**400),
        pair(3, 201, left=float("nan")),
        pair("9" * 50, 201),
        pair(-1, 201),
    ]
    file.write_text(json.dumps([*odd, pair(3, 201)]))
    report = import_street2shop(source, tmp_path / "out", seed=0)
    assert '[0].photo is "../../x", expected a number' in report.skipped[0]
    assert "[2].bbox is missing" in report.skipped[2]
    assert "[3] is 7, expected an object" in report.skipped[3]
    assert "[4].bbox.width" in report.skipped[4]
    assert report.skipped[5:] == (f"{file}: more entries cannot be used.",)
    assert report.survival.queries == Share(3, 3)


def test_a_source_of_another_shape_is_refused(source, tmp_path):
    with pytest.raises(BadDataset, match="is not Street2Shop: there is no"):
        import_street2shop(tmp_path / "nothing", tmp_path / "out", seed=0)
    shutil.rmtree(source / "images")
    with pytest.raises(BadDataset, match=r"(?s)No photograph of .* 11 photographs are"):
        import_street2shop(source, tmp_path / "out", seed=0)
    for file in (source / "meta" / "json").iterdir():
        file.write_text("[]")
    with pytest.raises(BadDataset, match=r"lists in .* name no photograph"):
        import_street2shop(source, tmp_path / "out", seed=0)


def test_the_format_is_listed():
    assert FORMATS["street2shop"].convert is import_street2shop
