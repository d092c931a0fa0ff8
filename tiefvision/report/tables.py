"""View models of tables."""

from dataclasses import dataclass

MISSING = "—"
"""Text of a cell whose figure is not known."""


@dataclass(frozen=True)
class Whisker:
    """An interval and its value as a small drawing, in units of its width of 96.

    Attributes:
        left: left end of the interval.
        width: width of the interval, at least 1, so that it can be seen.
        value: place of the value.
        zero: whether a mark in the middle stands for 0.
    """

    left: float
    width: float
    value: float
    zero: bool


@dataclass(frozen=True)
class Cell:
    """A cell of a table.

    Attributes:
        text: the figure; "" for an empty cell.
        state: CSS classes, such as "best"; "" for none.
        notes: smaller lines below the figure.
        whisker: a drawing between figure and notes, or None.
        share: strength of the ground's colour, in [0, 1], or None.
        title: what the pointer shows; "" for nothing.
    """

    text: str
    state: str = ""
    notes: tuple[str, ...] = ()
    whisker: Whisker | None = None
    share: float | None = None
    title: str = ""


@dataclass(frozen=True)
class Row:
    """A row of a table.

    Attributes:
        heading: what the row is about.
        cells: one cell a column.
        state: CSS classes, such as "difference" or that of a series; "" for none.
        note: a smaller line below the heading; "" for none.
        swatch: whether the colour of the series stands before the heading.
    """

    heading: str
    cells: tuple[Cell, ...]
    state: str = ""
    note: str = ""
    swatch: bool = False


@dataclass(frozen=True)
class Table:
    """A table under a row of headings.

    Attributes:
        columns: headings, that of the rows' headings first.
        rows: the rows from the top.
        kind: CSS class of the table: "numbers", "confusion", or "" for neither.
    """

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    kind: str = ""
