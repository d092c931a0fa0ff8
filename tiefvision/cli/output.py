"""What goes to stdout: tables for people, one JSON object a line for programs.

A table fits the terminal: text is folded at words, paths are shortened in the middle,
and no number is ever cut. In a pipe or a file nothing is folded or shortened.
"""

import json
import re
import shutil
import sys
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

import typer

from tiefvision.escaping import escaped, escaped_json
from tiefvision.records import Box

GAP = 2
"""Spaces between two columns."""

LEAST_PATH = 24
"""Cells to which a column of paths may shrink."""

LEAST_TEXT = 16
"""Cells to which a column of text may shrink whose longest word is longer."""

MOST_LISTED = 6
"""Counts by name that stand in one line of a table."""

NUMBER = re.compile(r"[-+]?[\d,]+(\.\d+)?( ?[%x])?|-")
"""A cell that is aligned right; "-" stands for a number that there is not."""


def print_line(record: dict[str, Any]) -> None:
    """One JSON object on a line of its own."""
    text = escaped_json(json.dumps(record, ensure_ascii=False))
    try:
        text.encode(sys.stdout.encoding)
    except UnicodeEncodeError:  # an ASCII terminal
        text = json.dumps(record)
    # flush: a reader at the other end of a pipe sees each photograph when it is done
    print(text, flush=True)  # noqa: T201


def print_table(
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
    whole: Sequence[str] = (),
    dispensable: Sequence[str] = (),
) -> tuple[str, ...]:
    """A table as wide as the terminal, whole where stdout is none.

    Columns of numbers are aligned right. On a terminal that is too narrow for the
    numbers and words of a row, each row becomes a block of "header: cell" lines.

    Args:
        columns: headers; no header line is printed if all are empty.
        rows: cells of each row; a path is shortened on a terminal, a tuple has a line
            for each of its elements.
        whole: headers of columns that are never folded, such as names to be copied.
        dispensable: headers of columns that are left out, one after the other, where a
            row would not fit otherwise.

    Returns:
        Headers of the columns that were left out.
    """
    width = terminal_width()
    for count in range(len(dispensable) + 1):
        left_out = tuple(dispensable[:count])
        kept = [n for n, header in enumerate(columns) if header not in left_out]
        headers = [columns[number] for number in kept]
        cells = [[row[number] for number in kept] for row in rows]
        texts = [[_cell_text(cell) for cell in row] for row in cells]
        widths = _widths_within(width, headers, cells, texts, whole)
        if widths:
            for text, row in zip(texts, cells, strict=True):
                for number, cell in enumerate(row):
                    if isinstance(cell, PurePath):
                        text[number] = shorten_path(text[number], widths[number])
            _print_columns(headers, texts, widths)
            return left_out
    _print_blocks(columns, [[_cell_text(cell) for cell in row] for row in rows])
    return ()


def _widths_within(
    width: int,
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
    texts: Sequence[Sequence[str]],
    whole: Sequence[str],
) -> list[int] | None:
    """Widths of the columns of a table; None if a row does not fit.

    Args:
        width: columns of the terminal; 0 for any number.
        columns: headers.
        rows: cells of each row.
        texts: the same as text.
        whole: headers of columns that are never folded.
    """
    table = list(zip(columns, *texts, strict=True))
    natural = [max(map(_cells, column)) for column in table]
    room = width - GAP * (len(natural) - 1)
    if not width or sum(natural) <= room:
        return natural
    paths = [
        any(isinstance(row[number], PurePath) for row in rows)
        for number in range(len(columns))
    ]
    least = []
    for column, size, is_path in zip(table, natural, paths, strict=True):
        short = LEAST_PATH if is_path else _least_width(column)
        least.append(size if column[0] in whole else short)
    return fitted_widths(natural, least, paths, room)


def fitted_widths(
    natural: Sequence[int], least: Sequence[int], first: Sequence[bool], room: int
) -> list[int] | None:
    """Widths of columns that together fit.

    Args:
        natural: cells that each column would like.
        least: cells that each column needs.
        first: whether a column gives way before the others, such as one of paths.
        room: cells for all columns, without the gaps.

    Returns:
        The widths; None if there is no room for what the columns need.
    """
    widths = [max(pair) for pair in zip(natural, least, strict=True)]
    widths = [min(pair) for pair in zip(widths, natural, strict=True)]
    while sum(widths) > room:
        free = [n for n, width in enumerate(widths) if width > least[n]]
        chosen = [n for n in free if first[n]] or free
        if not chosen:
            return None
        widths[max(chosen, key=lambda n: widths[n])] -= 1
    return widths


