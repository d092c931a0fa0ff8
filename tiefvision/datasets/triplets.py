"""Reads and writes triplets.csv, judged triplets of photographs.

The header is query,positive,negative; each further line is a triplet of paths.
"""

import csv
import io
from collections.abc import Collection, Sequence
from pathlib import Path

from tiefvision.datasets.files import TRIPLETS, path_hint
from tiefvision.datasets.problems import Problem
from tiefvision.datasets.tables import Row, read_rows
from tiefvision.errors import BadDataset
from tiefvision.files import replace_text
from tiefvision.records import Triplet

COLUMNS = ("query", "positive", "negative")


def read_triplets(
    file: Path, paths: Collection[str]
) -> tuple[tuple[Triplet, ...], tuple[Problem, ...]]:
    """Reads the triplets whose photographs are all in the dataset.

    Args:
        file: The CSV file in UTF-8, with or without byte order mark; it may be missing.
        paths: Paths of the dataset's photographs.

    Returns:
        The usable triplets in the order of the file, and a problem for each other line.

    Raises:
        BadDataset: The file cannot be read, or has another header.
    """
    if not file.exists():
        return (), ()
    known = frozenset(paths)
    triplets: list[Triplet] = []
    problems: list[Problem] = []
    rows = read_rows(file, lambda row: not _unusable(row, known))
    _check_header(file, next(rows, (1, [])))
    for line, row in rows:
        if isinstance(row, str):
            fault = row
        elif not row:
            continue
        else:
            fault = _unusable(row, known)
        if fault:
            message = f"{file}, line {line}{fault}"
            problems.append(Problem("skipped triplet", message))
        else:
            triplets.append(Triplet(*row))
    return tuple(triplets), tuple(problems)


def write_triplets(root: Path, triplets: Sequence[Triplet]) -> None:
    """Writes ``root/triplets.csv`` in the given order, atomically.

    Args:
        root: The dataset's folder.
        triplets: Triplets of paths relative to ``images``.
    """
    replace_text(root / TRIPLETS, triplets_text(triplets))


def triplets_text(triplets: Sequence[Triplet]) -> str:
    """The content of a triplets.csv, in the given order."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows((t.query, t.positive, t.negative) for t in triplets)
    return text.getvalue()


def _check_header(file: Path, first: Row) -> None:
    _, header = first
    if isinstance(header, str):
        raise BadDataset(f"{file}, line 1{header} Expected {','.join(COLUMNS)}.")
    if tuple(header) != COLUMNS:
        found = ",".join(header) or "nothing"
        raise BadDataset(
            f"{file}, line 1: the header is {found}, expected {','.join(COLUMNS)}."
        )


def _unusable(row: list[str], known: frozenset[str]) -> str:
    """Why the cells are no triplet that can be used; "" if they are.

    The reason continues the number of the line.
    """
    if len(row) > len(COLUMNS):
        extra = len(COLUMNS) + 1
        names = ",".join(COLUMNS)
        cell = f"{row[extra - 1]!r} is one too many, expected {names}."
        return f", column {extra}: {cell}"
    cells = row + [""] * (len(COLUMNS) - len(row))
    for number, (name, path) in enumerate(zip(COLUMNS, cells, strict=True), start=1):
        if not path:
            return f", column {number}: {name} is missing."
        if path not in known:
            fault = f": {name} {path!r} is not a photograph of the dataset."
            return f"{fault} {path_hint(path)}".rstrip()
    query, positive, negative = cells
    if negative in (query, positive):
        return f": negative {negative!r} is also the query or the positive."
    return ""
