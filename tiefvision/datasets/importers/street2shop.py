"""Imports Street2Shop (Hadi Kiapour et al., Where to Buy It, ICCV 2015).

Reads the lists as published at http://www.tamaraberg.com/street2shop/, and photographs
that were downloaded from their addresses:

    photos/photos.txt                 a line a photograph: id,address; optional
    meta/json/retrieval_VERTICAL.json   [{"photo": 1, "product": 2}, ...]: shop
                                      photographs and the products that they show
    meta/json/train_pairs_VERTICAL.json, test_pairs_VERTICAL.json
                                      [{"photo": 3, "product": 2, "bbox": {"left": 0,
                                      "top": 0, "width": 9, "height": 9}}, ...]: street
                                      photographs, with the box of the garment
    images/ID.jpg                     any suffix, the id with or without leading zeros

Only addresses are published, for 404,683 shop and 20,357 street photographs of eleven
verticals, and many of them answer no more. As published, a search stays within its
vertical: name ``meta/json/retrieval_VERTICAL.json`` as the source to import one alone.

Products that one box matches are one item, since finding any of them is a hit. A street
photograph is written once for each vertical and box, because a photograph of this
project's layout searches for one item. Shop photographs of products without a pair are
the rest of the gallery, and lie in the test split.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tiefvision.datasets.entries import (
    BadEntry,
    Entry,
    gather,
    is_finite,
    read_json,
    shown,
)
from tiefvision.datasets.importers.formats import ImportReport
from tiefvision.datasets.importers.published import (
    Listed,
    Publication,
    first_there,
    read_lines,
    write_published,
)
from tiefvision.datasets.line_faults import MOST_TOLD
from tiefvision.datasets.splits import join_overlapping
from tiefvision.errors import BadDataset
from tiefvision.photos.listing import list_photos
from tiefvision.progress import Track, untracked
from tiefvision.records import Box, Garment, Photo, Split

VERTICALS = (
    *("bags", "belts", "dresses", "eyewear", "footwear", "hats", "leggings"),
    *("outerwear", "pants", "skirts", "tops"),
)
"""Kinds of products, each with lists of its own; a search stays within one."""

LISTS = "meta/json"
ADDRESSES = ("photos/photos.txt", "photos.txt")
IMAGES_OF_SOURCE = "images"

MOST_DIGITS = 18
"""Digits of an id; published ones have nine."""

LICENSE = "unknown: shops and users own the photographs; published for research"

DESCRIPTION = "Street2Shop, http://www.tamaraberg.com/street2shop/"

PAIRS: Mapping[str, Split] = {"train_pairs": "train", "test_pairs": "test"}
"""Split by the name of a list of pairs."""


@dataclass(frozen=True)
class _Pair:
    """A street photograph and a product that its box shows."""

    photo: int
    product: str
    box: Box
    split: Split


def import_street2shop(
    source: Path, target: Path, *, seed: int, track: Track = untracked
) -> ImportReport:
    """Converts Street2Shop; an interrupted run is completed by the next.

    Args:
        source: folder that holds ``meta/json`` and ``images``, or the retrieval list of
            the one vertical that is wanted.
        target: a new or empty folder, or that of an earlier run.
        seed: unused, because nothing is random.
        track: shows progress.

    Returns:
        What was written, what was left out, and what is left of the dataset.

    Raises:
        BadDataset: ``source`` has another layout, a list is damaged, no photograph is
            there, or ``target`` holds something else.
    """
    wanted = [name for name in VERTICALS if source.name == f"retrieval_{name}.json"]
    if wanted:
        source = source.absolute().parent.parent.parent
    there = [
        name
        for name in wanted or VERTICALS
        if _list_of(source, "retrieval", name).exists()
    ]
    if not there:
        raise BadDataset(
            f"{source} is not Street2Shop: there is no "
            f"{_list_of(source, 'retrieval', 'VERTICAL')}.",
            f"Name the folder that holds {LISTS}/ and {IMAGES_OF_SOURCE}/.",
        )
    files = _files_by_id(source)
    addresses = _addresses(source)
    listed: list[Listed] = []
    faults: list[str] = []
    for vertical in there:
        for photo, number in _photos_of(source, vertical, faults):
            name = files.get(number, f"{IMAGES_OF_SOURCE}/{number}.jpg")
            named = replace(photo, path=photo.path + Path(name).suffix)
            address = addresses.get(number)
            notes = {"address": address} if address else {}
            listed.append(Listed(named, name, notes))
    published = Publication("street2shop", DESCRIPTION, listed, faults)
    return write_published(source, target, published, track)


def _list_of(source: Path, kind: str, vertical: str) -> Path:
    return source / LISTS / f"{kind}_{vertical}.json"


def _files_by_id(source: Path) -> dict[int, str]:
    """Path below the source of each photograph whose name is an id."""
    listing = list_photos(source / IMAGES_OF_SOURCE)
    numbered = ((_id(Path(path).stem), path) for path in listing.photos)
    return {
        number: f"{IMAGES_OF_SOURCE}/{path}"
        for number, path in numbered
        if number is not None
    }


def _addresses(source: Path) -> dict[int, str]:
    """Address of each photograph; lines that hold none are left out."""
    file = first_there(source, ADDRESSES)
    found = {}
    for _, line in read_lines(file) if file else ():
        text, _, address = line.partition(",")
        number = _id(text.strip())
        if number is not None:
            found[number] = address.strip().encode("ascii", "ignore").decode()
    return found


def _id(text: str) -> int | None:
    """The id of a photograph, which may begin with zeros; None for another text."""
    digits = text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS
    return int(text) if digits else None


def _photos_of(
    source: Path, vertical: str, faults: list[str]
) -> Iterator[tuple[Photo, int]]:
    """Photographs of a vertical, their paths without suffix, and their ids.

    Street photographs come first, then shop photographs.

    Args:
        source: folder of the dataset.
        vertical: one of ``VERTICALS``.
        faults: takes sentences on entries that cannot be used.
    """
    pairs = list(_read_pairs(source, vertical, faults))
    matched: dict[tuple[int, Box], set[str]] = {}
    for pair in pairs:
        matched.setdefault((pair.photo, pair.box), set()).add(pair.product)
    item_of = {
        product: f"{vertical}-{products[0]}"
        for products in join_overlapping(matched.values())
        for product in products
    }
    split_of: dict[str, Split] = {}
    boxes: dict[int, list[Box]] = {}
    done: set[tuple[int, Box, Split]] = set()
    for pair in pairs:
        item = item_of[pair.product]
        split_of[item] = "test" if split_of.get(item) == "test" else pair.split
        if (pair.photo, pair.box, pair.split) in done:
            continue
        done.add((pair.photo, pair.box, pair.split))
        mine = boxes.setdefault(pair.photo, [])
        mine.append(pair.box)
        suffix = f"_{len(mine)}" if len(mine) > 1 else ""
        yield (
            _photo(
                f"{vertical}/street/{pair.photo}{suffix}",
                pair.split,
                item,
                (Garment(vertical, pair.box),),
            ),
            pair.photo,
        )
    named = set()
    for number, product in _read_shown(source, vertical, faults):
        if number not in named:
            named.add(number)
            item = item_of.get(product, f"{vertical}-{product}")
            path = f"{vertical}/shop/{number}"
            yield _photo(path, split_of.get(item, "test"), item), number


def _photo(
    path: str, split: Split, item: str, garments: tuple[Garment, ...] = ()
) -> Photo:
    """A street photograph, which has a box, or else a shop photograph."""
    source = "street" if garments else "shop"
    return Photo(path, 0, 0, source, split, item, LICENSE, garments)  # type: ignore[arg-type]


def _read_pairs(source: Path, vertical: str, faults: list[str]) -> Iterator[_Pair]:
    for kind, split in PAIRS.items():
        for entry in _entries(_list_of(source, kind, vertical), faults):
            values = _values(entry, faults, boxed=True)
            if values:
                yield _Pair(values["photo"], values["product"], values["bbox"], split)


def _read_shown(
    source: Path, vertical: str, faults: list[str]
) -> Iterator[tuple[int, str]]:
    for entry in _entries(_list_of(source, "retrieval", vertical), faults):
        values = _values(entry, faults, boxed=False)
        if values:
            yield values["photo"], values["product"]


def _entries(file: Path, faults: list[str]) -> Iterator[Entry]:
    """The objects of a list; sentences tell of the first of what is something else."""
    if not file.exists():
        faults.append(f"There is no {file}.")
        return
    values = read_json(file)
    if not isinstance(values, list):
        raise BadDataset(f"{file} holds {shown(values)}, expected a list.")
    for place, value in enumerate(values):
        where = f"[{place}]"
        wrong = f"{where} is {shown(value)}, expected an object"
        if isinstance(value, dict):
            yield Entry(file, where, value)
        else:
            yield Entry(file, where, {}, wrong)


def _values(entry: Entry, faults: list[str], *, boxed: bool) -> dict[str, Any] | None:
    """The values of an entry; None for one that cannot be used, which is told."""
    read: dict[str, Any] = {
        "photo": lambda: _number(entry),
        "product": lambda: entry.id("product"),
    }
    if boxed:
        read["bbox"] = lambda: _box(entry)
    try:
        return gather(entry.file, read)
    except BadEntry as error:
        told = sum(sentence.startswith(f"{entry.file}:") for sentence in faults)
        if told < MOST_TOLD:
            faults.append(str(error))
        elif told == MOST_TOLD:
            faults.append(f"{entry.file}: more entries cannot be used.")
        return None


def _number(entry: Entry) -> int:
    text = entry.id("photo")
    number = _id(text)
    if number is None:
        raise entry.fault("photo", f"is {shown(text)}, expected a number")
    return number


def _box(entry: Entry) -> Box:
    values = entry.get("bbox", (dict,), "an object")
    inside = Entry(entry.file, f"{entry.where}.bbox", values)
    left, top, width, height = (
        _pixels(inside, key) for key in ("left", "top", "width", "height")
    )
    return left, top, left + width, top + height


def _pixels(box: Entry, key: str) -> float:
    value = box.get(key, (int, float), "a number of pixels")
    if not is_finite(value):
        raise box.fault(key, f"is {shown(value)}, expected a number of pixels")
    return float(value)
