"""The rows of a collection, changed in transactions and logged for readers.

A photograph that changes gets a new row, so that the embedding of a row never changes.
"""

import hashlib
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiefvision.catalogue.gallery import GalleryRow
from tiefvision.catalogue.living.collection import (
    Collection,
    number_text,
    put_collection,
)
from tiefvision.catalogue.living.vectors import delete_vectors, put_vectors
from tiefvision.ranking.needs import Need
from tiefvision.records import Crop
from tiefvision.store.codec import MAX_KEY_BYTES
from tiefvision.store.table import Changes, Snapshot
from tiefvision.workspace.records import crop_to_record, record_to_crop

DESCRIPTION = ("crop", "map", "colours", "pixels")
"""Kinds of keys that describe a photograph by its content."""

PARTS: Mapping[Need, str] = {"maps": "map", "colours": "colours", "pixels": "pixels"}
"""Kind of key that holds what a ranker needs."""

LOGGED = 1024
"""Transactions that the log holds. A reader that missed more reads all rows again."""

Stamp = tuple[int, int, int]
"""Size in bytes, time of modification and time of change in nanoseconds of a file: as
long as they stay, the content has stayed."""


@dataclass(frozen=True)
class Facts:
    """What a catalogue tells of a photograph, apart from its pixels.

    Attributes:
        item: identifier of the item.
        variant: variant of the item, such as its colour; "" if unknown.
        group: group of the garment as the catalogue gives it; "" if it does not.
        columns: further facts, such as title and price.
    """

    item: str
    variant: str = ""
    group: str = ""
    columns: Mapping[str, str | float] = field(default_factory=dict)


@dataclass(frozen=True)
class KnownPhoto:
    """A photograph of a collection.

    Attributes:
        file: absolute path.
        row: number of its row.
        content: SHA-256 of the file's content.
        stamp: state of the file when it was read.
        facts: what the catalogue tells of it.
    """

    file: str
    row: int
    content: str
    stamp: Stamp
    facts: Facts


@dataclass(frozen=True, eq=False)
class NewPhoto:
    """A photograph to add, already described and embedded.

    Attributes:
        file: absolute path.
        content: SHA-256 of the file's content.
        stamp: state of the file before it was read.
        facts: what the catalogue tells of it.
        crop: part of the photograph that was described.
        vectors: embeddings of the crop and of its close-ups, (1 + close-ups, D) float32
            of unit length, by name of their space.
    """

    file: str
    content: str
    stamp: Stamp
    facts: Facts
    crop: Crop
    vectors: Mapping[str, NDArray[np.float32]]


def known_photo(snapshot: Snapshot, key: str, file: str) -> KnownPhoto | None:
    """A photograph of a collection by its file; None if it holds none."""
    record = snapshot.record(f"photo/{key}/{file}")
    return None if record is None else _record_to_photo(record)


