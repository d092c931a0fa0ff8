"""Imports Clothing Co-Parsing (Yang, Luo and Lin, CVPR 2014): label masks to boxes.

Reads the dataset as published at https://github.com/bearpaw/clothing-co-parsing:

    photos/NNNN.jpg                      street photographs, 550 pixels wide
    annotations/pixel-level/NNNN.mat     ``groundtruth``: (height, width) label numbers
    label_list.mat                       ``label_list``: names of the 59 labels

About half of the photographs have no mask; they are skipped and counted.
"""

import io
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tiefvision.datasets.files import IMAGES, mask_file, write_label_names
from tiefvision.datasets.importers.formats import (
    ImportReport,
    claim_target,
    make_report,
)
from tiefvision.datasets.importers.masks import mask_box
from tiefvision.datasets.splits import (
    assign_splits,
    group_by_path,
    join_overlapping,
)
from tiefvision.datasets.writing import write_annotations
from tiefvision.errors import BadDataset, UnreadablePhoto
from tiefvision.files import copy_file, open_file, replace_file
from tiefvision.photos.near_duplicates import (
    Hash,
    group_near_duplicates,
    perceptual_hash,
)
from tiefvision.photos.reading import read_photo
from tiefvision.progress import Track, untracked
from tiefvision.records import Garment, Photo

PHOTOS = "photos"
MASKS = "annotations/pixel-level"
LABEL_LIST = "label_list.mat"

GARMENTS = frozenset(
    {
        *("blouse", "bra", "hoodie", "shirt", "sweater", "sweatshirt", "t-shirt"),
        *("top", "blazer", "cape", "cardigan", "coat", "jacket", "vest"),
        *("jeans", "leggings", "pants", "shorts", "skirt"),
        *("bodysuit", "dress", "jumper", "romper", "suit", "swimwear"),
    }
)
"""Labels that become boxes: clothing of torso and legs, what a catalogue of garments
sells. Left out are null, skin and hair; accessories (shoes, bags, hats, scarves, belts,
ties, gloves, glasses and jewellery); and stockings, tights and socks, whose box is that
of the legs."""

WEARER = "1"
"""Person of all garments of a photograph: its masks do not part people."""

MIN_SHARE = 0.01
"""Share of the photograph that a label must cover; smaller ones are mostly annotation
noise."""

SAME_OUTFITS = (("0312", "0398"), ("0366", "0649"))
"""Photographs of the same outfit in two takes, which no perceptual hash finds."""

LICENSE = "Apache-2.0"

DESCRIPTION = (
    "Clothing Co-Parsing, https://github.com/bearpaw/clothing-co-parsing, "
    "masks converted to boxes"
)


class _Skipped(Exception):
    """Why a photograph is left out."""


@dataclass(frozen=True)
class _Labels:
    """The labels of the dataset.

    Attributes:
        wanted: Number to name of the labels that become boxes.
        names: Names of all labels, by number.
    """

    wanted: Mapping[int, str]
    names: Sequence[str]


def import_ccp(
    source: Path,
    target: Path,
    *,
    seed: int,
    track: Track = untracked,
    garments: Collection[str] = GARMENTS,
    min_share: float = MIN_SHARE,
) -> ImportReport:
    """Converts Clothing Co-Parsing; an interrupted run is completed by the next.

    Args:
        source: Folder of the published dataset.
        target: A new or empty folder, or that of an earlier run.
        seed: Seed of the splits.
        track: Shows progress.
        garments: Names of the labels that become boxes.
        min_share: Share of the photograph that a label must cover to become a box.

    Returns:
        What was written and left out.

    Raises:
        BadDataset: ``source`` has another layout, or ``target`` holds something else.
    """
    labels = _read_labels(source, garments)
    settings = {"seed": seed, "garments": sorted(garments), "min_share": min_share}
    claim_target(target, "ccp", settings)
    write_label_names(target, labels.names)
    photos, hashes, skipped = [], [], []
    files = sorted((source / "photos").glob("*.jpg"))
    for file in track(files, "Converting masks", len(files)):
        try:
            photo, photo_hash, mask = _convert(file, labels, min_share)
        except (UnreadablePhoto, _Skipped) as error:
            skipped.append(str(error))
            continue
        copy_file(file, target / IMAGES / file.name)
        replace_file(mask_file(target, file.name), _png(mask))
        photos.append(photo)
        hashes.append(photo_hash)
    if not photos:
        message = f"No photograph in {source} can be read with its mask."
        raise BadDataset(message, reasons=skipped)
    groups = _groups_of_one_shot([photo.path for photo in photos], np.array(hashes))
    photos = _split(photos, groups, seed)
    write_annotations(target, photos, description=DESCRIPTION)
    return make_report(photos, groups, skipped)


