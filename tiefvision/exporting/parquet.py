"""Parquet: one file of columns, for pandas, DuckDB, Spark and Ray; by pyarrow.

This is the only module that imports pyarrow.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from tiefvision.exporting.parity import Vectors
from tiefvision.exporting.records import (
    TEXTS,
    Collection,
    ExportBatch,
    field_names,
    flat_row,
)
from tiefvision.extras import import_module_of
from tiefvision.files import open_file, replacing

EXTRA = "parquet"

_FIXED: dict[str, type] = {
    "id": int,
    **dict.fromkeys(TEXTS, str),
}

_REPEATED = ["item", "category", "variant"]
"""Columns whose values come again, for which a dictionary saves space."""


def write_parquet(
    collection: Collection, batches: Iterable[ExportBatch], output: str
) -> None:
    """Write a file with a column for each field and further fact.

    ``vector`` is a list of D float32, ``box`` a list of four float64 or null. The
    schema's metadata has the collection as JSON under "tiefvision".

    Raises:
        TiefVisionError: pyarrow is missing.
        OSError: The file cannot be written.
    """
    pyarrow, parquet = _pyarrow()
    names = field_names(collection.columns)
    further = {
        names[column]: str if kind == "text" else float
        for column, kind in collection.columns.items()
    }
    schema = pyarrow.schema(
        [
            *_fields(pyarrow, {**_FIXED, **further}),
            ("box", pyarrow.list_(pyarrow.float64())),
            ("vector", pyarrow.list_(pyarrow.float32(), collection.dimension)),
        ],
        metadata={"tiefvision": json.dumps(collection.manifest(), ensure_ascii=False)},
    )
    with (
        replacing(Path(output)) as opened,
        parquet.ParquetWriter(opened, schema, use_dictionary=_REPEATED) as writer,
    ):
        for batch in batches:
            rows = [flat_row(row, collection.columns, names) for row in batch.rows]
            vectors = pyarrow.FixedSizeListArray.from_arrays(
                pyarrow.array(batch.vectors.ravel()), collection.dimension
            )
            arrays = [
                vectors
                if field.name == "vector"
                else pyarrow.array([row[field.name] for row in rows], field.type)
                for field in schema
            ]
            writer.write_batch(pyarrow.record_batch(arrays, schema=schema))


def read_parquet(file: Path) -> Iterator[Vectors]:
    """The ids and vectors of an exported file, in batches."""
    _, parquet = _pyarrow()
    with parquet.ParquetFile(file) as opened:
        for batch in opened.iter_batches(columns=["id", "vector"]):
            ids = batch.column("id").to_numpy()
            vectors = batch.column("vector").flatten().to_numpy(zero_copy_only=False)
            yield ids, vectors.reshape(len(ids), -1)


@dataclass(frozen=True, eq=False)
class NamedVectors:
    """A batch of vectors with their names.

    Attributes:
        photos: path of the photograph of each row, n; "" where it is not told.
        items: item of each row, n; "" where it is not told.
        vectors: (n, D) of any floating dtype.
    """

    photos: list[str]
    items: list[str]
    vectors: NDArray[Any]


def read_named_vectors(file: Path) -> Iterator[NamedVectors]:
    """The columns "vector", and "photo", "item" or both, of a file of anybody.

    Raises:
        TiefVisionError: pyarrow is missing.
        ValueError: The file is none of Parquet's, it is damaged, lacks a column, or its
            vectors have several lengths.
        OSError: The file cannot be read.
    """
    _, parquet = _pyarrow()
    compute = import_module_of(EXTRA, "pyarrow.compute")
    with open_file(file) as opened, _readable():
        source = parquet.ParquetFile(opened)
        there = source.schema_arrow.names
        names = [name for name in ("photo", "item") if name in there]
        if "vector" not in there or not names:
            raise ValueError(
                f"it has the columns {', '.join(there)}, and needs vector, and photo "
                "or item"
            )
        for batch in source.iter_batches(columns=[*names, "vector"]):
            told = {name: _texts(batch.column(name)) for name in names}
            vectors, count = batch.column("vector"), len(batch)
            lengths = set(compute.list_value_length(vectors).to_pylist())
            if len(lengths) > 1 or None in lengths:
                raise ValueError("its vectors have several lengths")
            numbers = vectors.flatten().to_numpy(zero_copy_only=False)
            empty = [""] * count
            yield NamedVectors(
                told.get("photo", empty),
                told.get("item", empty),
                numbers.reshape(count, -1),
            )


def _texts(column: Any) -> list[str]:
    return [str(one) if one is not None else "" for one in column.to_pylist()]


def write_table(
    file: Path,
    columns: Mapping[str, type],
    groups: Iterable[Sequence[Sequence[str | int | float]]],
) -> None:
    """Write a table without vectors.

    Args:
        file: path of the file.
        columns: names of the columns with ``str``, ``int`` or ``float``.
        groups: groups of rows, each with the values of every column.

    Raises:
        TiefVisionError: pyarrow is missing.
        OSError: The file cannot be written.
    """
    pyarrow, parquet = _pyarrow()
    schema = pyarrow.schema(_fields(pyarrow, columns))
    with replacing(file) as opened, parquet.ParquetWriter(opened, schema) as writer:
        for group in groups:
            arrays = [
                pyarrow.array(values, field.type)
                for values, field in zip(group, schema, strict=True)
            ]
            writer.write_batch(pyarrow.record_batch(arrays, schema=schema))


def read_table(file: Path) -> Iterator[dict[str, Any]]:
    """The rows of a table, each a value by column.

    Raises:
        TiefVisionError: pyarrow is missing.
        ValueError: The file is none of Parquet's, or it is damaged.
        OSError: The file cannot be read.
    """
    _, parquet = _pyarrow()
    with open_file(file) as opened, _readable():
        for batch in parquet.ParquetFile(opened).iter_batches():
            yield from batch.to_pylist()


@contextmanager
def _readable() -> Iterator[None]:
    """Turn what pyarrow raises for a damaged file into ``ValueError``."""
    pyarrow, _ = _pyarrow()
    try:
        yield
    except (pyarrow.ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise ValueError(str(error)) from error


def _pyarrow() -> tuple[Any, Any]:
    """pyarrow and its part for Parquet."""
    return (
        import_module_of(EXTRA, "pyarrow"),
        import_module_of(EXTRA, "pyarrow.parquet"),
    )


def _fields(pyarrow: Any, columns: Mapping[str, type]) -> list[tuple[str, Any]]:
    types = {str: pyarrow.string(), int: pyarrow.int64(), float: pyarrow.float64()}
    return [(name, types[kind]) for name, kind in columns.items()]
