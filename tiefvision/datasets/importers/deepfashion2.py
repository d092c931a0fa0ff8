"""Imports DeepFashion2 (Ge et al., CVPR 2019): consumers' and shops' photographs.

Reads the dataset as published at https://github.com/switchablenorms/DeepFashion2:

    train/image/000001.jpg, train/annos/000001.json
    validation/image/000001.jpg, validation/annos/000001.json

    {"source": "user", "pair_id": 1,                       of the photograph
     "item1": {"category_id": 1, "category_name": "short sleeve top", "style": 1,
               "bounding_box": [x1, y1, x2, y2], ...}, "item2": ...}

Garments of one ``pair_id`` and one ``style`` above 0 are one item; ``pair_id`` counts
anew in each folder. A photograph of this project's layout has one item: that of its
largest garment with a style. All its garments become boxes.

The annotations of the test photographs are not published, and figures on DeepFashion2
are those of its validation photographs. They are the test split here, so that nothing
is chosen on what is reported.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from tiefvision.boxes import area, as_box
from tiefvision.datasets.entries import Entry, is_finite, read_json_object
from tiefvision.datasets.files import path_fault
from tiefvision.datasets.importers.formats import ImportReport
from tiefvision.datasets.importers.published import (
    Listed,
    Publication,
    corners,
    write_published,
)
from tiefvision.datasets.line_faults import MOST_TOLD
from tiefvision.errors import BadDataset
from tiefvision.groups import UPPER
from tiefvision.progress import Track, untracked
from tiefvision.records import Garment, Photo, Source, Split

FOLDERS: dict[str, Split] = {"train": "train", "validation": "test"}
"""Split by the name of a folder."""

SOURCES: dict[str, Source] = {"user": "street", "shop": "shop"}

CATEGORIES = (
    *("short sleeve top", "long sleeve top"),
    *("short sleeve outwear", "long sleeve outwear", "vest", "sling"),
    *("shorts", "trousers", "skirt"),
    *("short sleeve dress", "long sleeve dress", "vest dress", "sling dress"),
)
"""Names of the categories; ``category_id`` counts from 1."""

OWN_GROUPS = {"vest": UPPER}
"""A vest is a tank top here, and a waistcoat in the project's own table."""

LICENSE = "DeepFashion2: non-commercial research and education only"

DESCRIPTION = "DeepFashion2, https://github.com/switchablenorms/DeepFashion2"

_ITEM = re.compile(r"item\d+")


def import_deepfashion2(
    source: Path, target: Path, *, seed: int, track: Track = untracked
) -> ImportReport:
    """Converts DeepFashion2; an interrupted run is completed by the next.

    Args:
        source: folder that holds ``train`` and ``validation``, or one of them.
        target: a new or empty folder, or that of an earlier run.
        seed: unused, because nothing is random.
        track: shows progress.

    Returns:
        What was written, what was left out, and what is left of the dataset.

    Raises:
        BadDataset: ``source`` has another layout, no photograph is there, or
            ``target`` holds something else.
    """
    listed: list[Listed] = []
    faults: list[str] = []
    for folder in FOLDERS:
        files = sorted((source / folder / "annos").glob("*.json"))
        damaged = []
        for file in track(files, f"Reading annotations ({folder})", len(files)):
            try:
                listed.append(_listed(folder, file))
            except BadDataset as error:
                damaged.append(str(error))
        faults += damaged[:MOST_TOLD]
        if len(damaged) > MOST_TOLD:
            more = len(damaged) - MOST_TOLD
            faults.append(f"{source / folder / 'annos'}: and {more} more files.")
    if not listed:
        raise BadDataset(
            f"{source} is not DeepFashion2: there are no annotations in "
            f"{source / 'validation/annos'} that can be read.",
            "Name the folder that holds train and validation, unpacked.",
            faults,
        )
    published = Publication("deepfashion2", DESCRIPTION, listed, faults)
    return write_published(source, target, published, track)


def _listed(folder: str, file: Path) -> Listed:
    """The photograph that a file of annotations tells of.

    Raises:
        BadDataset: The file is damaged, or lacks a value.
    """
    entry = read_json_object(file)
    source = SOURCES[entry.choice("source", tuple(SOURCES), "user")]
    pair = entry.id("pair_id")
    styled = [_garment(one) for one in _items(entry)]
    garments = tuple(garment for garment, _ in styled)
    own = [(garment, style) for garment, style in styled if style > 0]
    item = ""
    if own:
        _, style = max(own, key=lambda one: float(area(one[0].box_in_image)))
        item = f"{folder}-{pair}-{style}"
    name = f"{file.stem}.jpg"
    fault = path_fault(name)
    if fault:
        raise BadDataset(f"{file}: the photograph {name!a} {fault}.")
    photo = Photo(
        f"{folder}/{name}", 0, 0, source, FOLDERS[folder], item, LICENSE, garments
    )
    return Listed(photo, f"{folder}/image/{name}")


def _items(entry: Entry) -> Iterator[Entry]:
    for key in entry.values:
        if _ITEM.fullmatch(key):
            yield Entry(entry.file, key, entry.get(key, (dict,), "an object"))


def _garment(item: Entry) -> tuple[Garment, int]:
    """A garment and its style.

    Raises:
        BadEntry: A value is missing or wrong.
    """
    number = item.get("category_id", (int,), "a number")
    if not 1 <= number <= len(CATEGORIES):
        raise item.fault("category_id", f"is not in 1 to {len(CATEGORIES)}")
    places = item.get("bounding_box", (list,), "four numbers")
    numbers = (one for one in places if type(one) in (int, float) and is_finite(one))
    if len(places) != 4 or len([*numbers]) != 4:
        raise item.fault("bounding_box", "is not four numbers")
    category = CATEGORIES[number - 1]
    group = OWN_GROUPS.get(category, "")
    box = as_box(corners([float(one) for one in places]))
    return Garment(category, box, group=group), item.get("style", (int,), "a number")
