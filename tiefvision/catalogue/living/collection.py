"""Collections of a catalogue: the rows that one set of models described.

A catalogue is a `Table`. Its keys, where C is the key of a collection:

current                     key of the collection that is searched
collection/C                the record of a `Collection`
photo/C/FILE                what is known of a file: content, row, facts (`ledger`)
row/C/NUMBER                a row, as it is found (`ledger`)
item/C/HASH/NUMBER          a row of an item
content/C/HASH/NUMBER       a row that shows a photograph of this content
crop/, map/, colours/, pixels/C/HASH    the description of a photograph by its content
vector/C/SPACE/NUMBER       embedding of a row, float32
closeups/C/SPACE/NUMBER     embeddings of its close-ups, float16
segments/C/SPACE            the graphs of a space (`segment_files`)
numbers/FILE                which rows lie in a graph
log/C/CHANGE                rows added and removed by a transaction

Numbers of rows and of changes only grow; they are 16 hexadecimal digits.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from tiefvision.store.table import Changes, Snapshot

CURRENT = "current"

TARGET_RECALL = 0.99
"""Recall that graphs are tuned for, unless ``catalogue tune`` says another."""


@dataclass(frozen=True)
class Space:
    """The embeddings of one ranker in a collection.

    Attributes:
        name: name in the keys of vectors; never used again for other embeddings.
        digest: digest of the ranker; "" for one that learnt nothing.
        dimension: length of an embedding; 0 while there is none.
        learnt_from: number of rows from which the principal components were learnt; 0
            where embeddings are whole.
    """

    name: str
    digest: str = ""
    dimension: int = 0
    learnt_from: int = 0

    @property
    def reduced(self) -> bool:
        """Whether embeddings are principal components."""
        return self.learnt_from > 0


@dataclass(frozen=True)
class Collection:
    """The rows that one set of models described.

    Attributes:
        key: key of the collection, from what makes descriptions differ.
        root: folder of the catalogue, absolute.
        encoder: identity of the encoder of garments.
        models: digests of the models by name.
        rules: rules by which a crop becomes a feature map.
        spaces: embeddings by the name of their ranker.
        next_row: number of the next row.
        changes: number of transactions so far.
        photos: number of photographs.
        items: number of items.
        changed: time of the last change in seconds since 1970.
        items_file: table of products, absolute; "" for the one in the folder.
        folders: whether each folder is a product.
        recall: share of the ten nearest rows that graphs are tuned to find.
    """

    key: str
    root: str
    encoder: Mapping[str, str]
    models: Mapping[str, str]
    rules: Mapping[str, Any]
    spaces: Mapping[str, Space] = field(default_factory=dict)
    next_row: int = 0
    changes: int = 0
    photos: int = 0
    items: int = 0
    changed: float = 0.0
    items_file: str = ""
    folders: bool = False
    recall: float = TARGET_RECALL

    @property
    def closeups(self) -> int:
        """Number of close-ups of each photograph."""
        return int(self.rules.get("closeups", 0))

    def closeups_in(self, space: Space) -> int:
        """Number of close-ups of a photograph whose embeddings a space holds.

        None where embeddings are reduced: a search orders photographs again by whole
        embeddings, and makes those of the close-ups from their maps.
        """
        return 0 if space.reduced else self.closeups

    def with_space(self, ranker: str, space: Space) -> "Collection":
        """The collection with the embeddings of a ranker."""
        return replace(self, spaces={**self.spaces, ranker: space})


def collection_key(
    encoder: Mapping[str, str], models: Mapping[str, str], rules: Mapping[str, Any]
) -> str:
    """Key of the collection that these models describe.

    Args:
        encoder: identity of the encoder of garments.
        models: digests of the locator, or of the bundle that holds it.
        rules: rules by which a crop becomes a feature map.
    """
    text = json.dumps([encoder, models, rules], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def read_collection(snapshot: Snapshot, key: str) -> Collection | None:
    """A collection; None if there is none of this key."""
    record = snapshot.record(f"collection/{key}")
    if record is None:
        return None
    spaces = {name: Space(**space) for name, space in record["spaces"].items()}
    return Collection(**{**record, "spaces": spaces})


def current_collection(snapshot: Snapshot) -> Collection | None:
    """The collection that is searched; None before the first one is finished."""
    key = snapshot.record(CURRENT)
    return None if key is None else read_collection(snapshot, key)


def put_collection(changes: Changes, collection: Collection) -> None:
    """Write the record of a collection."""
    changes.put_record(f"collection/{collection.key}", asdict(collection))


def make_current(changes: Changes, collection: Collection) -> None:
    """Let searches use a collection from now on."""
    changes.put_record(CURRENT, collection.key)


def number_text(number: int) -> str:
    """A number in a key, so that keys are sorted like numbers."""
    return f"{number:016x}"
