"""OpenSearch: the mapping of an index, and files for its bulk interface.

Sources, of https://docs.opensearch.org/latest/: mappings/supported-field-types/
knn-vector, knn-methods-engines and knn-spaces; api-reference/document-apis/bulk.
"""

import json
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from tiefvision.exporting.parity import Vectors
from tiefvision.exporting.records import (
    MANIFEST,
    TEXTS,
    Collection,
    ExportBatch,
    ExportRow,
    field_names,
    require_dimension,
    stored_row,
    stored_value,
)
from tiefvision.exporting.texts import (
    json_line,
    read_json_lines,
    require_manifest,
    vector_text,
    write_manifest,
)
from tiefvision.files import replace_file, replacing, replacing_folder

MAPPING = "index.json"
"""Name of the file with the body of the request that makes the index."""

BULK_BYTES = 8 << 20
"""Most bytes of a bulk file, unless one row is larger. A server takes 100 MiB by
default (``http.max_content_length``), the smallest ones of a cloud 10 MB, and requests
of 5 to 15 MB are advised."""

MOST_DIMENSIONS = 16_000
"""Longest vector of a ``knn_vector``."""

_LONGEST_KEYWORD = 8191
"""Characters of a searchable text: Lucene takes 32,766 bytes, and a character up to 4.
A longer one is kept and not searched, in place of an error that leaves out the row."""


def write_opensearch(
    collection: Collection, batches: Iterable[ExportBatch], output: str
) -> None:
    """Write a folder with ``index.json`` and ``bulk-00001.ndjson`` and so on.

    Raises:
        BadUsage: The vectors are longer than OpenSearch's.
        OSError: The folder cannot be written.
    """
    require_dimension(collection, "OpenSearch", MOST_DIMENSIONS)
    names = field_names(collection.columns, taken=(), avoided=".")
    with replacing_folder(Path(output), MANIFEST) as folder:
        text = json.dumps(index_body(collection), indent=1, ensure_ascii=False)
        replace_file(folder / MAPPING, f"{text}\n".encode())
        _write_files(folder, _documents(collection, names, batches))
        write_manifest(folder, collection, "opensearch")


def index_body(collection: Collection) -> dict[str, Any]:
    """The body of the request that makes the index.

    The space is the inner product, which for vectors of unit length is the cosine, as
    the space ``cosinesimil`` refuses a row whose vector is zero.
    """
    keyword = {"type": "keyword", "ignore_above": _LONGEST_KEYWORD}
    names = field_names(collection.columns, taken=(), avoided=".")
    further = {
        names[column]: keyword if kind == "text" else {"type": "double"}
        for column, kind in collection.columns.items()
    }
    properties = {
        "id": {"type": "long"},
        **dict.fromkeys(TEXTS, keyword),
        "box": {"type": "float", "index": False},
        "columns": {"properties": further},
        "vector": {
            "type": "knn_vector",
            "dimension": collection.dimension,
            "method": {
                "name": "hnsw",
                "engine": "faiss",
                "space_type": "innerproduct",
            },
        },
    }
    return {
        "settings": {"index": {"knn": True}},
        "mappings": {"dynamic": False, "properties": properties},
    }


def read_opensearch(folder: Path) -> Iterator[Vectors]:
    """The ids and vectors of the bulk files, a batch a file."""
    require_manifest(folder)
    for file in sorted(folder.glob("bulk-*.ndjson")):
        lines = list(read_json_lines(file))
        ids = [int(action["index"]["_id"]) for action in lines[::2]]
        vectors = [document["vector"] for document in lines[1::2]]
        yield np.array(ids, np.int64), np.array(vectors, np.float32)


def _documents(
    collection: Collection, names: dict[str, str], batches: Iterable[ExportBatch]
) -> Iterator[bytes]:
    """Two lines for each row: the action, and the document."""
    for batch in batches:
        for row, vector in zip(batch.rows, batch.vectors, strict=True):
            action = json_line({"index": {"_id": str(row.id)}})
            document = json_line(_document(row, collection, names))
            ending = f', "vector": {vector_text(vector)}}}\n'
            yield action + document.removesuffix(b"}\n") + ending.encode()


def _document(
    row: ExportRow, collection: Collection, names: dict[str, str]
) -> dict[str, Any]:
    facts = row.columns or {}
    columns = {
        names[column]: stored_value(facts.get(column), kind)
        for column, kind in collection.columns.items()
    }
    return {**stored_row(row), "columns": columns}


def _write_files(folder: Path, documents: Iterator[bytes]) -> None:
    """Write documents into files that stay below ``BULK_BYTES``."""
    number, size = 0, BULK_BYTES
    with ExitStack() as stack:
        for document in documents:
            if size + len(document) > BULK_BYTES or not number:
                stack.close()
                number, size = number + 1, 0
                file = folder / f"bulk-{number:05d}.ndjson"
                opened = stack.enter_context(replacing(file))
            opened.write(document)
            size += len(document)
