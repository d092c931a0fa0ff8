"""Writes a synthetic street-to-shop dataset in the project's layout.

Each photograph has its own random numbers, seeded by dataset, item and view: more
items, or an interrupted run, change no photograph that already exists.
"""

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from tiefvision.boxes import as_box
from tiefvision.datasets.files import ANNOTATIONS, IMAGES, TRIPLETS
from tiefvision.datasets.layout import write_annotations, write_triplets
from tiefvision.datasets.synth.items import (
    Item,
    deal_families,
    draw_item,
    siblings,
)
from tiefvision.datasets.synth.photography import as_jpeg
from tiefvision.datasets.synth.scenes import shop_scene, street_scene
from tiefvision.errors import BadDataset
from tiefvision.files import read_file, replace_file
from tiefvision.progress import Track, untracked
from tiefvision.records import Box, Garment, Photo, Split, Triplet

ITEMS = 120
STREET_PER_ITEM = 3
"""Default number of items, and of street photographs of each item."""

VAL_SHARE = 0.1
TEST_SHARE = 0.3
"""Default shares of the items. With 36 of 120 items in test, a recall is known to about
0.1."""

LICENSE = "CC0-1.0"
DESCRIPTION = "TiefVision synthetic street-to-shop scenes"

DRAWING = 1
"""Version of the drawing. Raise it whenever a seed gives other pictures: files of an
older version are then drawn anew."""

SHOP_VIEW = 0
"""Number of the shop photograph of an item; street photographs are numbered from 1."""

END_OF_JPEG = b"\xff\xd9"


@dataclass(frozen=True)
class _View:
    """One photograph to draw.

    Attributes:
        seed: Seed of the dataset.
        item: The item that it shows.
        number: ``SHOP_VIEW``, or the number of a street photograph.
    """

    seed: int
    item: Item
    number: int

    @property
    def path(self) -> str:
        if self.number == SHOP_VIEW:
            return f"shop/{self.item.item_id}.jpg"
        return f"street/{self.item.item_id}-{self.number}.jpg"

    @property
    def stamp(self) -> dict[str, int]:
        """The numbers that determine the file, which stores them in its comment."""
        numbers = {"seed": self.seed, "item": self.item.number, "view": self.number}
        return {"drawing": DRAWING, **numbers}


@dataclass(frozen=True)
class _Truth:
    """Size in pixels and garment box of a finished photograph."""

    width: int
    height: int
    box_in_image: Box


def generate_dataset(
    root: Path,
    *,
    items: int = ITEMS,
    street_per_item: int = STREET_PER_ITEM,
    seed: int = 0,
    val_share: float = VAL_SHARE,
    test_share: float = TEST_SHARE,
    track: Track = untracked,
) -> None:
    """Writes ``images``, annotations.json and triplets.csv below ``root``.

    Equal arguments give equal bytes, except that another machine, or another version of
    numpy, scipy or Pillow, may round differently. Photographs that an earlier run
    finished are kept. The annotations are written last, so that an interrupted run
    leaves no incomplete dataset. A family of similar items stays in one split; triplets
    are of the training split, and their negatives are of the positive's family.

    Args:
        root: Folder of the dataset; created if missing.
        items: Number of items.
        street_per_item: Number of street photographs of each item, in addition to its
            shop photograph.
        seed: Seed of the dataset.
        val_share: Share of the families in val, in [0, 1).
        test_share: Share of the families in test, in [0, 1).
        track: Shows progress.

    Raises:
        BadDataset: The folder holds a dataset that was not generated here.
        ValueError: The shares leave none for train.
    """
    drawn = [draw_item(seed, number) for number in range(items)]
    split_of = deal_families(drawn, val_share=val_share, test_share=test_share)
    _make_way(root)
    numbers = range(1 + street_per_item)
    views = [_View(seed, item, number) for item in drawn for number in numbers]
    taking = track(views, "Drawing photographs", len(views))
    photos = [_take(root, view, split_of) for view in taking]
    write_triplets(root, _triplets(drawn, split_of, street_per_item))
    write_annotations(root, photos, description=f"{DESCRIPTION}, seed {seed}")


def _make_way(root: Path) -> None:
    """Removes annotations and triplets of an earlier run, never of another dataset."""
    annotations = root / ANNOTATIONS
    if annotations.exists() and DESCRIPTION.encode() not in read_file(annotations):
        raise BadDataset(
            f"{root} holds another dataset.", "Name a folder that is empty or new"
        )
    annotations.unlink(missing_ok=True)
    (root / TRIPLETS).unlink(missing_ok=True)


def _take(root: Path, view: _View, split_of: Mapping[int, Split]) -> Photo:
    """The record of one photograph, whose file is drawn unless it exists."""
    file = root / IMAGES / view.path
    content = read_file(file) if file.exists() else b""
    truth = _read_truth(content, view)
    if truth is None:
        content = _drawn(view)
        replace_file(file, content)
        truth = _read_truth(content, view)
    assert truth is not None
    return Photo(
        path=view.path,
        width=truth.width,
        height=truth.height,
        source="shop" if view.number == SHOP_VIEW else "street",
        split=split_of[view.item.family],
        item_id=view.item.item_id,
        license=LICENSE,
        garments=(Garment(view.item.cut.category, truth.box_in_image),),
    )


def _drawn(view: _View) -> bytes:
    """Draws the JPEG file, with the stamp and the box in its comment."""
    draw_scene = shop_scene if view.number == SHOP_VIEW else street_scene
    rng = np.random.default_rng([view.seed, view.item.number, view.number])
    scene = draw_scene(view.item, rng)
    comment = json.dumps({**view.stamp, "box": scene.box_in_image})
    return as_jpeg(scene.photo, scene.quality, comment)


def _read_truth(content: bytes, view: _View) -> _Truth | None:
    """Size and box from the file of an earlier run; None if it is not this view."""
    if not content.endswith(END_OF_JPEG):
        return None
    try:
        with Image.open(io.BytesIO(content)) as image:
            comment = json.loads(image.info.get("comment", b"{}"))
            width, height = image.size
    except (UnidentifiedImageError, ValueError):
        return None
    box = comment.pop("box", None)
    return _Truth(width, height, as_box(box)) if comment == view.stamp else None


def _triplets(
    items: Sequence[Item], split_of: Mapping[int, Split], street_per_item: int
) -> list[Triplet]:
    """Triplets of each street photograph in train.

    The positive is the shop photograph of its item, the negative that of each other
    item of its family.
    """
    return [
        Triplet(
            _View(0, item, number).path,
            _View(0, item, SHOP_VIEW).path,
            _View(0, items[other], SHOP_VIEW).path,
        )
        for item in items
        if split_of[item.family] == "train"
        for number in range(1, 1 + street_per_item)
        for other in siblings(item, len(items))
    ]
