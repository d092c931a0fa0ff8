"""Qdrant: a folder for its client's local mode, or a collection of a server."""

import os
import sqlite3
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiefvision.exporting.packages import store_errors
from tiefvision.exporting.parity import TOP, padded
from tiefvision.exporting.records import (
    MANIFEST,
    Collection,
    ExportBatch,
    stored_columns,
    stored_row,
)
from tiefvision.exporting.texts import require_manifest, write_manifest
from tiefvision.exporting.turns import Turns, chunks_of, confirm_count
from tiefvision.extras import import_module_of
from tiefvision.files import is_address, replacing_folder
from tiefvision.index.neighbours import Neighbours

EXTRA = "qdrant"

STORE = "qdrant"
"""Name of the client's folder in the exported one."""

KEY = "QDRANT_API_KEY"
"""Environment variable with the key of a server; none if it is not set."""


def write_qdrant(
    collection: Collection, batches: Iterable[ExportBatch], output: str
) -> None:
    """Write a folder that ``QdrantClient(path=...)`` opens, or fill a server.

    Args:
        collection: what is exported.
        batches: rows with their vectors.
        output: folder, or address of a server.

    Raises:
        TiefVisionError: qdrant-client is missing, or the server refuses something.
        OSError: The folder cannot be written.
    """
    if is_address(Path(output)):
        with open_qdrant(output) as client:
            upload(client, collection, batches)
        return
    with replacing_folder(Path(output), MANIFEST) as folder:
        with open_qdrant(str(folder), output) as client:
            upload(client, collection, batches)
        write_manifest(folder, collection, "qdrant")


def ask_qdrant(
    collection: Collection, where: str, queries: NDArray[np.float32], top: int = TOP
) -> Neighbours:
    """Search an exported folder or a server, by its own index.

    Args:
        collection: what was exported.
        where: folder, or address of a server.
        queries: embeddings of unit length, (Q, D) float32.
        top: number of rows to find.

    Raises:
        TiefVisionError: qdrant-client is missing, or the store cannot be asked.
    """
    if not is_address(Path(where)):
        require_manifest(Path(where))
    with open_qdrant(where) as client:
        return search(client, collection, queries, top)


@contextmanager
def open_qdrant(where: str, told: str = "") -> Iterator[Any]:
    """A client of an exported folder or of a server, closed at the end.

    Args:
        where: folder, or address of a server.
        told: what a message calls it, if not ``where``.

    Raises:
        TiefVisionError: qdrant-client is missing, or the store failed.
    """
    module = import_module_of(EXTRA, "qdrant_client")
    failures = import_module_of(EXTRA, "qdrant_client.http.exceptions")
    raised = (failures.ApiException, sqlite3.Error, ValueError, RuntimeError)
    with store_errors("Qdrant", told or where, *raised), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the local mode is slow for many rows
        if is_address(Path(where)):
            client = module.QdrantClient(
                url=where,
                api_key=os.environ.get(KEY),
                check_compatibility=False,  # a thread that warns of what fails below
            )
        else:
            client = module.QdrantClient(path=str(Path(where) / STORE))
        try:
            yield client
        finally:
            client.close()


def upload(client: Any, collection: Collection, batches: Iterable[ExportBatch]) -> None:
    """Fill a new collection and let the name, an alias, lead to it.

    Raises:
        BadUsage: A collection has the name that was not exported.
    """
    models = import_module_of(EXTRA, "qdrant_client.models")
    names = [one.name for one in client.get_collections().collections]
    turns = Turns(collection.name, names, "Qdrant")
    client.create_collection(
        turns.new,
        vectors_config=models.VectorParams(
            size=collection.dimension, distance=models.Distance.COSINE
        ),
    )
    for rows, vectors in chunks_of(batches):
        payloads = [
            {**stored_row(row), "columns": stored_columns(row, collection.columns)}
            for row in rows
        ]
        points = models.Batch(
            ids=[row.id for row in rows], vectors=vectors.tolist(), payloads=payloads
        )
        client.upsert(turns.new, points=points, wait=True)
    confirm_count("Qdrant", client.count(turns.new, exact=True).count, collection)
    aliases = {one.alias_name for one in client.get_aliases().aliases}
    create = models.CreateAliasOperation(
        create_alias=models.CreateAlias(
            collection_name=turns.new, alias_name=collection.name
        )
    )
    delete = models.DeleteAliasOperation(
        delete_alias=models.DeleteAlias(alias_name=collection.name)
    )
    # Both in one request, between which no reader sees the name without a collection.
    client.update_collection_aliases(
        [delete, create] if collection.name in aliases else [create]
    )
    for name in turns.old:
        client.delete_collection(name)


def search(
    client: Any, collection: Collection, queries: NDArray[np.float32], top: int = TOP
) -> Neighbours:
    """The ids and similarities that a client finds for each query."""
    lists = []
    for query in queries:
        found = client.query_points(collection.name, query=query.tolist(), limit=top)
        lists.append([(point.id, point.score) for point in found.points])
    return padded(lists, top)
