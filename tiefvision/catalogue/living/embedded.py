"""All rows of a catalogue with the embeddings of one ranker, for those who take all."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from shlex import quote

import numpy as np
from numpy.typing import NDArray

from tiefvision.catalogue.gallery import GalleryRow
from tiefvision.catalogue.living.collection import (
    Collection,
    Space,
    current_collection,
)
from tiefvision.catalogue.living.ledger import record_to_row
from tiefvision.catalogue.living.rows import shown_path
from tiefvision.catalogue.living.vectors import Numbers, vectors_of
from tiefvision.errors import MissingArtifact, StaleArtifact
from tiefvision.ranking.own import given_of, name_of
from tiefvision.store.table import Snapshot, Table
from tiefvision.workspace.artifacts import workspace_option

DIGITS = 16
"""Hexadecimal digits of a content in a fingerprint."""


@dataclass(frozen=True, eq=False)
class EmbeddedRows:
    """The rows of the current collection at one moment.

    Attributes:
        table: the catalogue's table, open.
        key: key of the collection.
        ranker: name of the ranker.
        space: space of its embeddings.
        numbers: number of each row, ascending.
        rows: the rows.
        fingerprints: identifies each photograph's content and how its embedding was
            made.
    """

    table: Table
    key: str
    ranker: str
    space: Space
    numbers: Numbers
    rows: Sequence[GalleryRow]
    fingerprints: Sequence[str]

    def vectors_at(self, places: Numbers) -> NDArray[np.float32]:
        """Embeddings by positions in ``rows``, (n, D) float32 of unit length.

        A row that was removed meanwhile has zeros.
        """
        numbers = self.numbers[places]
        dimension = self.space.dimension
        return vectors_of(self.table, self.key, self.space.name, numbers, dimension)


def read_embedded(table: Table, ranker: str = "") -> EmbeddedRows:
    """Read all rows, without their embeddings.

    Args:
        table: the catalogue's table.
        ranker: name of a ranker that was indexed, or its FILE.py:CLASS, which is not
            run; "" for the last one.

    Raises:
        MissingArtifact: There is no catalogue.
        StaleArtifact: There is no index for the ranker.
    """
    with table.read() as snapshot:
        current = current_collection(snapshot)
        if current is None:
            raise MissingArtifact(f"There is no catalogue in {table.path.parent}.")
        name = name_of(ranker) or list(current.spaces)[-1]
        if name not in current.spaces:
            raise StaleArtifact(
                f"{table.path.name} has no index for {name}, only for "
                f"{', '.join(current.spaces)}.",
                f"Run: tiefvision index {quote(str(current.root))}"
                f"{workspace_option(table.path.parent)} "
                f"--ranker {quote(given_of(ranker))}",
            )
        return _read(table, snapshot, current, name)


def _read(
    table: Table, snapshot: Snapshot, current: Collection, ranker: str
) -> EmbeddedRows:
    space, root = current.spaces[ranker], Path(current.root)
    # Components are learnt from the catalogue, so that only the space tells them.
    made = space.name if space.reduced else space.digest[:DIGITS] or ranker
    numbers, rows, fingerprints = [], [], []
    for number, record in snapshot.records(f"row/{current.key}/"):
        numbers.append(int(number, 16))
        rows.append(record_to_row(record, shown_path(record["file"], root)))
        content = record["content"][:DIGITS]
        fingerprints.append(f"{current.key}-{made}-{content}")
    found = np.array(numbers, dtype=np.int64)
    return EmbeddedRows(table, current.key, ranker, space, found, rows, fingerprints)