def _convert(
    file: Path, labels: _Labels, min_share: float
) -> tuple[Photo, Hash, NDArray[np.uint8]]:
    """The photograph, its perceptual hash, and its (height, width) label numbers.

    Raises:
        UnreadablePhoto: The photograph cannot be read.
        _Skipped: Its mask is missing, invalid or of another size.
    """
    mask = _read_mask(file, len(labels.names))
    pixels = read_photo(file)
    if mask.shape != pixels.shape[:2]:
        raise _Skipped(
            f"{file}: the mask is {mask.shape[1]} x {mask.shape[0]} pixels, "
            f"the photograph {pixels.shape[1]} x {pixels.shape[0]}."
        )
    shares = np.bincount(mask.ravel(), minlength=len(labels.names)) / mask.size
    garments = tuple(
        Garment(name, mask_box(mask == number), person=WEARER)
        for number, name in labels.wanted.items()
        if shares[number] > min_share
    )
    height, width = mask.shape
    photo = Photo(
        path=file.name,
        width=width,
        height=height,
        source="street",
        split="train",
        license=LICENSE,
        garments=garments,
    )
    return photo, perceptual_hash(pixels), mask.astype(np.uint8)


def _png(mask: NDArray[np.uint8]) -> bytes:
    file = io.BytesIO()
    Image.fromarray(mask).save(file, "PNG")
    return file.getvalue()


def _read_labels(source: Path, garments: Collection[str]) -> _Labels:
    """Reads the label list, after checking that the folder is Clothing Co-Parsing."""
    for part in (PHOTOS, MASKS, LABEL_LIST):
        if not (source / part).exists():
            raise BadDataset(
                f"{source} is not Clothing Co-Parsing: there is no {part} in it.",
                f"Name the folder that holds {PHOTOS}, {MASKS} and {LABEL_LIST}",
            )
    try:
        cells = _read_mat(source / LABEL_LIST, "label_list").ravel()
        names = [str(np.asarray(cell).reshape(())) for cell in cells]
    except (_Skipped, ValueError) as error:
        message = f"{source / LABEL_LIST} is not a label list: {error}"
        raise BadDataset(message) from error
    unknown = sorted(set(garments) - set(names))
    if unknown:
        raise BadDataset(f"{source / LABEL_LIST} lacks: {', '.join(unknown)}.")
    wanted = {number: name for number, name in enumerate(names) if name in garments}
    return _Labels(wanted, names)


def _read_mask(photo: Path, label_count: int) -> NDArray[np.integer[Any]]:
    """(height, width) label numbers of a photograph, below ``label_count``."""
    file = photo.parent.parent / MASKS / f"{photo.stem}.mat"
    if not file.exists():
        raise _Skipped(f"{photo}: no mask at {file}.")
    mask = _read_mat(file, "groundtruth")
    if mask.ndim != 2 or not np.issubdtype(mask.dtype, np.integer):
        raise _Skipped(f"{file}: groundtruth is not a matrix of label numbers.")
    if mask.min(initial=0) < 0 or mask.max(initial=0) >= label_count:
        raise _Skipped(f"{file}: a label is not one of the {label_count} in the list.")
    return mask


def _read_mat(file: Path, variable: str) -> NDArray[Any]:
    """One variable of a MATLAB file."""
    from scipy.io import loadmat

    try:
        with open_file(file) as opened:
            return np.asarray(loadmat(opened, variable_names=[variable])[variable])
    except Exception as error:  # scipy raises many types over damaged files
        raise _Skipped(f"{file}: cannot be read: {error!r}.") from error


def _groups_of_one_shot(
    paths: Sequence[str], hashes: NDArray[np.bool_]
) -> list[tuple[str, ...]]:
    """Groups of near-duplicates and of `SAME_OUTFITS`, joined where they overlap."""
    near = [{paths[row] for row in rows} for rows in group_near_duplicates(hashes)]
    known = [{f"{stem}.jpg" for stem in pair} & set(paths) for pair in SAME_OUTFITS]
    return join_overlapping(near + [pair for pair in known if len(pair) > 1])


def _split(
    photos: Sequence[Photo], groups: Sequence[tuple[str, ...]], seed: int
) -> list[Photo]:
    """The photographs with split and group; each group lies in one split."""
    group_of = group_by_path(groups)
    labels = [group_of.get(photo.path, photo.path) for photo in photos]
    splits = assign_splits(labels, seed=seed)
    return [
        replace(photo, split=split, group=group_of.get(photo.path, ""))
        for photo, split in zip(photos, splits, strict=True)
    ]
