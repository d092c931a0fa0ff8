"""Writes the photographs that published lists name, as far as they are still there."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

import numpy as np

from tiefvision.boxes import area, as_box, clip_to_image
from tiefvision.datasets.files import IMAGES, path_fault
from tiefvision.datasets.importers.formats import (
    ImportReport,
    claim_target,
    make_report,
)
from tiefvision.datasets.line_faults import LineFaults
from tiefvision.datasets.splits import group_by_path
from tiefvision.datasets.survival import record_survival, survival_of
from tiefvision.datasets.writing import write_annotations
from tiefvision.errors import BadDataset, UnreadablePhoto
from tiefvision.files import copy_file, exists, read_file
from tiefvision.photos.near_duplicates import (
    Hash,
    group_near_duplicates,
    perceptual_hash,
)
from tiefvision.photos.reading import photo_size, read_photo
from tiefvision.progress import Track
from tiefvision.records import Garment, Photo, Split
from tiefvision.storage import os_error_text
from tiefvision.wording import counted

HASHED_SIDE = 256
"""Pixels of the longer side at which photographs are decoded to be hashed."""

MOST_HASHED = 20_000
"""Street photographs among which near-duplicates are sought; the time grows with the
square of their number, and for these is half a minute."""

FOREMOST: Mapping[Split, int] = MappingProxyType({"test": 0, "val": 1, "train": 2})
"""Order of the splits in which an item is kept that the lists put into several."""


@dataclass(frozen=True)
class Listed:
    """A photograph that a published list names.

    Attributes:
        photo: the photograph as published; its size is not known yet and 0, and boxes
            may reach beyond it.
        name: path of the file below the source, of forward slashes.
        notes: further keys of its entry in annotations.json.
    """

    photo: Photo
    name: str
    notes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Publication:
    """What the lists of a published dataset say.

    Attributes:
        format_name: name of the importer.
        description: what the dataset is and where it comes from.
        listed: the photographs, each path once.
        faults: sentences on lines and entries that name no photograph.
    """

    format_name: str
    description: str
    listed: Sequence[Listed]
    faults: Sequence[str] = ()


def write_published(
    source: Path, target: Path, publication: Publication, track: Track
) -> ImportReport:
    """Writes the photographs that are there; run again, it completes what is there.

    Missing files are counted. A photograph whose item or file is in the test split is
    left out of the other splits. Near-duplicates among street photographs share a group
    where the lists put them into one split.

    Args:
        source: folder of the published dataset.
        target: a new or empty folder, or that of an earlier run.
        publication: what its lists say.
        track: shows progress.

    Raises:
        BadDataset: No photograph can be read, or ``target`` holds something else.
    """
    listed = _of_one_split(publication.listed)
    claim_target(target, publication.format_name, {})
    written: list[Listed] = []
    hashes: list[Hash] = []
    missing: list[str] = []
    unread: list[str] = []
    seek = sum(one.photo.source == "street" for one in listed) <= MOST_HASHED
    lost_boxes = 0
    for one in track(listed, "Copying photographs", len(listed)):
        file = source / one.name
        if not exists(file):
            missing.append(one.name)
            continue
        try:
            photo, found = _read(one.photo, file, seek)
        except UnreadablePhoto as error:
            unread.append(str(error))
            continue
        lost_boxes += len(one.photo.garments) - len(photo.garments)
        copy_file(file, target / IMAGES / photo.path)
        written.append(replace(one, photo=photo))
        hashes += found
    skipped = [
        *publication.faults,
        *unread,
        *_counts(source, missing, lost_boxes, len(publication.listed) - len(listed)),
    ]
    if not written:
        raise _nothing_left(source, bool(listed), skipped)
    photos, groups = _grouped([one.photo for one in written], hashes)
    notes = {one.photo.path: one.notes for one in written if one.notes}
    write_annotations(target, photos, description=publication.description, notes=notes)
    survival = survival_of([one.photo for one in listed], photos)
    record_survival(target, survival)
    return replace(make_report(photos, groups, skipped), survival=survival)


def _nothing_left(source: Path, listed: bool, skipped: list[str]) -> BadDataset:
    """The error about an import that has no photograph to write."""
    if not listed:
        return BadDataset(
            f"The lists in {source} name no photograph.",
            "Name the folder of the dataset as it was published.",
            reasons=skipped,
        )
    return BadDataset(
        f"No photograph of {source} can be read.",
        "Put the published photographs there, unpacked, beside the lists.",
        reasons=skipped,
    )


def checked(
    listed: Iterable[tuple[int, Listed]], file: Path
) -> tuple[list[Listed], list[str]]:
    """The photographs of a list whose names can be files, each path once.

    Args:
        listed: line and photograph, in the order of the list.
        file: the list, which sentences name.

    Returns:
        The photographs, and a sentence for each other line.
    """
    faults = LineFaults(file)
    kept: dict[str, Listed] = {}
    for line, one in listed:
        fault = path_fault(one.name) or path_fault(one.photo.path)
        if fault:
            told = f": the photograph {one.name!a} {fault}."
            faults.add(line, told, "lines whose photographs cannot be files")
        else:
            kept.setdefault(one.photo.path, one)
    return [*kept.values()], faults.told()


def read_lines(file: Path) -> Iterator[tuple[int, str]]:
    """Number, from 1, and text of each line of a list that is not empty.

    What is not UTF-8 becomes characters that `path_fault` refuses.

    Raises:
        BadDataset: The list is missing or cannot be read.
    """
    try:
        text = read_file(file).decode("utf-8-sig", "surrogateescape")
    except OSError as error:
        raise BadDataset(f"Cannot read {os_error_text(error, file)}") from error
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield number, line.strip("\r")


def first_there(root: Path, names: Iterable[str]) -> Path | None:
    """The first of several paths below a folder that exists; None if none does."""
    return next((root / name for name in names if exists(root / name)), None)


def corners(places: Sequence[float], shift: int = 0) -> tuple[float, ...]:
    """x0, y0, x1, y1 of two opposite corners in any order.

    Args:
        places: x and y of one corner, then of the other.
        shift: added to the lower right one; 1 where the lists count it as inside.

    >>> corners([9, 2, 4, 7]), corners([0, 0, 63, 63], shift=1)
    ((4, 2, 9, 7), (0, 0, 64, 64))
    """
    x, y, other_x, other_y = places
    return (
        min(x, other_x),
        min(y, other_y),
        max(x, other_x) + shift,
        max(y, other_y) + shift,
    )


def _of_one_split(listed: Sequence[Listed]) -> list[Listed]:
    """Without the photographs whose item, or file, a split further in front has."""
    keys: list[Callable[[Listed], str]] = [
        lambda one: one.photo.item_id and f"item {one.photo.item_id}",
        lambda one: f"file {one.name}",
    ]
    front: dict[str, int] = {}
    for one in listed:
        place = FOREMOST[one.photo.split]
        for key in keys:
            front[key(one)] = min(place, front.get(key(one), place))
    return [
        one
        for one in listed
        if all(
            not key(one) or FOREMOST[one.photo.split] == front[key(one)] for key in keys
        )
    ]


def _read(photo: Photo, file: Path, hashed: bool) -> tuple[Photo, list[Hash]]:
    """A photograph with its size and with clamped boxes; its hash if it is wanted."""
    pixels = read_photo(file, max_side=HASHED_SIDE)
    width, height = photo_size(file)
    clamped = (
        replace(
            garment,
            box_in_image=as_box(clip_to_image(garment.box_in_image, width, height)),
        )
        for garment in photo.garments
    )
    garments: tuple[Garment, ...] = tuple(
        one for one in clamped if area(one.box_in_image) > 0
    )
    wanted = hashed and photo.source == "street"
    hashes = [perceptual_hash(pixels)] if wanted else []
    return replace(photo, width=width, height=height, garments=garments), hashes


def _counts(
    source: Path, missing: Sequence[str], lost_boxes: int, elsewhere: int
) -> list[str]:
    """A sentence for each reason for which photographs or boxes were left out."""
    sentences = []
    if missing:
        are = "is" if len(missing) == 1 else "are"
        what = counted(len(missing), "photograph")
        sentences.append(f"{what} {are} not in {source}, the first {missing[0]!a}.")
    if lost_boxes:
        sentences.append(f"{counted(lost_boxes, 'box', 'boxes')} outside photographs.")
    if elsewhere:
        what = counted(elsewhere, "photograph")
        sentences.append(f"{what} of an item or file that the test split has, too.")
    return sentences


def _grouped(
    photos: Sequence[Photo], hashes: Sequence[Hash]
) -> tuple[list[Photo], list[tuple[str, ...]]]:
    """The photographs with groups, and all groups of near-duplicates.

    Splits stay as published: near-duplicates of two splits get no group, and ``data
    check`` tells them as a leak.

    Args:
        photos: the photographs.
        hashes: hashes of the street photographs in their order, or none.
    """
    if not hashes:
        return [*photos], []
    street = [photo for photo in photos if photo.source == "street"]
    rows = group_near_duplicates(np.array(hashes))
    near = [[street[row] for row in group] for group in rows]
    groups = [tuple(sorted(photo.path for photo in group)) for group in near]
    whole = [
        paths
        for paths, group in zip(groups, near, strict=True)
        if len({photo.split for photo in group}) == 1
    ]
    group_of = group_by_path(whole)
    return [replace(one, group=group_of.get(one.path, "")) for one in photos], groups
