"""What goes to stdout: tables for people, one JSON object a line for programs."""

import json
import sys
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from tiefvision.records import Box, Garment


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
        table.add_row(*(_printable(str(cell)) for cell in row))
    Console(soft_wrap=False, highlight=False).print(table, markup=False)


def _printable(text: str) -> str:
    encoding = sys.stdout.encoding
    return text.encode(encoding, "backslashreplace").decode(encoding)


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
