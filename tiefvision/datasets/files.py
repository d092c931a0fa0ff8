"""Names and places of the files of a dataset."""

import json
import os
import unicodedata
from collections.abc import Sequence
from pathlib import Path, PurePosixPath, PureWindowsPath

from tiefvision.datasets.entries import read_json
from tiefvision.errors import BadDataset
from tiefvision.files import exists, replace_text

IMAGES = "images"
ANNOTATIONS = "annotations.json"
MASKS = "masks"
LABELS = "labels.json"
TRIPLETS = "triplets.csv"

MAX_NAME_BYTES = 255
"""Longest name of a file or folder in UTF-8: the limit of common file systems."""


def is_dataset(root: Path) -> bool:
    """Whether a folder is a dataset, and not a plain folder of photographs.

    Whatever has the name of annotations.json makes it one, also a pipe or a link to a
    disk that is not there: reading it tells what is wrong.
    """
    return os.path.lexists(root / ANNOTATIONS)


def require_dataset(root: Path) -> None:
    """Refuses a folder that is not laid out as a dataset.

    Raises:
        BadDataset: It is missing, or lacks annotations.json.
    """
    if not is_dataset(root):
        raise BadDataset(
            f"There is no dataset at {root}: it lacks {ANNOTATIONS}.",
            "Run: tiefvision data synth DIR, or tiefvision data import FORMAT SRC DIR",
        )


def mask_file(root: Path, path: str) -> Path:
    """The file of a photograph's mask; it exists only in datasets with masks.

    A mask is an 8-bit greyscale PNG of the photograph's size: 0 for the background, and
    elsewhere the number of a label, or 255 in a dataset without labels. `label_names`
    gives the names of the numbers.

    Args:
        root: The dataset's folder.
        path: Path of the photograph, as in `tiefvision.records.Photo`.
    """
    return (root / MASKS / path).with_suffix(".png")


def label_names(root: Path) -> tuple[str, ...]:
    """Names of the labels in a dataset's masks, by number; 0 is the background.

    The names are a JSON list in ``masks/labels.json``; without this file the masks only
    separate foreground and background, and the result is ().

    Args:
        root: The dataset's folder.

    Raises:
        BadDataset: The file cannot be read, or is not a JSON list of strings.
    """
    file = root / MASKS / LABELS
    if not file.is_file():
        return ()
    names = read_json(file)
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise BadDataset(f"{file} is not a list of names.")
    return tuple(names)


def write_label_names(root: Path, names: Sequence[str]) -> None:
    """Writes ``masks/labels.json``, which `label_names` reads."""
    replace_text(root / MASKS / LABELS, json.dumps(list(names)))


def photo_file(images: Path, path: str) -> Path:
    """The file of a photograph, found in either Unicode form of its name.

    macOS used to store accents decomposed (NFD), most other systems composed (NFC). If
    the exact name does not exist, each folder and the file are looked up in both forms.

    Args:
        images: The folder that ``path`` is relative to.
        path: Path of the photograph, as in `tiefvision.records.Photo`.

    Returns:
        The file; where there is none, the path under which it would be created.
    """
    exact = images / path
    if path.isascii() or exists(exact):
        return exact
    found = images
    for part in PurePosixPath(path).parts:
        forms = [part, *(unicodedata.normalize(form, part) for form in ("NFC", "NFD"))]
        found = next((found / f for f in forms if exists(found / f)), found / part)
    return found


def path_fault(path: str) -> str:
    """Why this cannot be the path of a photograph below ``images``; "" if it can.

    The reason continues a sentence whose subject is the path, such as "is empty".
    """
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


def path_hint(path: str) -> str:
    """How the path of a photograph that is not there should look; "" if unknown.

    >>> path_hint("images/a.jpg")
    "Paths start below images/ and use slashes: write 'a.jpg'."
    """
    meant = path.replace("\\", "/").removeprefix(f"{IMAGES}/")
    if meant in ("", path):
        return ""
    return f"Paths start below {IMAGES}/ and use slashes: write {meant!r}."


def missing_text(path: str) -> str:
    """A sentence about a photograph that has no file."""
    return f"There is no {IMAGES}/{path}. {path_hint(path)}".strip()
