"""Imports Tiny ImageNet (Stanford, course CS231n): 200 classes of 64-pixel pictures.

Reads the dataset as published at http://cs231n.stanford.edu/tiny-imagenet-200.zip:

    wnids.txt                           a line a class: n01443537
    words.txt                           n01443537<tab>goldfish, Carassius auratus
    train/n01443537/n01443537_boxes.txt n01443537_0.JPEG<tab>0<tab>10<tab>63<tab>58
    train/n01443537/images/n01443537_0.JPEG
    val/val_annotations.txt             val_0.JPEG<tab>n03444034<tab>0<tab>3<tab>9<tab>6
    val/images/val_0.JPEG

Boxes are x0, y0, x1, y1 with both ends inside. The category of a box is the first name
of its class. The 10,000 photographs of ``test`` have no labels and are left out.
Photographs have a class and no item, so nothing ties one to another of a shop: all are
shop photographs.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tiefvision.boxes import as_box
from tiefvision.datasets.importers.formats import ImportReport
from tiefvision.datasets.importers.published import (
    Listed,
    Publication,
    checked,
    corners,
    read_lines,
    write_published,
)
from tiefvision.datasets.line_faults import LineFaults
from tiefvision.errors import BadDataset
from tiefvision.groups import group_of
from tiefvision.progress import Track, untracked
from tiefvision.records import Garment, Photo, Split

CLASSES = "wnids.txt"
WORDS = "words.txt"
VALIDATION = "val/val_annotations.txt"

LICENSE = "ImageNet: non-commercial research and education only"

DESCRIPTION = "Tiny ImageNet, http://cs231n.stanford.edu/tiny-imagenet-200.zip"


def import_tiny_imagenet(
    source: Path, target: Path, *, seed: int, track: Track = untracked
) -> ImportReport:
    """Converts Tiny ImageNet; an interrupted run is completed by the next.

    Args:
        source: the folder tiny-imagenet-200.
        target: a new or empty folder, or that of an earlier run.
        seed: unused, because nothing is random.
        track: shows progress.

    Returns:
        What was written, what was left out, and what is left of the dataset.

    Raises:
        BadDataset: ``source`` has another layout, no photograph is there, or
            ``target`` holds something else.
    """
    if not (source / CLASSES).is_file():
        raise BadDataset(
            f"{source} is not Tiny ImageNet: there is no {CLASSES} in it.",
            "Name the folder tiny-imagenet-200.",
        )
    classes = [line.strip() for _, line in read_lines(source / CLASSES)]
    names = _names(source, classes)
    listed: list[Listed] = []
    faults: list[str] = []
    for wnid in classes:
        _read(source, f"train/{wnid}/{wnid}_boxes.txt", wnid, names, listed, faults)
    _read(source, VALIDATION, "", names, listed, faults)
    published = Publication("tiny-imagenet", DESCRIPTION, listed, faults)
    return write_published(source, target, published, track)


def _names(source: Path, classes: Sequence[str]) -> dict[str, str]:
    """A name for each class, with its number where two would share name or group."""
    words = {}
    if (source / WORDS).is_file():
        for _, line in read_lines(source / WORDS):
            wnid, _, synonyms = line.partition("\t")
            words[wnid] = synonyms.split(",")[0].strip()
    names = {wnid: words.get(wnid) or wnid for wnid in classes}
    shared = Counter(group_of(name) for name in names.values())
    return {
        wnid: f"{name} ({wnid})" if shared[group_of(name)] > 1 else name
        for wnid, name in names.items()
    }


def _read(
    source: Path,
    name: str,
    wnid: str,
    names: Mapping[str, str],
    listed: list[Listed],
    faults: list[str],
) -> None:
    """Adds the photographs of one list.

    Args:
        source: folder of the dataset.
        name: path of the list below it.
        wnid: number of the class of all photographs; "" where the list has a column.
        names: names of the classes by their numbers.
        listed: takes the photographs.
        faults: takes sentences on lines that cannot be used.
    """
    file = source / name
    if not file.is_file():
        faults.append(f"There is no {file}.")
        return
    kept, more = checked(_photos(file, wnid, names, faults), file)
    listed += kept
    faults += more


def _photos(
    file: Path, wnid: str, names: Mapping[str, str], faults: list[str]
) -> Iterator[tuple[int, Listed]]:
    split: Split = "train" if wnid else "val"
    folder = f"train/{wnid}" if wnid else "val"
    wrong = LineFaults(file)
    for line, text in read_lines(file):
        image, *cells = text.split("\t")
        own = wnid or (cells.pop(0) if cells else "")
        if own not in names or len(cells) != 4 or not all(map(_is_number, cells)):
            told = ": expected a file, a class and four numbers."
            wrong.add(line, told, "lines without a class or a box")
            continue
        box = as_box(corners([float(cell) for cell in cells], shift=1))
        photo = Photo(
            f"{folder}/{image}",
            0,
            0,
            "shop",
            split,
            license=LICENSE,
            garments=(Garment(names[own], box),),
        )
        yield line, Listed(photo, f"{folder}/images/{image}")
    faults += wrong.told()


def _is_number(text: str) -> bool:
    return text.strip().isascii() and text.strip().isdigit()
