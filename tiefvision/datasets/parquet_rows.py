"""Reads Parquet files row by row, without holding a whole file in memory."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tiefvision.errors import BadDataset, reason_of
from tiefvision.extras import import_module_of

EXTRA = "parquet"
"""The extra of this project that installs pyarrow."""

ROWS_AT_ONCE = 64
"""Rows decoded at a time: photographs of a few hundred kilobytes each."""


def read_parquet_rows(
    file: Path, needed: Sequence[str], wanted: Sequence[str] = ()
) -> Iterator[dict[str, Any]]:
    """The rows of a file, with values of Python's types.

    Args:
        file: The Parquet file.
        needed: Columns that it must have.
        wanted: Columns that are read if it has them.

    Raises:
        BadDataset: The file cannot be read, or lacks a column.
        TiefVisionError: pyarrow is missing.
    """
    pyarrow = import_module_of(EXTRA, "pyarrow")
    parquet = import_module_of(EXTRA, "pyarrow.parquet")
    try:
        with parquet.ParquetFile(file) as opened:
            known = opened.schema_arrow.names
            lacking = [name for name in needed if name not in known]
            if lacking:
                raise BadDataset(
                    f"{file} has no column {', '.join(lacking)}, but "
                    f"{', '.join(known)}."
                )
            columns = [name for name in (*needed, *wanted) if name in known]
            for batch in opened.iter_batches(ROWS_AT_ONCE, columns=columns):
                yield from batch.to_pylist()
    except (pyarrow.ArrowException, OSError) as error:
        raise BadDataset(f"{file} cannot be read: {reason_of(error)}.") from error
