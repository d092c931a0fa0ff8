"""What goes to stdout: tables for people, one JSON object a line for programs."""

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from tiefvision.records import Box, Garment

WIDE = 10_000
"""Columns of a table that no terminal limits."""


def print_line(record: dict[str, Any]) -> None:
    """One JSON object on a line of its own."""
    text = json.dumps(record, ensure_ascii=False)
    try:
        text.encode(sys.stdout.encoding)
    except UnicodeEncodeError:  # a file name that is not text, or an ASCII terminal
        text = json.dumps(record)
    # flush: a reader at the other end of a pipe sees each photograph when it is done
    print(text, flush=True)  # noqa: T201


def print_table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """A table as wide as the terminal, plain where stdout is not one."""
    table = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*(str(cell) for cell in row))
    # In a pipe or a file nothing is folded: a program that reads it sees whole rows.
    width = None if sys.stdout.isatty() else WIDE
    Console(soft_wrap=False, highlight=False, width=width).print(table, markup=False)


def figure_text(value: Any) -> str:
    """A figure of a report as a table shows it.

    Lists are counted, an interval stands behind its value, counts by name are listed.
    """
    if isinstance(value, Mapping):
        if {"value", "low", "high"} == set(value):
            low, high = value["low"], value["high"]
            return f"{value['value']:.3f} [{low:.3f}, {high:.3f}]"
        listed = (f"{figure_text(one)} {name}" for name, one in value.items())
        return ", ".join(listed) or "none"
    if isinstance(value, list | tuple):
        return str(len(value))
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def rounded_box(box: Box | None) -> list[float] | None:
    """A box as JSON shows it: tenths of a pixel."""
    return [round(value, 1) for value in box] if box else None


def garment_record(garment: Garment) -> dict[str, Any]:
    """A garment as JSON shows it."""
    return {
        "category": garment.category,
        "box": rounded_box(garment.box_in_image),
        "score": round(garment.score, 4),
    }


def box_text(box: Box | None) -> str:
    """A box as a table shows it."""
    return "whole photograph" if box is None else ", ".join(f"{v:.0f}" for v in box)
