"""PostgreSQL with the extension pgvector: a file of SQL for psql.

Source: https://github.com/pgvector/pgvector (loading by COPY, then the index; limits of
dimensions; ``halfvec`` from version 0.7).
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiefvision.exporting.packages import store_errors
from tiefvision.exporting.parity import TOP, padded
from tiefvision.exporting.records import (
    TEXTS,
    Collection,
    ExportBatch,
    field_names,
    flat_row,
    require_dimension,
)
from tiefvision.exporting.texts import vector_text
from tiefvision.extras import import_module_of
from tiefvision.files import replacing
from tiefvision.index.neighbours import Neighbours
from tiefvision.version import __version__

EXTRA = "pgvector"

MOST_DIMENSIONS = 16_000
"""Longest vector of pgvector."""

MOST_INDEXED, MOST_INDEXED_AS_HALVES = 2_000, 4_000
"""Longest vector in an HNSW index of pgvector, in single and in half precision."""

EFFORT = 200
"""Candidates of HNSW in a check, as many as our own index has; pgvector has 40."""

_TYPES = {"text": "text", "number": "double precision"}

_MARK = "Exported by TiefVision"
"""How the comment begins that marks a table as one that may be replaced."""

_ESCAPES = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})
"""What COPY in text format wants escaped."""


def write_pgvector(
    collection: Collection, batches: Iterable[ExportBatch], output: str
) -> None:
    """Write a file that makes a table with its indexes, in one transaction.

    A table of this name is replaced at the end of the transaction if it was exported,
    too; else the file stops with an error and changes nothing.

    Raises:
        BadUsage: The vectors are longer than pgvector's.
        OSError: The file cannot be written.
    """
    require_dimension(collection, "pgvector", MOST_DIMENSIONS)
    names = field_names(collection.columns)
    fields = _fields(collection, names)
    with replacing(Path(output)) as opened:
        opened.write(_before(collection, fields).encode())
        for batch in batches:
            for row, vector in zip(batch.rows, batch.vectors, strict=True):
                values = flat_row(row, collection.columns, names)
                values["vector"] = vector_text(vector)
                line = "\t".join(_copied(values[field]) for field in fields)
                opened.write(f"{line}\n".encode())
        opened.write(_after(collection).encode())


def ask_pgvector(
    collection: Collection, where: str, queries: NDArray[np.float32], top: int = TOP
) -> Neighbours:
    """Search a table that the file made.

    Args:
        collection: what was exported.
        where: connection string of the database, such as "dbname=shop".
        queries: embeddings of unit length, (Q, D) float32.
        top: number of rows to find.

    Raises:
        TiefVisionError: psycopg is missing, or the database cannot be asked.
    """
    psycopg = import_module_of(EXTRA, "psycopg")
    search = (
        f'SELECT id, 1 - ("vector" <=> %(query)s::vector) FROM "{collection.name}" '
        f'ORDER BY "vector" <=> %(query)s::vector LIMIT {int(top)}'
    )
    with (
        store_errors("PostgreSQL", where, psycopg.Error),
        psycopg.connect(where) as connection,
    ):
        connection.execute(f"SET hnsw.ef_search = {max(EFFORT, top)}")
        texts = map(vector_text, queries)
        return padded(
            (connection.execute(search, {"query": one}).fetchall() for one in texts),
            top,
        )


def _fields(collection: Collection, names: Mapping[str, str]) -> dict[str, str]:
    """The table's fields with their types."""
    return {
        "id": "bigint PRIMARY KEY",
        **dict.fromkeys(TEXTS, "text NOT NULL"),
        "box": "double precision[]",
        **{names[name]: _TYPES[kind] for name, kind in collection.columns.items()},
        "vector": f"vector({collection.dimension}) NOT NULL",
    }


def _before(collection: Collection, fields: Mapping[str, str]) -> str:
    """The statements before the rows; the name of a collection needs no escapes."""
    name = collection.name
    listed = ",\n".join(f"  {_quoted(field)} {kind}" for field, kind in fields.items())
    return rf"""-- {_MARK} {__version__}, ranker {collection.ranker}
-- Load it with: psql DATABASE -f FILE
\set ON_ERROR_STOP on
SET client_encoding = 'UTF8';
SET client_min_messages = warning;
BEGIN;
CREATE EXTENSION IF NOT EXISTS vector;
DO $$ BEGIN
  IF to_regclass('{name}') IS NOT NULL
    AND coalesce(obj_description(to_regclass('{name}'), 'pg_class'), '')
      NOT LIKE '{_MARK}%' THEN
    RAISE EXCEPTION 'The table {name} exists and was not exported by TiefVision. '
      'Rename it, or export under another name.';
  END IF;
END $$;
CREATE TABLE "{name}__new" (
{listed}
);
COPY "{name}__new" ({", ".join(map(_quoted, fields))}) FROM stdin;
"""


def _after(collection: Collection) -> str:
    """The statements behind the rows: indexes, and the exchange of the tables."""
    name = collection.name
    return rf"""\.
{_index(collection)}
CREATE INDEX ON "{name}__new" (item);
COMMENT ON TABLE "{name}__new" IS '{_MARK} {__version__}, ranker {collection.ranker}';
DROP TABLE IF EXISTS "{name}";
ALTER TABLE "{name}__new" RENAME TO "{name}";
COMMIT;
ANALYZE "{name}";
"""


def _index(collection: Collection) -> str:
    """The HNSW index of the vectors; longer ones are compared without an index."""
    table = f'"{collection.name}__new"'
    if collection.dimension <= MOST_INDEXED:
        return f'CREATE INDEX ON {table} USING hnsw ("vector" vector_cosine_ops);'
    if collection.dimension <= MOST_INDEXED_AS_HALVES:
        return (
            f"CREATE INDEX ON {table} USING hnsw "
            f'(("vector"::halfvec({collection.dimension})) halfvec_cosine_ops);'
        )
    return f"-- pgvector indexes at most {MOST_INDEXED_AS_HALVES} dimensions: no index."


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _copied(value: Any) -> str:
    """A value as COPY in text format reads it."""
    if value is None:
        return r"\N"
    if isinstance(value, list):
        return "{" + ",".join(map(repr, value)) + "}"
    return value.translate(_ESCAPES) if isinstance(value, str) else repr(value)
