from pathlib import Path

import pytest

from tiefvision.datasets.class_folders import ClassPhoto, read_class_folders
from tiefvision.errors import BadDataset


@pytest.fixture
def root(tmp_path):
    for path in (
        "train/hat/b.jpg",
        "train/hat/a.JPG",
        "train/hat/notes.txt",
        "train/t-shirt/c.png",
        "train/stray.jpg",
        "validation/hat/d.jpg",
        "test/t-shirt/e.webp",
    ):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    return tmp_path


def test_folders_give_split_and_class(root):
    photos, left_out = read_class_folders(root)
    assert photos == [
        ClassPhoto(root / "train/hat/a.JPG", "hat", "train"),
        ClassPhoto(root / "train/hat/b.jpg", "hat", "train"),
        ClassPhoto(root / "train/t-shirt/c.png", "t-shirt", "train"),
        ClassPhoto(root / "validation/hat/d.jpg", "hat", "val"),
        ClassPhoto(root / "test/t-shirt/e.webp", "t-shirt", "test"),
    ]
    assert left_out == [
        f"Cannot use photographs in {root / 'train'} outside the folders of classes: 1."
    ]


def test_pictures_of_other_formats_are_told(root):
    (root / "train/hat/f.gif").write_bytes(b"GIF89a")
    _, left_out = read_class_folders(root)
    assert "f.gif, a .gif picture. Save as JPEG, PNG or WebP." in left_out[0]


@pytest.mark.parametrize("split", ["train", "test"])
def test_a_split_that_is_missing_is_named(root, split):
    (root / split).rename(root / "elsewhere")
    with pytest.raises(BadDataset, match=f"{split}/<class>"):
        read_class_folders(root)


def test_a_folder_that_is_not_there():
    with pytest.raises(BadDataset, match="nowhere does not hold class folders"):
        read_class_folders(Path("nowhere"))
