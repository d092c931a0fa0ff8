"""Reads photographs sorted into one folder for each split and class.

    train/dress/....jpg
    validation/dress/....jpg
    test/dress/....jpg

The Clothing dataset (Grigorev, CC0-1.0) is laid out like this:
https://github.com/alexeygrigorev/clothing-dataset-small.
"""

from dataclasses import dataclass
from pathlib import Path

from tiefvision.errors import BadDataset
from tiefvision.photos.listing import list_photos
from tiefvision.records import Split

FOLDER_OF_SPLIT: dict[Split, str] = {
    "train": "train",
    "val": "validation",
    "test": "test",
}
"""Name of the folder of each split."""


@dataclass(frozen=True)
class ClassPhoto:
    """A photograph with a class and no boxes.

    Attributes:
        path: The file.
        label: Class, such as "dress".
        split: Split of the folder that holds it.
    """

    path: Path
    label: str
    split: Split


def read_class_folders(root: Path) -> tuple[list[ClassPhoto], list[str]]:
    """Lists the photographs below a folder, by split, then by path.

    Args:
        root: The folder that holds train, validation and test.

    Returns:
        The photographs, and a sentence for whatever was left out.

    Raises:
        BadDataset: train or test holds no photograph in a folder of its class.
    """
    photos: list[ClassPhoto] = []
    left_out: list[str] = []
    for split, name in FOLDER_OF_SPLIT.items():
        folder = root / name
        listing = list_photos(folder)
        sorted_in = [path for path in listing.photos if "/" in path]
        photos += [
            ClassPhoto(folder / path, path.split("/", 1)[0], split)
            for path in sorted_in
        ]
        left_out += listing.left_out
        if strays := len(listing.photos) - len(sorted_in):
            left_out.append(
                f"Cannot use photographs in {folder} outside the folders of classes: "
                f"{strays}."
            )
    for split in ("train", "test"):
        if not any(photo.split == split for photo in photos):
            raise BadDataset(
                f"{root} does not hold class folders: there is no photograph in "
                f"{root / split}/<class>/.",
                "Name the folder that holds train/<class>/ and test/<class>/.",
            )
    return photos, left_out
