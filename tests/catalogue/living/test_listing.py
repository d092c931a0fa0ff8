"""What folders, datasets and files offer to a catalogue."""

import json
from pathlib import Path

import pytest

from tiefvision.catalogue.living.ledger import Facts
from tiefvision.catalogue.living.listing import list_folder, list_paths
from tiefvision.errors import TiefVisionError


@pytest.fixture
def make(tmp_path):
    """Makes files that are no photographs; nobody opens them here."""

    def files(*names):
        for name in names:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_bytes(b"")
        return tmp_path

    return files


def items(listed):
    return {
        Path(file).relative_to(listed.root).as_posix(): facts.item
        for file, facts in listed.photos.items()
    }


def test_a_folder_offers_its_photographs_each_an_item(make):
    root = make("a/shirt.jpg", "b/shirt.PNG", "été 1.webp", "notes.txt")
    listed = list_folder(root)
    assert listed.root == root
    assert items(listed) == {
        "a/shirt.jpg": "a/shirt",
        "b/shirt.PNG": "b/shirt",
        "été 1.webp": "été 1",
    }


def test_a_relative_folder_is_known_by_its_absolute_path(make, monkeypatch):
    root = make("shop/a.jpg")
    monkeypatch.chdir(root / "shop")
    for path in (".", "../shop", "../shop/."):
        assert list(list_folder(Path(path)).photos) == [str(root / "shop" / "a.jpg")]


def test_a_dataset_offers_its_shop_photographs(dataset):
    listed = list_folder(dataset)
    assert len(listed.photos) == 12
    file = str(dataset / "images" / "shop" / "dress-0001.jpg")
    assert listed.photos[file].item == "dress-0001"
    assert listed.names[file] == "shop/dress-0001.jpg"


def test_files_and_folders_are_listed_together(make):
    root = make("one/a.jpg", "one/b.jpg", "two/c.jpg", "three/d.jpg")
    listed = list_paths([root / "one", root / "two" / "c.jpg", root / "one" / "a.jpg"])
    assert listed.root == root
    assert items(listed) == {"one/a.jpg": "a", "one/b.jpg": "b", "two/c.jpg": "c"}
    assert list_paths([root / "one" / "a.jpg"]).root == root / "one"


def test_a_file_that_is_none_is_left_to_who_opens_it(tmp_path):
    listed = list_paths([tmp_path / "none.jpg"])
    assert listed.photos == {str(tmp_path / "none.jpg"): Facts("none")}
    assert listed.skipped == ()


@pytest.mark.parametrize("name", ["bad\udce9.jpg", "a\0b.jpg"])
def test_a_name_that_is_no_text_is_told(name, tmp_path):
    listed = list_paths([tmp_path / name, tmp_path / "good.jpg"])
    assert [Path(file).name for file in listed.photos] == ["good.jpg"]
    (told,) = listed.skipped
    assert "holds a character that is not text" in told
    told.encode()  # can be printed everywhere
    assert list_paths([tmp_path / name]).photos == {}


def test_two_datasets_may_have_photographs_of_one_name(dataset, tmp_path):
    """Both are listed; whoever describes them must not take one for the other."""
    described = json.loads((dataset / "annotations.json").read_text("utf-8"))
    for name in ("one", "two"):
        folder = tmp_path / name
        (folder / "images").mkdir(parents=True)
        shop = [image for image in described["images"] if image["source"] == "shop"]
        annotations = {**described, "images": shop[:2], "annotations": []}
        (folder / "annotations.json").write_text(json.dumps(annotations))
        for image in shop[:2]:
            copy = folder / "images" / image["file_name"]
            copy.parent.mkdir(exist_ok=True)
            copy.write_bytes((dataset / "images" / image["file_name"]).read_bytes())
    listed = list_paths([tmp_path / "one", tmp_path / "two"])
    assert len(listed.photos) == 4
    assert len(set(listed.names.values())) == 2


def test_a_missing_folder_is_told(tmp_path):
    with pytest.raises(TiefVisionError, match="no folder"):
        list_folder(tmp_path / "none")


def test_a_broken_dataset_stops_nothing_beside_it(make):
    root = make("broken/images/a.jpg", "good/b.jpg")
    (root / "broken" / "annotations.json").write_text("{")
    listed = list_paths([root / "broken", root / "good"])
    assert items(listed) == {"b.jpg": "b"}
    (told,) = listed.skipped
    assert str(root / "broken" / "annotations.json") in told
    with pytest.raises(TiefVisionError, match=r"annotations\.json"):
        list_paths([root / "broken"])
