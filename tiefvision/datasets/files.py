"""The files of a dataset: their names, and the listing of photographs."""

import json
import os
import unicodedata
from collections.abc import Sequence
from pathlib import Path, PurePosixPath, PureWindowsPath

from tiefvision.errors import BadDataset
from tiefvision.files import replace_file

IMAGES = "images"
ANNOTATIONS = "annotations.json"
MASKS = "masks"
LABELS = "labels.json"
TRIPLETS = "triplets.csv"

PHOTO_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")

MAX_NAME_BYTES = 255
"""Of a file or folder: the limit of the common file systems."""


def is_dataset(root: Path) -> bool:
    """Whether a folder is laid out as a dataset, and not a mere folder of pictures."""
    return (root / ANNOTATIONS).is_file()


def mask_file(root: Path, path: str) -> Path:
    """Where the mask of a photograph lies, if its dataset has masks.

    A mask is a greyscale PNG of the photograph's size: 0 where the ground is, and the
    number of a label, or plain white, where somebody or something stands before it.
    `label_names` tells what the numbers mean.

    Args:
        root: The dataset.
        path: As in `tiefvision.records.Photo`.
    """
    return (root / MASKS / path).with_suffix(".png")


def label_names(root: Path) -> tuple[str, ...]:
    """Names of the numbers in a dataset's masks; () if they only tell the ground.

    ``masks/labels.json`` is a list of names, the first that of the ground.

    Args:
        root: The dataset.

    Raises:
        BadDataset: The file is no list of names.
    """
    file = root / MASKS / LABELS
    if not file.is_file():
        return ()
    try:
        names = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise BadDataset(f"{file} is no JSON: {error}.") from error
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise BadDataset(f"{file} is no list of names.")
    return tuple(names)


def write_label_names(root: Path, names: Sequence[str]) -> None:
    """Writes what `label_names` reads."""
    replace_file(root / MASKS / LABELS, json.dumps(list(names)).encode("utf-8"))


def photo_file(images: Path, path: str) -> Path:
    """The file of a photograph, whichever way its accents are composed on disk.

    macOS used to store names decomposed (NFD), most other systems composed (NFC). Where
    the exact name is missing, each folder and the file are looked up both ways.

    Args:
        images: The folder that ``path`` is relative to.
        path: As in `tiefvision.records.Photo`, with forward slashes.
    """
    exact = images / path
    if path.isascii() or exact.exists():
        return exact
    found = images
    for part in PurePosixPath(path).parts:
        forms = [part, *(unicodedata.normalize(form, part) for form in ("NFC", "NFD"))]
        found = next((found / f for f in forms if (found / f).exists()), found / part)
    return found


def list_photos(folder: Path) -> list[str]:
    """Paths of every JPEG, PNG and WebP below a folder, relative to it and sorted.

    Hidden files and folders are left out: macOS leaves ``._name.jpg`` beside each file
    that it copies to a foreign disk.
    """
    found = []
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        photos = [name for name in names if name.lower().endswith(PHOTO_SUFFIXES)]
        below = Path(parent).relative_to(folder)
        found += [(below / n).as_posix() for n in photos if not n.startswith(".")]
    return sorted(found)


def path_fault(path: str) -> str:
    """Why this cannot be the path of a photograph below ``images``; "" if it can."""
    posix, windows = PurePosixPath(path), PureWindowsPath(path)
    if not path:
        return "is empty"
    if "\0" in path or any("\ud800" <= character <= "\udfff" for character in path):
        return "holds a character that is not text"
    if posix.is_absolute() or windows.drive or windows.root:
        return "is an absolute path, expected one relative to images/"
    if ".." in posix.parts or ".." in windows.parts:
        return "climbs out of images/ with '..'"
    if str(posix) != path:
        return f"is not in its shortest form, {str(posix)!r}"
    if any(len(part.encode()) > MAX_NAME_BYTES for part in posix.parts):
        return f"has a name longer than {MAX_NAME_BYTES} bytes"
    return ""
