import json
import unicodedata
from dataclasses import asdict

import pytest

from tiefvision.records import Crop, Garment, Photo, Triplet
from tiefvision.store.artifact import Artifact, ArtifactWriter
from tiefvision.store.header import Header
from tiefvision.workspace.records import (
    crop_to_record,
    photo_path,
    photo_to_record,
    read_crop,
    read_judged_triplets,
    read_photos,
    read_skipped,
    record_to_crop,
    record_to_garment,
)

DRESSED = Photo(
    *("street/été 服.jpg", 60, 90, "street", "train", "item-1", "CC0-1.0"),
    (Garment("dress", (1.5, 2.0, 30.25, 80.0)), Garment("bag", (0.0, 0.0, 5.0, 5.0))),
)
EMPTY = Photo("shop/a.png", 20, 30, "shop", "test")


def test_photographs_and_triplets_come_back_in_the_order_of_their_keys(tmp_path):
    with ArtifactWriter(tmp_path / "photos.lmdb", Header("", 1, {}, {}), 0.1) as it:
        it.write(
            records={f"photo/{p.path}": photo_to_record(p) for p in (DRESSED, EMPTY)}
            | {"triplet/0": {"query": "a", "positive": "a", "negative": "b"}}
        )
        it.finish()
    with Artifact(tmp_path / "photos.lmdb") as photos:
        assert read_photos(photos) == [EMPTY, DRESSED]
        assert read_judged_triplets(photos) == [Triplet("a", "a", "b")]


def test_the_file_of_a_photograph_is_found_however_its_accents_are_stored(tmp_path):
    composed = unicodedata.normalize("NFC", "été.jpg")
    file = tmp_path / unicodedata.normalize("NFD", composed)
    file.write_bytes(b"")
    with ArtifactWriter(tmp_path / "photos.lmdb", Header("", 1, {}, {}), 0.1) as it:
        it.finish(details={"images": str(tmp_path)})
    with Artifact(tmp_path / "photos.lmdb") as photos:
        assert photo_path(photos, composed).samefile(file)


@pytest.mark.parametrize(
    "crop",
    [
        Crop((1.5, 2.0, 30.25, 80.0), "dress", 0.75, unsure=False),
        Crop((0.0, 0.0, 5.0, 5.0), "outfit", 0.125, unsure=True),
        Crop(None),
        Crop(None, "bag"),
    ],
)
def test_a_crop_comes_back_from_json(crop):
    again = record_to_crop(json.loads(json.dumps(crop_to_record(crop))))
    assert again == crop
    assert hash(again) == hash(crop)  # its box is a tuple again


def test_a_crop_of_an_earlier_release_is_sure_and_without_a_score():
    record = {"box": [1, 2, 3, 4], "category": "dress"}
    assert record_to_crop(record) == Crop((1, 2, 3, 4), "dress", 0.0, unsure=False)
    assert record_to_crop({"box": None, "category": ""}) == Crop(None)


def test_what_lacks_its_box_is_no_crop():
    with pytest.raises(KeyError):
        record_to_crop({"box_in_image": [1, 2, 3, 4], "category": "dress"})


@pytest.fixture
def locations(tmp_path):
    path = tmp_path / "locations.lmdb"
    with ArtifactWriter(path, Header("", 1, {}, {}), 0.1) as writer:
        writer.write(
            records={
                "crop/kept.jpg": crop_to_record(Crop(None, "bag", 0.5)),
                "skipped/bad.jpg": {"photo": photo_to_record(EMPTY), "why": "broken"},
            }
        )
        writer.finish()
    with Artifact(path) as artifact:
        yield artifact


def test_a_garment_with_a_label_comes_back_from_json():
    garment = Garment("lower", (1.0, 2.0, 3.0, 4.0), 0.9, "skirt", 0.75)
    assert record_to_garment(json.loads(json.dumps(asdict(garment)))) == garment


def test_a_crop_and_a_skipped_photograph_are_read_by_their_path(locations):
    assert read_crop(locations, "kept.jpg") == Crop(None, "bag", 0.5)
    assert read_skipped(locations) == [EMPTY]
    with pytest.raises(KeyError):
        read_crop(locations, "two.jpg")
