"""A catalogue of made-up vectors: no photographs and no networks."""

from dataclasses import dataclass, field

import numpy as np

from tiefvision.catalogue.living.collection import (
    Collection,
    Space,
    current_collection,
    make_current,
    put_collection,
)
from tiefvision.catalogue.living.ledger import Facts, NewPhoto, change_rows
from tiefvision.records import Crop
from tiefvision.store.table import Table

KEY, SPACE, RANKER, WIDTH = "key", "deeprank-1", "deeprank", 8


def vector_of(file, width=WIDTH):
    """The embedding of a file: a unit vector that its name decides."""
    seed = int.from_bytes(file.encode()[-7:], "little")
    row = np.random.default_rng(seed).standard_normal(width).astype(np.float32)
    return row / np.linalg.norm(row)


def new_photo(file, content="", item="", group="", variant="", width=WIDTH, **columns):
    """A photograph of a made-up file."""
    facts = Facts(item or file, variant, group, columns)
    vectors = {SPACE: vector_of(content or file, width)}
    crop = Crop(None, group)
    return NewPhoto(file, content or file, (1, 2, 3), facts, crop, vectors)


def make_collection(table, width=WIDTH):
    """An empty collection that is searched."""
    spaces = {RANKER: Space(SPACE, "", width)}
    with table.write() as changes:
        put_collection(changes, Collection(KEY, "/shop", {}, {}, {}, spaces))
        make_current(changes, Collection(KEY, "/shop", {}, {}, {}, spaces))


def change(table, added, removed=()):
    """Add photographs and remove files in one transaction; the collection after it."""
    with table.write() as changes:
        return change_rows(changes, current_collection(changes), added, removed)


@dataclass
class Rows:
    """A catalogue, and what it has to hold: the photographs by their files."""

    table: Table
    width: int = WIDTH
    photos: dict[str, NewPhoto] = field(default_factory=dict)

    def __post_init__(self):
        make_collection(self.table, self.width)

    @property
    def collection(self):
        with self.table.read() as snapshot:
            return current_collection(snapshot)

    def change(self, added=(), removed=()):
        """Add photographs, or files, and remove files, in one transaction."""
        added = [
            new_photo(one, width=self.width) if isinstance(one, str) else one
            for one in added
        ]
        collection = change(self.table, added, removed)
        for file in removed:
            self.photos.pop(file, None)
        self.photos |= {photo.file: photo for photo in added}
        return collection

    def closest(self, query, k):
        """Files and similarities of the closest photographs."""
        files = list(self.photos)
        if not files:
            return [], np.empty(0, np.float32)
        rows = np.stack([self.photos[file].vectors[SPACE] for file in files])
        similarities = rows @ query
        best = np.argsort(-similarities, kind="stable")[:k]
        return [files[place] for place in best], similarities[best]
