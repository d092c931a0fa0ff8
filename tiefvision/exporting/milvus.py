"""Milvus: a folder with a database of Milvus Lite, or a collection of a server."""

import json
import logging
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiefvision.exporting.packages import store_errors
from tiefvision.exporting.parity import TOP, padded
from tiefvision.exporting.records import (
    MANIFEST,
    TEXTS,
    Collection,
    ExportBatch,
    Value,
    require_dimension,
    stored_columns,
    stored_row,
)
from tiefvision.exporting.texts import require_manifest, write_manifest
from tiefvision.exporting.turns import Turns, chunks_of, confirm_count
from tiefvision.extras import import_module_of
from tiefvision.files import is_address, replacing_folder
from tiefvision.index.neighbours import Neighbours

EXTRA = "milvus"

STORE = "milvus.db"
"""Name of Milvus Lite's database in the exported folder."""

TOKEN = "MILVUS_TOKEN"
"""Environment variable with the token of a server; none if it is not set."""

MOST_DIMENSIONS = 32_768
"""Longest vector of Milvus."""

MOST_TEXT_BYTES = 65_535
"""Longest text of Milvus in UTF-8; the facts of an item together have as much room."""

SERVER_INDEX, FOLDER_INDEX = "AUTOINDEX", "FLAT"
"""Index of the vectors. Milvus Lite would build a graph for AUTOINDEX, for which an
export of 20,000 rows of 512 numbers waited three minutes; FLAT compares with all."""


def write_milvus(
    collection: Collection, batches: Iterable[ExportBatch], output: str
) -> None:
    """Write a folder with a database for ``MilvusClient``, or fill a server.

    Args:
        collection: what is exported.
        batches: rows with their vectors.
        output: folder, or address of a server.

    Raises:
        BadUsage: The vectors are longer than Milvus's.
        TiefVisionError: pymilvus is missing, or the server refuses something.
        OSError: The folder cannot be written.
    """
    require_dimension(collection, "Milvus", MOST_DIMENSIONS)
    if is_address(Path(output)):
        with open_milvus(output) as client:
            upload(client, collection, batches, SERVER_INDEX)
        return
    with replacing_folder(Path(output), MANIFEST) as folder:
        with open_milvus(str(folder), output) as client:
            upload(client, collection, batches, FOLDER_INDEX)
        write_manifest(folder, collection, "milvus")


def ask_milvus(
    collection: Collection, where: str, queries: NDArray[np.float32], top: int = TOP
) -> Neighbours:
    """Search an exported folder or a server, by its own index.

    Args:
        collection: what was exported.
        where: folder, or address of a server.
        queries: embeddings of unit length, (Q, D) float32.
        top: number of rows to find.

    Raises:
        TiefVisionError: pymilvus is missing, or the store cannot be asked.
    """
    if not is_address(Path(where)):
        require_manifest(Path(where))
    with open_milvus(where) as client:
        client.load_collection(collection.name)
        found = client.search(collection.name, data=queries.tolist(), limit=top)
        return padded(
            ([(hit["id"], hit["distance"]) for hit in one] for one in found), top
        )


@contextmanager
def open_milvus(where: str, told: str = "") -> Iterator[Any]:
    """A client of an exported folder or of a server, closed at the end.

    Args:
        where: folder, or address of a server.
        told: what a message calls it, if not ``where``.

    Raises:
        TiefVisionError: pymilvus is missing, or the store failed.
    """
    module = import_module_of(EXTRA, "pymilvus")
    logging.getLogger("pymilvus").setLevel(logging.CRITICAL)  # the error says it
    is_server = is_address(Path(where))
    path = str(Path(where) / STORE)
    with store_errors("Milvus", told or where, module.MilvusException):
        if is_server:
            client = module.MilvusClient(where, token=os.environ.get(TOKEN, ""))
        else:
            import_module_of(EXTRA, "milvus_lite")
            client = module.MilvusClient(path)
        try:
            yield client
        finally:
            client.close()
            if not is_server:
                # Its server, a thread, would hold the files until this process ends.
                lite = import_module_of(EXTRA, "milvus_lite.server_manager")
                lite.server_manager_instance.release_server(path)


def upload(
    client: Any,
    collection: Collection,
    batches: Iterable[ExportBatch],
    index: str = SERVER_INDEX,
) -> None:
    """Fill a new collection and let the name, an alias, lead to it.

    Raises:
        BadUsage: A collection has the name that was not exported.
    """
    turns = Turns(collection.name, client.list_collections(), "Milvus")
    _create(client, turns.new, collection.dimension, index)
    count = 0
    for rows, vectors in chunks_of(batches):
        entities = [
            {
                **stored_row(row),
                "columns": _fitting(stored_columns(row, collection.columns)),
                "vector": vector,
            }
            for row, vector in zip(rows, vectors.tolist(), strict=True)
        ]
        count += client.insert(turns.new, entities)["insert_count"]
    client.flush(turns.new)
    confirm_count("Milvus", count, collection)
    is_alias = any(
        collection.name in client.list_aliases(collection_name=name)["aliases"]
        for name in turns.old
    )
    lead = client.alter_alias if is_alias else client.create_alias
    lead(collection_name=turns.new, alias=collection.name)
    for name in turns.old:
        client.drop_collection(name)


def _create(client: Any, name: str, dimension: int, index: str) -> None:
    types = import_module_of(EXTRA, "pymilvus").DataType
    schema = client.create_schema(auto_id=False, enable_dynamic_field=False)
    schema.add_field("id", types.INT64, is_primary=True)
    for field in TEXTS:
        schema.add_field(field, types.VARCHAR, max_length=MOST_TEXT_BYTES)
    schema.add_field("box", types.JSON, nullable=True)
    schema.add_field("columns", types.JSON)
    schema.add_field("vector", types.FLOAT_VECTOR, dim=dimension)
    indexes = client.prepare_index_params()
    indexes.add_index("vector", index_type=index, metric_type="COSINE")
    client.create_collection(name, schema=schema, index_params=indexes)


def _fitting(columns: Mapping[str, Value]) -> dict[str, Value]:
    """The facts of an item, with long texts cut where together they have no room."""
    if len(json.dumps(columns)) <= MOST_TEXT_BYTES:
        return dict(columns)
    each = MOST_TEXT_BYTES // 12 // len(columns)  # JSON writes 👗 with twelve bytes
    return {
        name: value[:each] if isinstance(value, str) else value
        for name, value in columns.items()
    }
