"""Reads photographs sorted into one folder for each split and class.

    train/dress/....jpg
    validation/dress/....jpg
    test/dress/....jpg

The Clothing dataset (Grigorev, CC0-1.0) is laid out like this:
https://github.com/alexeygrigorev/clothing-dataset-small.
"""

from dataclasses import dataclass
from pathlib import Path

from tiefvision.datasets.files import list_photos
from tiefvision.errors import BadDataset
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


def read_class_folders(root: Path) -> list[ClassPhoto]:
    """Lists the photographs below a folder, by split, then by path; opens none.

    Args:
        root: The folder that holds train, validation and test.

    Raises:
        BadDataset: train or test holds no photograph in a folder of its class.
    """
    photos = [
        ClassPhoto(root / folder / path, Path(path).parts[0], split)
        for split, folder in FOLDER_OF_SPLIT.items()
        for path in list_photos(root / folder)
        if len(Path(path).parts) > 1
    ]
    for split in ("train", "test"):
        if not any(photo.split == split for photo in photos):
            raise BadDataset(
                f"{root} does not hold class folders: there is no photograph in "
                f"{root / split}/<class>/.",
                "Name the folder that holds train/<class>/ and test/<class>/.",
            )
    return photos
