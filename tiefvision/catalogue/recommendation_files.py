"""The tables of recommendations and of probable doubles, as CSV or Parquet."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple
from pathlib import Path
from typing import Any

from tiefvision.catalogue.recommending import DIGITS, Partition, Recommendation, Twins
from tiefvision.errors import BadUsage
from tiefvision.exporting.parquet import read_table, write_table
from tiefvision.exporting.records import stored_text
from tiefvision.files import is_file, open_file, replacing

CSV, PARQUET = ".csv", ".parquet"
"""Ends of names of files."""

LINES: Mapping[str, type] = Recommendation.__annotations__
"""Columns of the table of recommendations."""

TWINS: Mapping[str, type] = Twins.__annotations__
"""Columns of the table of probable doubles."""


def write_recommendations(file: Path, partitions: Iterable[Partition]) -> None:
    """Write the lines of all partitions; the next run reads them again.

    Raises:
        BadUsage: The name of the file ends neither in .csv nor in .parquet.
        TiefVisionError: pyarrow is missing, for Parquet.
        OSError: The file cannot be written.
    """
    _write(file, LINES, (partition.lines for partition in partitions))


def write_twins(file: Path, twins: Sequence[Twins]) -> None:
    """Write pairs of items that are probably one product.

    Raises:
        BadUsage: The name of the file ends neither in .csv nor in .parquet.
        TiefVisionError: pyarrow is missing, for Parquet.
        OSError: The file cannot be written.
    """
    _write(file, TWINS, [[astuple(one) for one in twins]])


def read_recommendations(file: Path) -> list[Recommendation]:
    """The lines of an earlier table; none if there is no such table.

    A table that somebody has changed, so that it cannot be read, is as good as none: it
    is computed anew.

    Raises:
        BadUsage: The name of the file ends neither in .csv nor in .parquet.
        TiefVisionError: pyarrow is missing, for Parquet.
        OSError: The file may not be read.
    """
    suffix = _suffix_of(file)
    if not is_file(file):
        return []
    rows = _read_csv(file) if suffix == CSV else read_table(file)
    try:
        return [
            Recommendation(*(kind(row[name]) for name, kind in LINES.items()))
            for row in rows
        ]
    except (KeyError, ValueError, TypeError, csv.Error):
        return []


def _read_csv(file: Path) -> Iterator[dict[str, Any]]:
    """The rows of a CSV file. Raises csv.Error or ValueError where it is none."""
    with open_file(file) as opened:
        text = io.TextIOWrapper(opened, "utf-8", newline="")
        reader = csv.reader(text, strict=True)
        header = next(reader, [])
        for row in reader:
            yield dict(zip(header, row, strict=True))


def _write(
    file: Path, columns: Mapping[str, type], groups: Iterable[Sequence[tuple[Any, ...]]]
) -> None:
    if _suffix_of(file) == PARQUET:
        write_table(file, columns, (_columns_of(rows) for rows in groups if rows))
        return
    with replacing(file) as opened:
        text = io.TextIOWrapper(opened, "utf-8", "backslashreplace", newline="")
        writer = csv.writer(text)
        writer.writerow(columns)
        for rows in groups:
            writer.writerows(map(_in_csv, row) for row in rows)
        text.detach()  # which writes what is left, and does not close the file


def _columns_of(rows: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    return [
        [stored_text(value) if isinstance(value, str) else value for value in column]
        for column in zip(*rows, strict=True)
    ]


def _in_csv(value: Any) -> Any:
    return f"{value:.{DIGITS}f}" if isinstance(value, float) else value


def _suffix_of(file: Path) -> str:
    suffix = file.suffix.lower()
    if suffix not in (CSV, PARQUET):
        raise BadUsage(
            f"{file} is no name for a table.", "Let it end in .csv or .parquet."
        )
    return suffix
