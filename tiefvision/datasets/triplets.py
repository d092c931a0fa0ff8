"""Reads and writes triplets.csv, judged triplets of photographs.

The header is query,positive,negative; each further line is a triplet of paths.
"""

import csv
import io
from collections.abc import Collection, Sequence
from pathlib import Path

from tiefvision.datasets.files import TRIPLETS
from tiefvision.datasets.problems import Problem
from tiefvision.errors import BadDataset, reason_of
from tiefvision.files import read_file, replace_file
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
        BadDataset: A line is no triplet; the message names file, line and column.
    """
    if not file.exists():
        return (), ()
    rows = csv.reader(io.StringIO(_decode(file), newline=""), strict=True)
    triplets, problems, known = [], [], frozenset(paths)
    try:
        _check_header(file, next(rows, []))
        for row in rows:
            if not row:
                continue
            triplet = _parse_row(file, rows.line_num, row)
            fault = _unusable(triplet, known)
            if fault:
                message = f"{file}, line {rows.line_num}: {fault}."
                problems.append(Problem("skipped triplet", message))
            else:
                triplets.append(triplet)
    except csv.Error as error:
        raise BadDataset(f"{file}, line {rows.line_num}: {error}.") from error
    return tuple(triplets), tuple(problems)


def write_triplets(root: Path, triplets: Sequence[Triplet]) -> None:
    """Writes ``root/triplets.csv`` in the given order, atomically.

    Args:
        root: The dataset's folder.
        triplets: Triplets of paths relative to ``images``.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows((t.query, t.positive, t.negative) for t in triplets)
    replace_file(root / TRIPLETS, text.getvalue().encode())


def _decode(file: Path) -> str:
    try:
        content = read_file(file)
    except OSError as error:
        raise BadDataset(f"Cannot read {file}: {reason_of(error)}.") from error
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # The position excludes a byte order mark, which holds no line break.
        line = content[: error.start].count(b"\n") + 1
        raise BadDataset(f"{file}, line {line}: not UTF-8.") from error


def _check_header(file: Path, header: list[str]) -> None:
    if tuple(header) != COLUMNS:
        found = ",".join(header) or "nothing"
        raise BadDataset(
            f"{file}, line 1: the header is {found}, expected {','.join(COLUMNS)}."
        )


def _parse_row(file: Path, line: int, row: list[str]) -> Triplet:
    if len(row) > len(COLUMNS):
        extra = len(COLUMNS) + 1
        raise BadDataset(
            f"{file}, line {line}, column {extra}: {row[extra - 1]!r} is one too many, "
            f"expected {','.join(COLUMNS)}."
        )
    cells = row + [""] * (len(COLUMNS) - len(row))
    for number, (name, cell) in enumerate(zip(COLUMNS, cells, strict=True), start=1):
        if not cell:
            place = f"{file}, line {line}, column {number}"
            raise BadDataset(f"{place}: {name} is missing.")
    return Triplet(*cells)


def _unusable(triplet: Triplet, known: frozenset[str]) -> str:
    """Why a triplet cannot be used; "" if it can."""
    for name, path in zip(
        COLUMNS, (triplet.query, triplet.positive, triplet.negative), strict=True
    ):
        if path not in known:
            return f"{name} {path!r} is not a photograph of the dataset"
    if triplet.negative in (triplet.query, triplet.positive):
        return f"negative {triplet.negative!r} is also the query or the positive"
    return ""
