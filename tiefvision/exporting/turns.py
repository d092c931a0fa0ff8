"""What servers without files to rename have in common: a new collection each time."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tiefvision.errors import BadUsage, TiefVisionError
from tiefvision.exporting.records import Collection, ExportBatch, ExportRow

REQUEST_NUMBERS = 1 << 20
"""Most numbers of the vectors in one request, 4 MiB as floats: servers take 32 MB of
JSON (Qdrant) and 64 MB (Milvus)."""


@dataclass(frozen=True)
class Turns:
    """The collections of a store that exports under one name made.

    The name itself is an alias of the last one, so that readers change over at once.

    Attributes:
        name: name of the exported collection.
        names: names of all collections of the store.
        store: name of the store, for the message.

    Raises:
        BadUsage: A collection has the name itself, so that no export made it.
    """

    name: str
    names: Sequence[str]
    store: str

    def __post_init__(self) -> None:
        if self.name in self.names:
            raise BadUsage(
                f"{self.store} has a collection {self.name} that was not exported by "
                "TiefVision.",
                "Rename it, or export under another name.",
            )

    @property
    def old(self) -> list[str]:
        """Collections of earlier exports, finished or not."""
        own = re.compile(rf"{self.name}_export_\d+")
        return [name for name in self.names if own.fullmatch(name)]

    @property
    def new(self) -> str:
        """Name of the collection to fill."""
        last = max((int(name.rpartition("_")[2]) for name in self.old), default=0)
        return f"{self.name}_export_{last + 1}"


def chunks_of(
    batches: Iterable[ExportBatch],
) -> Iterator[tuple[Sequence[ExportRow], NDArray[np.float32]]]:
    """The rows and vectors of batches in pieces that fit a request."""
    for batch in batches:
        size = max(1, REQUEST_NUMBERS // max(1, batch.vectors.shape[1]))
        for start in range(0, len(batch.rows), size):
            chosen = slice(start, start + size)
            yield batch.rows[chosen], batch.vectors[chosen]


def confirm_count(store: str, count: int, collection: Collection) -> None:
    """Check that a store holds every row.

    Raises:
        TiefVisionError: It holds more or fewer.
    """
    if count != collection.count:
        raise TiefVisionError(
            f"{store} holds {count} of {collection.count} rows.", "Run again."
        )
