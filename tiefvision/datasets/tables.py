"""Reads CSV files record by record; a bad one costs no other."""

import csv
import io
from codecs import BOM_UTF8
from collections.abc import Callable, Iterator
from pathlib import Path

from tiefvision.datasets.entries import is_text
from tiefvision.errors import BadDataset
from tiefvision.files import read_file
from tiefvision.storage import os_error_text

Row = tuple[int, list[str] | str]
"""Number of the first line of a record, and its cells; or, as ": ..." behind the
number of the line, what is wrong with it."""


def read_rows(file: Path, accepts: Callable[[list[str]], bool]) -> Iterator[Row]:
    """The records of a CSV file in UTF-8, with or without byte order mark.

    A line that cannot be parsed costs no other one: reading goes on behind it, also
    where a quote is opened and closed many lines later, or never.

    Args:
        file: The file.
        accepts: Whether cells that reach over several lines are what is looked for.

    Raises:
        BadDataset: The file cannot be read.
    """
    try:
        content = read_file(file)
    except OSError as error:
        raise BadDataset(f"Cannot read {os_error_text(error, file)}") from error
    # Bytes that are no UTF-8 become halves of characters, which no path can hold.
    text = content.removeprefix(BOM_UTF8).decode("utf-8", "surrogateescape")
    yield from rows_of(text, accepts)


def rows_of(
    text: str, accepts: Callable[[list[str]], bool], delimiter: str = ","
) -> Iterator[Row]:
    """The records of a text, as ``read_rows`` gives those of a file.

    Args:
        text: The text; a byte that is not UTF-8 is half of a surrogate pair.
        accepts: Whether cells that reach over several lines are what is looked for.
        delimiter: The character between two cells.
    """
    lines = list(io.StringIO(text, newline=""))
    done = 0
    while done < len(lines):
        rest = (lines[i] for i in range(done, len(lines)))
        reader = csv.reader(rest, strict=True, delimiter=delimiter)
        number = done + 1
        try:
            row = next(reader)
        except csv.Error as error:
            done += 1
            yield number, f": {error}."
            continue
        done += reader.line_num if reader.line_num == 1 or accepts(row) else 1
        yield number, row if all(map(is_text, row)) else ": not UTF-8."