def known_photos(snapshot: Snapshot, key: str, below: str = "") -> Iterator[KnownPhoto]:
    """The photographs of a collection, in the order of their files.

    Args:
        snapshot: state of the table.
        key: key of the collection.
        below: only files whose path begins so.
    """
    # The end of a long key is a hash.
    prefix = f"photo/{key}/{below}".encode()[: MAX_KEY_BYTES // 2]
    for _, record in snapshot.records(prefix.decode(errors="ignore")):
        if record["file"].startswith(below):
            yield _record_to_photo(record)


def files_of_item(snapshot: Snapshot, key: str, item: str) -> list[str]:
    """Files of the photographs of an item, as absolute paths."""
    rows = (
        snapshot.record(f"row/{key}/{name}")
        for name in [*snapshot.keys(_item_prefix(key, item))]
    )
    return [row["file"] for row in rows if row]


def row_key(key: str, number: int) -> str:
    """Key of a row."""
    return f"row/{key}/{number_text(number)}"


def description_name(key: str, content: str) -> str:
    """Name under which the description of a photograph's content is kept."""
    return f"{key}/{content}"


def record_to_row(record: Mapping[str, Any], photo: str) -> GalleryRow:
    """A row from its record.

    Args:
        record: record of the row.
        photo: path of the photograph as a search shows it.
    """
    return GalleryRow(
        photo,
        record["item"],
        record_to_crop(record),
        record["variant"],
        record["columns"],
    )


def change_rows(
    changes: Changes,
    collection: Collection,
    added: Sequence[NewPhoto],
    removed: Iterable[str] = (),
) -> Collection:
    """Add photographs and remove others, in the transaction of the caller.

    A photograph whose file is known already takes the place of the old one, and so does
    the last of several that have one file.

    Args:
        changes: transaction.
        collection: collection as it is in this transaction.
        added: photographs to add.
        removed: files to remove; unknown ones are ignored.

    Returns:
        The collection after the change; it is written as well.
    """
    added = list({photo.file: photo for photo in added}.values())
    gone = [*removed, *(photo.file for photo in added)]
    out = [row for file in gone if (row := _remove(changes, collection, file))]
    new = range(collection.next_row, collection.next_row + len(added))
    fresh_items = sum(
        _add(changes, collection, number, photo)
        for number, photo in zip(new, added, strict=True)
    )
    changed = replace(
        collection,
        next_row=new.stop,
        changes=collection.changes + 1,
        photos=collection.photos + len(added) - len(out),
        items=collection.items + fresh_items - sum(last for _, last, _ in out),
        changed=time.time(),
    )
    log = {"added": list(new), "removed": [number for number, _, _ in out]}
    changes.put_record(_log_key(collection.key, changed.changes), log)
    _forget(changes, collection.key, {content for _, _, content in out})
    changes.delete(_log_key(collection.key, changed.changes - LOGGED))
    put_collection(changes, changed)
    return changed


def put_stamp(changes: Changes, key: str, file: str, stamp: Stamp) -> None:
    """Note the new state of a file whose content is as it was."""
    name = f"photo/{key}/{file}"
    changes.put_record(name, changes.record(name) | {"stamp": stamp})


def prefixes_of(key: str) -> tuple[str, ...]:
    """Prefixes of all keys of a collection, apart from those of its spaces."""
    kinds = ("photo", "row", "item", "content", "log", *DESCRIPTION)
    return tuple(f"{kind}/{key}/" for kind in kinds)


def logged_since(
    snapshot: Snapshot, collection: Collection, seen: int
) -> list[tuple[list[int], list[int]]] | None:
    """Rows added and removed by each transaction since one; None if not all are logged.

    Args:
        snapshot: state of the table.
        collection: collection in that state.
        seen: number of the last transaction that is known.
    """
    found = []
    for number in range(seen + 1, collection.changes + 1):
        record = snapshot.record(_log_key(collection.key, number))
        if record is None:
            return None
        found.append((record["added"], record["removed"]))
    return found


def _add(
    changes: Changes, collection: Collection, number: int, photo: NewPhoto
) -> bool:
    """Write a row; whether its item is new."""
    key, facts = collection.key, photo.facts
    told = {"item": facts.item, "variant": facts.variant, "columns": facts.columns}
    row = {"file": photo.file, "content": photo.content, **told}
    record = {"file": photo.file, "row": number, "content": photo.content}
    record |= {"stamp": photo.stamp, "group": facts.group, **told}
    changes.put_record(row_key(key, number), row | crop_to_record(photo.crop))
    changes.put_record(f"photo/{key}/{photo.file}", record)
    for space, vectors in photo.vectors.items():
        put_vectors(changes, key, space, number, vectors)
    _refer(changes, f"content/{key}/{photo.content}/", number)
    return _refer(changes, _item_prefix(key, facts.item), number)


def _remove(
    changes: Changes, collection: Collection, file: str
) -> tuple[int, bool, str] | None:
    """Remove a photograph: its row, whether it was its item's last, its content."""
    key = collection.key
    photo = known_photo(changes, key, file)
    if photo is None:
        return None
    changes.delete(f"photo/{key}/{file}")
    changes.delete(row_key(key, photo.row))
    for space in collection.spaces.values():
        delete_vectors(changes, key, space.name, photo.row)
    _unrefer(changes, f"content/{key}/{photo.content}/", photo.row)
    item = _item_prefix(key, photo.facts.item)
    return photo.row, _unrefer(changes, item, photo.row), photo.content


def _forget(changes: Changes, key: str, contents: Iterable[str]) -> None:
    """Delete the descriptions that no row needs any more."""
    for content in contents:
        if next(changes.keys(f"content/{key}/{content}/"), None) is None:
            delete_description(changes, description_name(key, content))


def delete_description(changes: Changes, name: str) -> None:
    """Delete what describes a photograph."""
    for kind in DESCRIPTION:
        changes.delete(f"{kind}/{name}")


def is_described(snapshot: Snapshot, name: str, needs: Iterable[Need]) -> bool:
    """Whether a photograph is described with all parts that rankers need.

    Args:
        snapshot: state of the table.
        name: name of the description.
        needs: parts that rankers read.
    """
    kinds = ("crop", *(PARTS[need] for need in needs))
    return all(snapshot.has(f"{kind}/{name}") for kind in kinds)


def _refer(changes: Changes, prefix: str, number: int) -> bool:
    """Let a row refer to an item or a content; whether it is the first to do so."""
    first = next(changes.keys(prefix), None) is None
    changes.put_record(f"{prefix}{number_text(number)}", None)
    return first


def _unrefer(changes: Changes, prefix: str, number: int) -> bool:
    """End a reference; whether it was the last one."""
    changes.delete(f"{prefix}{number_text(number)}")
    return next(changes.keys(prefix), None) is None


def _item_prefix(key: str, item: str) -> str:
    """Prefix of the references to an item, whose name may be long or hold slashes."""
    name = hashlib.sha256(item.encode(errors="surrogatepass")).hexdigest()[:32]
    return f"item/{key}/{name}/"


def _record_to_photo(record: Mapping[str, Any]) -> KnownPhoto:
    facts = Facts(record["item"], record["variant"], record["group"], record["columns"])
    size, modified, changed = record["stamp"]
    stamp = (size, modified, changed)
    return KnownPhoto(record["file"], record["row"], record["content"], stamp, facts)


def _log_key(key: str, number: int) -> str:
    return f"log/{key}/{number_text(max(number, 0))}"
