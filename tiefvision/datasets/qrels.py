"""Reads qrels: which documents are relevant for which query, and how much.

The files of TREC and of BEIR, one judgement a line:

    query 0 document grade              TREC, separated by spaces or tabs
    query-id  corpus-id  score          BEIR, separated by tabs, under this header

Names that hold spaces need tabs. A grade is a number; 0 and less stand for "not
relevant". Sources: trec_eval's README; Thakur et al., BEIR (arXiv:2104.08663).
"""

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from tiefvision.errors import BadDataset, BadUsage, reason_of
from tiefvision.files import read_file, replace_text

Judgements = Mapping[str, Mapping[str, float]]
"""Query to document to grade."""

HEADER = ("query-id", "corpus-id", "score")
"""The header of BEIR."""


def name_of(file: Path) -> str:
    """Name that the figures of a file begin with: the file's, without its ending.

    >>> name_of(Path("qrels/test set.tsv"))
    'test_set'
    """
    return re.sub(r"[^\w.-]+", "_", file.stem)


def read_all_qrels(files: Sequence[Path]) -> dict[str, Judgements]:
    """The judgements of several files by ``name_of``.

    Raises:
        BadUsage: Two files have one name.
        BadDataset: A file cannot be read; the message names the line.
    """
    names = [name_of(file) for file in files]
    for name in names:
        if names.count(name) > 1:
            raise BadUsage(
                f"Two files of judgements are called {name}.",
                "Their figures begin with this name: rename one of them.",
            )
    return {name: read_qrels(file) for name, file in zip(names, files, strict=True)}


def read_qrels(file: Path) -> Judgements:
    """The judgements of a file.

    Args:
        file: Qrels of TREC or BEIR in UTF-8, with or without byte order mark.

    Raises:
        BadDataset: The file cannot be read, judges nothing, or has a line that is no
            judgement or contradicts an earlier one; the message names the line.
    """
    try:
        lines = read_file(file).decode("utf-8-sig").splitlines()
    except (OSError, ValueError) as error:
        raise BadDataset(
            f"{file} holds no judgements ({reason_of(error)}).",
            "Name a file of lines such as: query 0 photograph grade",
        ) from error
    judgements: dict[str, dict[str, float]] = {}
    for number, line in enumerate(lines, start=1):
        cells = _cells(line)
        if not cells or (number == 1 and tuple(cells) == HEADER):
            continue
        query, document, grade = _judgement(file, number, cells)
        known = judgements.setdefault(query, {})
        if known.setdefault(document, grade) != grade:
            raise BadDataset(
                f"{file}, line {number}: {document} has grade {known[document]:g} for "
                f"{query} above, and {grade:g} here."
            )
    if not judgements:
        raise BadDataset(f"{file} judges nothing: it has no line but a header.")
    return judgements


def write_qrels(file: Path, judgements: Judgements) -> None:
    """Writes judgements in the form of BEIR, in the given order, atomically.

    Args:
        file: File to write; its folder is made if missing.
        judgements: Query to document to grade, without tabs in names.
    """
    lines = [
        f"{query}\t{document}\t{grade:g}"
        for query, grades in judgements.items()
        for document, grade in grades.items()
    ]
    replace_text(file, "\n".join(["\t".join(HEADER), *lines]) + "\n")


def _cells(line: str) -> list[str]:
    cells = line.split("\t") if "\t" in line else line.split()
    return [cell.strip() for cell in cells] if line.strip() else []


def _judgement(file: Path, number: int, cells: Sequence[str]) -> tuple[str, str, float]:
    """Query, document and grade of a line."""
    if len(cells) == 4:
        cells = [cells[0], *cells[2:]]  # The second column of TREC is not used.
    if len(cells) != 3 or not all(cells):
        raise BadDataset(
            f"{file}, line {number}: expected query, document and grade, or query, 0, "
            f"document and grade, found {len(cells)} columns.",
            "Separate them by tabs where names hold spaces.",
        )
    try:
        grade = float(cells[2])
    except ValueError:
        grade = math.nan
    if not math.isfinite(grade):
        raise BadDataset(f"{file}, line {number}: the grade {cells[2]!r} is no number.")
    return cells[0], cells[1], grade
