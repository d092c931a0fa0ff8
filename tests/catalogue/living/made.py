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
    vectors = {SPACE: vector_of(content or file, width)[None]}
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


def check_closest(found, vectors, query, k):
    """Whether names are those of the k vectors closest to a query, in order.

    Where two are equally close but for rounding, either may come first.
    """
    assert len(found) == len(set(found)) == min(k, len(vectors))
    own = [vectors[name] @ query for name in found]
    best = sorted((vector @ query for vector in vectors.values()), reverse=True)
    np.testing.assert_allclose(own, best[:k], atol=1e-6)


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

    def check(self, found, query, k):
        """Whether these are the files of the k closest photographs, in order."""
        vectors = {file: photo.vectors[SPACE][0] for file, photo in self.photos.items()}
        check_closest(found, vectors, query, k)
