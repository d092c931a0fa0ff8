"""Photographs sorted into folders by split and class, as classifiers are trained on.

    train/dress/....jpg
    validation/dress/....jpg
    test/dress/....jpg

Such as the Clothing dataset (Grigorev, CC0-1.0),
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
"""Names of the splits' folders."""


@dataclass(frozen=True)
class ClassPhoto:
    """A photograph of which only the class is known.

    Attributes:
        path: The file.
        label: Its class, such as "dress".
        split: What it may be used for.
    """

    path: Path
    label: str
    split: Split


def read_class_folders(root: Path) -> list[ClassPhoto]:
    """The photographs below a folder, sorted by split and path; none is opened.

    Raises:
        BadDataset: There are no photographs in classes, neither for training nor for
            testing.
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
