import json

import pytest

from tiefvision.datasets.importers import FORMATS
from tiefvision.datasets.importers.deepfashion2 import import_deepfashion2
from tiefvision.datasets.survival import Share, Survival
from tiefvision.errors import BadDataset
from tiefvision.records import Garment


def item(category, style, box=(1, 2, 21, 32)):
    return {"category_id": category, "style": style, "bounding_box": list(box)}


PHOTOS = {
    "train/000001": {"source": "user", "pair_id": 1, "item1": item(1, 1)},
    "train/000002": {"source": "shop", "pair_id": 1, "item1": item(1, 1)},
    # The larger of two garments with a style is the item; a third has none.
    "validation/000001": {
        "source": "user",
        "pair_id": 1,
        "item1": item(5, 1, (0, 0, 10, 10)),
        "item2": item(8, 2, (0, 10, 90, 60)),
        "item3": item(3, 0, (0, 0, 40, 60)),
    },
    "validation/000002": {"source": "shop", "pair_id": 1, "item1": item(8, 2)},
    "validation/000003": {"source": "user", "pair_id": 2, "item1": item(9, 0)},
    "validation/000004": {"source": "user", "pair_id": 3, "item1": item(9, 1)},
}


@pytest.fixture
def source(tmp_path, draw):
    source = tmp_path / "deepfashion2"
    for seed, (name, annotation) in enumerate(PHOTOS.items()):
        folder, number = name.split("/")
        draw(source / folder / "image" / f"{number}.jpg", seed)
        file = source / folder / "annos" / f"{number}.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(annotation))
    return source


def test_pair_and_style_are_the_item(source, tmp_path, check):
    report = import_deepfashion2(source, tmp_path / "out", seed=0)
    photos = check(tmp_path / "out")
    assert {(path, p.source, p.split, p.item_id) for path, p in photos.items()} == {
        ("train/000001.jpg", "street", "train", "train-1-1"),
        ("train/000002.jpg", "shop", "train", "train-1-1"),
        ("validation/000001.jpg", "street", "test", "validation-1-2"),
        ("validation/000002.jpg", "shop", "test", "validation-1-2"),
        ("validation/000003.jpg", "street", "test", ""),
        ("validation/000004.jpg", "street", "test", "validation-3-1"),
    }
    assert photos["validation/000001.jpg"].garments == (
        Garment("vest", (0.0, 0.0, 10.0, 10.0), group="upper"),
        Garment("trousers", (0.0, 10.0, 40.0, 60.0)),
        Garment("short sleeve outwear", (0.0, 0.0, 40.0, 60.0)),
    )
    # No shop photograph was published of what 000004 asks for.
    assert report.survival == Survival(Share(6, 6), Share(3, 3), Share(1, 1))
    assert report.skipped == ()


def test_damage_is_told_with_file_and_line(source, tmp_path, check):
    annos = source / "validation" / "annos"
    (annos / "000003.json").write_text('{"source": "user",\n "pair_id"}')
    (annos / "000004.json").write_text(json.dumps({"pair_id": 1, "item1": item(14, 1)}))
    (source / "validation" / "image" / "000002.jpg").unlink()
    report = import_deepfashion2(source, tmp_path / "out", seed=0)
    check(tmp_path / "out")
    syntax, category, missing = report.skipped
    assert "000003.json, line 2, column 11: not JSON" in syntax
    assert "000004.json: item1.category_id is not in 1 to 13" in category
    assert missing.startswith("1 photograph is not in ")
    assert report.survival == Survival(Share(4, 3), Share(2, 2), Share(1, 0))


@pytest.mark.parametrize(
    "broken",
    [
        {"source": "museum"},
        {"item1": 7},
        {"item1": item(1, 1, (1, 2, 3))},
        {"item1": item(1, 1, (1, 2, 3, "4"))},
        {"item1": item(1, 1, (1, 2, 3, float("inf")))},
        {"item1": item(1, 1, (1, 2, 3, 10**400))},
        {"item1": item("top", 1)},
        {"item1": {"category_id": 1, "bounding_box": [1, 2, 3, 4]}},
    ],
)
def test_an_annotation_of_another_shape_costs_its_photograph(broken, source, tmp_path):
    file = source / "train" / "annos" / "000001.json"
    file.write_text(json.dumps(PHOTOS["train/000001"] | broken))
    report = import_deepfashion2(source, tmp_path / "out", seed=0)
    assert report.photos == 5
    assert len(report.skipped) == 1
    assert "000001.json: " in report.skipped[0]


def test_a_source_of_another_shape_is_refused(tmp_path):
    with pytest.raises(BadDataset, match="is not DeepFashion2"):
        import_deepfashion2(tmp_path, tmp_path / "out", seed=0)


def test_the_format_is_listed():
    assert FORMATS["deepfashion2"].convert is import_deepfashion2
