import os

import pytest
from PIL import Image

from tiefvision.datasets.layout import (
    read_dataset,
    read_folder,
    write_annotations,
    write_triplets,
)
from tiefvision.errors import BadDataset
from tiefvision.records import Garment, Photo, Triplet

DRESS = Garment("dress", (1.0, 2.0, 10.0, 12.0))


def save(file, size=(30, 20)):
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size).save(file)


def test_a_dataset_is_read_as_it_was_written(tmp_path):
    photos = (
        Photo("shop/1.jpg", 30, 20, "shop", "test", "item 1", "CC0-1.0"),
        Photo("street/1.jpg", 30, 20, "street", "test", "item 1", "", (DRESS,)),
    )
    triplets = (Triplet("street/1.jpg", "street/1.jpg", "shop/1.jpg"),)
    write_annotations(tmp_path, photos, description="")
    write_triplets(tmp_path, (*triplets, Triplet("none.jpg", "none.jpg", "a.jpg")))
    dataset = read_dataset(tmp_path)
    assert dataset.photos == photos
    assert dataset.images == tmp_path / "images"
    assert dataset.categories == ("dress",)
    assert dataset.triplets == triplets
    assert [problem.kind for problem in dataset.problems] == ["skipped triplet"]


def test_triplets_are_optional(tmp_path):
    write_annotations(tmp_path, (), description="")
    assert read_dataset(tmp_path).triplets == ()


def test_a_folder_is_a_catalogue(tmp_path):
    save(tmp_path / "vd01.jpg")
    save(tmp_path / "red shoes" / "服.PNG", size=(20, 40))
    save(tmp_path / "a" / "1.webp")
    save(tmp_path / "b" / "1.webp")
    (tmp_path / "a" / "broken.jpg").write_bytes(b"nothing")
    catalogue = read_folder(tmp_path)
    assert catalogue.images == tmp_path
    assert catalogue.photos == (
        Photo("a/1.webp", 30, 20, "shop", "train", "a/1"),
        Photo("b/1.webp", 30, 20, "shop", "train", "b/1"),
        Photo("red shoes/服.PNG", 20, 40, "shop", "train", "服"),
        Photo("vd01.jpg", 30, 20, "shop", "train", "vd01"),
    )
    assert [problem.kind for problem in catalogue.problems] == ["unreadable photograph"]
    assert "broken.jpg" in catalogue.problems[0].message


def test_a_dataset_as_a_catalogue_is_its_images(tmp_path):
    save(tmp_path / "images" / "1.jpg")
    save(tmp_path / "preview.jpg")
    write_annotations(tmp_path, (), description="")
    catalogue = read_folder(tmp_path)
    assert catalogue.images == tmp_path / "images"
    assert [photo.path for photo in catalogue.photos] == ["1.jpg"]


def test_a_name_that_is_not_text_is_a_problem(tmp_path):
    save(tmp_path / "1.jpg")
    try:
        os.link(tmp_path / "1.jpg", os.fsencode(tmp_path) + b"/\xff.jpg")
    except OSError:
        pytest.skip("This file system takes no names that are not text.")
    catalogue = read_folder(tmp_path)
    assert [photo.path for photo in catalogue.photos] == ["1.jpg"]
    assert len(catalogue.problems) == 1
    catalogue.problems[0].message.encode()


def test_a_missing_folder_is_refused(tmp_path):
    with pytest.raises(BadDataset, match="no folder"):
        read_folder(tmp_path / "none")