def print_text(text: str) -> None:
    """A sentence, folded at words on a terminal."""
    width = terminal_width()
    text = escaped(text)
    typer.echo("\n".join(textwrap.wrap(text, width) if width else [text]))


def print_unfolded(text: str) -> None:
    """A line as it is, however long."""
    typer.echo(escaped(text))


def print_pictures(sequence: str) -> None:
    """What a terminal draws as pictures, and a new line; not to be used in a pipe."""
    typer.echo(sequence)


def terminal_width() -> int:
    """Columns of the terminal that stdout is; 0 where it is none."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else 0


def path_text(path: PurePath | str, beside: int = 0) -> str:
    """A path in a line of text: shortened on a terminal, whole elsewhere.

    Args:
        path: the path.
        beside: cells that the rest of the line takes.
    """
    width = terminal_width()
    room = max(width - beside, LEAST_PATH) if width else 0
    return shorten_path(escaped(str(path)), room)


def shorten_path(text: str, width: int) -> str:
    """Replace the middle of a path by "…", keeping the name of the file if it fits.

    Args:
        text: the path.
        width: cells of the terminal that the result may take; 0 for any number.
    """
    from rich.cells import cell_len

    if not width or cell_len(text) <= width:
        return text
    room = width - 1  # beside "…"
    separator = max(text.rfind("/"), text.rfind("\\"))
    name = cell_len(text[separator:])
    tail = name if separator > 0 and name <= room else room - room // 3
    head = room - tail
    start, end = len(text), 0
    while cell_len(text[:start]) > head:
        start -= 1
    while cell_len(text[end:]) > tail:
        end += 1
    return f"{text[:start]}…{text[end:]}"


def _print_columns(
    columns: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[int]
) -> None:
    # Imported here: rich takes a tenth of a second, which refusals and JSON save.
    from rich.console import Console
    from rich.table import Table

    table = Table(
        box=None, pad_edge=False, header_style="bold", show_header=any(columns)
    )
    for number, (header, width) in enumerate(zip(columns, widths, strict=True)):
        numbers = _holds_numbers([row[number] for row in rows])
        table.add_column(
            header,
            width=width,
            justify="right" if numbers else "left",
            overflow="fold",
        )
    for row in rows:
        table.add_row(*row)
    room = sum(widths) + GAP * (len(widths) - 1)
    console = Console(highlight=False, markup=False, emoji=False, width=room)
    with console.capture() as captured:
        console.print(table)
    # The last column is not filled up with spaces.
    typer.echo("\n".join(line.rstrip() for line in captured.get().splitlines()))


def _print_blocks(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Rows one below the other, each cell behind its header."""
    for number, row in enumerate(rows):
        if number:
            typer.echo()
        for header, cell in zip(columns, row, strict=True):
            if cell:
                typer.echo(f"{header}: {cell}" if header else cell)


def _cell_text(cell: Any) -> str:
    """What stands in a cell: lines of a tuple, else one line."""
    lines = cell if isinstance(cell, tuple) else (cell,)
    return "\n".join(escaped(str(line)) for line in lines)


def _least_width(column: Sequence[str]) -> int:
    """Cells below which a number would be cut or a word folded."""
    header, *cells = column
    if _holds_numbers(cells):
        return max(_longest_word(header), *(_cells(cell) for cell in cells))
    return max(
        _longest_word(header),
        min(LEAST_TEXT, max((_longest_word(cell) for cell in cells), default=0)),
    )


def _holds_numbers(cells: Sequence[str]) -> bool:
    given = [cell for cell in cells if cell]
    return bool(given) and all(NUMBER.fullmatch(cell) for cell in given)


def _longest_word(text: str) -> int:
    return max((_cells(word) for word in text.split()), default=0)


def _cells(text: str) -> int:
    """Cells of the terminal that the widest line of a text takes."""
    from rich.cells import cell_len

    return max((cell_len(line) for line in text.split("\n")), default=0)


def figure_text(value: Any) -> str:
    """A figure of a report as a table shows it.

    Lists are counted, an interval stands behind its value, counts by name are listed.
    """
    if isinstance(value, Mapping):
        if {"value", "low", "high"} == set(value):
            low, high = value["low"], value["high"]
            return f"{value['value']:.3f} [{low:.3f}, {high:.3f}]"
        listed = [f"{figure_text(one)} {name}" for name, one in value.items()]
        if len(listed) > MOST_LISTED:
            listed[MOST_LISTED - 1 :] = [f"{len(listed) - MOST_LISTED + 1} more"]
        return ", ".join(listed) or "none"
    if isinstance(value, list | tuple):
        return str(len(value))
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def box_text(box: Box | None) -> str:
    """A box as a table shows it."""
    return "whole photograph" if box is None else ", ".join(f"{v:.0f}" for v in box)
