"""What can be exported to: the one list of targets, and how each is checked."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from tiefvision.errors import TiefVisionError, reason_of
from tiefvision.exporting import milvus, npy, opensearch, parquet, pgvector, qdrant
from tiefvision.exporting.parity import (
    QUERIES,
    TOP,
    Parity,
    Vectors,
    parity,
    sampled_queries,
    search_vectors,
    vectors_of,
)
from tiefvision.exporting.records import Collection, ExportBatch, checked
from tiefvision.index.neighbours import Neighbours

Write = Callable[[Collection, Iterable[ExportBatch], str], None]
"""Function of the collection, its batches and ``--output``."""

Ask = Callable[[Collection, str, NDArray[np.float32], int], Neighbours]
"""Function of the collection, where it is, queries (Q, D), and how many rows to find;
it returns ids in place of row numbers."""


@dataclass(frozen=True)
class Target:
    """A store that rows can be exported to.

    Attributes:
        name: value of ``--to``.
        sentence: what is written.
        output: what ``--output`` names.
        asked: what a check is given to find the store.
        write: writer.
        ask: search in the store, for a check.
        extra: extra of this project that installs what the target needs; "" for none.
    """

    name: str
    sentence: str
    output: str
    asked: str
    write: Write
    ask: Ask
    extra: str = ""


def _by_reading(read: Callable[[Path], Iterator[Vectors]]) -> Ask:
    """Ask files: read them back, and search what they hold exactly."""

    def ask(
        collection: Collection, where: str, queries: NDArray[np.float32], top: int
    ) -> Neighbours:
        try:
            return search_vectors(queries, read(Path(where)), top)
        except (ValueError, KeyError, IndexError) as error:  # ArrowInvalid is the first
            raise TiefVisionError(
                f"{where} cannot be read: {reason_of(error)}.", "Export again."
            ) from error

    return ask


_LISTED = (
    Target(
        "parquet",
        "A Parquet file with a column for each fact.",
        "a file",
        "the file",
        parquet.write_parquet,
        _by_reading(parquet.read_parquet),
        parquet.EXTRA,
    ),
    Target(
        "npy",
        "vectors.npy, and a line of JSON for each row in rows.jsonl.",
        "a folder",
        "the folder",
        npy.write_npy,
        _by_reading(npy.read_npy),
    ),
    Target(
        "qdrant",
        "A collection of Qdrant.",
        "a folder for its local mode, or the address of a server",
        "the same folder or address",
        qdrant.write_qdrant,
        qdrant.ask_qdrant,
        qdrant.EXTRA,
    ),
    Target(
        "milvus",
        "A collection of Milvus.",
        "a folder for Milvus Lite, or the address of a server",
        "the same folder or address",
        milvus.write_milvus,
        milvus.ask_milvus,
        milvus.EXTRA,
    ),
    Target(
        "opensearch",
        "The mapping of an index, and files for the bulk interface.",
        "a folder",
        "the folder, whose files are read back",
        opensearch.write_opensearch,
        _by_reading(opensearch.read_opensearch),
    ),
    Target(
        "pgvector",
        "SQL that makes a table with an HNSW index in PostgreSQL.",
        "a file",
        "the connection string of the database that has loaded the file",
        pgvector.write_pgvector,
        pgvector.ask_pgvector,
        pgvector.EXTRA,
    ),
)

TARGETS: Mapping[str, Target] = MappingProxyType({one.name: one for one in _LISTED})
"""The targets by name."""


def export(
    target: Target, collection: Collection, batches: Iterable[ExportBatch], output: str
) -> None:
    """Write a collection; what was at the output stays until everything is written.

    Memory is bounded by one batch.

    Args:
        target: where to.
        collection: what is exported.
        batches: all rows with their vectors, ids ascending.
        output: what ``target.output`` says.

    Raises:
        TiefVisionError: A package is missing, rows are not what the collection says, or
            a store refuses something.
        OSError: The output cannot be written.
    """
    target.write(collection, checked(collection, batches), output)


def check(
    target: Target,
    collection: Collection,
    read: Callable[[], Iterable[ExportBatch]],
    where: str,
    queries: int = QUERIES,
    top: int = TOP,
) -> Parity:
    """Compare what the other store finds with our exact search.

    Args:
        target: target that was written.
        collection: what was exported.
        read: function that gives all batches, each time anew.
        where: what ``target.asked`` says.
        queries: number of rows that are searched for.
        top: length of the lists.

    Raises:
        TiefVisionError: A package is missing, or the store cannot be asked.
        OSError: The files cannot be read.
    """
    asked = sampled_queries(collection, read(), queries)
    exact = search_vectors(asked, vectors_of(read()), top)
    return parity(target.ask(collection, where, asked, top), exact)
