"""Writes a synthetic street-to-shop dataset in the project's layout.

Every photograph has random numbers of its own, seeded by dataset, item and view: more
items, or a run that was interrupted, change no photograph that is already there.
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
from tiefvision.files import replace_file
from tiefvision.progress import Track, untracked
from tiefvision.records import Box, Garment, Photo, Split, Triplet

ITEMS = 120
STREET_PER_ITEM = 3
VAL_SHARE = 0.1
TEST_SHARE = 0.3
"""Of the items; 36 of 120, so that a recall is known to within about a tenth."""

LICENSE = "CC0-1.0"
DESCRIPTION = "TiefVision synthetic street-to-shop scenes"

DRAWING = 1
"""Raised whenever the same seed draws other pictures: older files are drawn anew."""

SHOP_VIEW = 0

END_OF_JPEG = b"\xff\xd9"


@dataclass(frozen=True)
class _View:
    """One photograph to be taken: of which item, and whether shop (0) or street."""

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
        """What decides every byte of the file; kept in it as a comment."""
        numbers = {"seed": self.seed, "item": self.item.number, "view": self.number}
        return {"drawing": DRAWING, **numbers}


@dataclass(frozen=True)
class _Truth:
    """What the comment of a finished photograph says of it."""

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

    Equal arguments give equal bytes (another machine, or another version of numpy,
    scipy or Pillow, may round otherwise). Photographs that an earlier run finished are
    kept; the annotations come last: half a dataset is never taken for a whole one.
    Families of similar items stay in one split; triplets are of the training split,
    and their negatives of the positive's family.

    Args:
        root: Made if it is missing.
        items: How many garments.
        street_per_item: Street photographs of each, beside its shop photograph.
        seed: Another seed gives other garments.
        val_share: Of the items, for choosing settings.
        test_share: Of the items, for measuring.
        track: Shows progress.

    Raises:
        BadDataset: The folder holds a dataset from elsewhere.
    """
    goods = [draw_item(seed, number) for number in range(items)]
    split_of = deal_families(goods, val_share=val_share, test_share=test_share)
    _make_way(root)
    numbers = range(1 + street_per_item)
    views = [_View(seed, item, number) for item in goods for number in numbers]
    taking = track(views, "Drawing photographs", len(views))
    photos = [_take(root, view, split_of) for view in taking]
    write_triplets(root, _triplets(goods, split_of, street_per_item))
    write_annotations(root, photos, description=f"{DESCRIPTION}, seed {seed}")


def _make_way(root: Path) -> None:
    """Removes what describes an earlier run, never another dataset's annotations."""
    annotations = root / ANNOTATIONS
    if annotations.exists() and DESCRIPTION.encode() not in annotations.read_bytes():
        raise BadDataset(
            f"{root} holds another dataset.", "Name a folder that is empty or new"
        )
    annotations.unlink(missing_ok=True)
    (root / TRIPLETS).unlink(missing_ok=True)


def _take(root: Path, view: _View, split_of: Mapping[int, Split]) -> Photo:
    """One photograph on disk, drawn unless it is there already."""
    file = root / IMAGES / view.path
    content = file.read_bytes() if file.exists() else b""
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
    """The JPEG file, with the stamp and the box in its comment."""
    draw_scene = shop_scene if view.number == SHOP_VIEW else street_scene
    rng = np.random.default_rng([view.seed, view.item.number, view.number])
    scene = draw_scene(view.item, rng)
    comment = json.dumps({**view.stamp, "box": scene.box_in_image})
    return as_jpeg(scene.photo, scene.quality, comment)


def _read_truth(content: bytes, view: _View) -> _Truth | None:
    """What an earlier run wrote into the file; None if it is not this photograph."""
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
    goods: Sequence[Item], split_of: Mapping[int, Split], street_per_item: int
) -> list[Triplet]:
    """Each street photograph for training, against every other one of its family."""
    return [
        Triplet(
            _View(0, item, number).path,
            _View(0, item, SHOP_VIEW).path,
            _View(0, goods[other], SHOP_VIEW).path,
        )
        for item in goods
        if split_of[item.family] == "train"
        for number in range(1, 1 + street_per_item)
        for other in siblings(item, len(goods))
    ]
