import unicodedata

from tiefvision.records import Garment, Photo, Triplet
from tiefvision.store.artifact import Artifact, ArtifactWriter
from tiefvision.store.header import Header
from tiefvision.workspace.records import (
    photo_path,
    photo_to_record,
    read_judged_triplets,
    read_photos,
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
