"""A catalogue of many rows out of few photographs, for timing searches.

The photographs are described as any; the other rows are links to them with embeddings
near to theirs, so that a search does all that it does in a real catalogue.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tiefvision.catalogue.living.collection import Collection, current_collection
from tiefvision.catalogue.living.ledger import (
    Facts,
    KnownPhoto,
    NewPhoto,
    change_rows,
    known_photos,
)
from tiefvision.catalogue.living.merging import merge_all
from tiefvision.catalogue.living.vectors import vectors_behind
from tiefvision.records import Crop
from tiefvision.store.table import Snapshot, Table

if TYPE_CHECKING:
    from tiefvision.finder import Finder

BATCH = 1000
"""Rows of a transaction."""

SPREAD = 0.5
"""Length of what is added to an embedding of unit length."""

Vectors = dict[str, tuple[NDArray[np.float32], int]]
"""By name of a space the embeddings of all described photographs, (n, D), and how many
a row has, with its close-ups."""


def make_catalogue(
    finder: "Finder", folder: Path, photos: Sequence[Path], rows: int
) -> None:
    """Let a finder search a catalogue of so many rows.

    Args:
        finder: finder of an empty workspace.
        folder: new folder for the files of the catalogue.
        photos: a few photographs.
        rows: number of rows, at least as many.
    """
    folder.mkdir()
    for number, photo in enumerate(photos):
        (folder / f"{number}.jpg").symlink_to(photo.resolve())
    finder.index(folder)
    random = np.random.default_rng(0)
    with Table(finder.workspace.path("catalogue")) as table:
        with table.read() as snapshot:
            collection = current_collection(snapshot)
            assert collection is not None
            known = list(known_photos(snapshot, collection.key))
            vectors = _vectors(snapshot, collection)
        for start in range(len(known), rows, BATCH):
            numbers = range(start, min(start + BATCH, rows))
            added = [_another(known, vectors, n, folder, random) for n in numbers]
            with table.write() as changes:
                collection = change_rows(changes, collection, added)
        merge_all(table)


def _vectors(snapshot: Snapshot, collection: Collection) -> Vectors:
    found = {}
    for space in collection.spaces.values():
        _, whole = vectors_behind(
            snapshot, collection.key, space.name, -1, space.dimension
        )
        found[space.name] = whole, 1 + collection.closeups_in(space)
    return found


def _another(
    known: Sequence[KnownPhoto],
    vectors: Vectors,
    number: int,
    folder: Path,
    random: np.random.Generator,
) -> NewPhoto:
    """A row that looks much like that of a described photograph."""
    place = number % len(known)
    like = known[place]
    file = folder / f"{number}.jpg"
    file.symlink_to(like.file)
    near = {
        name: np.stack([_near(each[place], random) for _ in range(count)])
        for name, (each, count) in vectors.items()
    }
    facts = Facts(f"item-{number}", group=like.facts.group)
    return NewPhoto(str(file), f"{number:064x}", like.stamp, facts, Crop(None), near)


def _near(
    vector: NDArray[np.float32], random: np.random.Generator
) -> NDArray[np.float32]:
    moved = vector + random.normal(0, SPREAD / len(vector) ** 0.5, len(vector))
    return (moved / np.linalg.norm(moved)).astype(np.float32)
