"""A row in the results of a benchmark, its goal, and rows as tables."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import Any, Literal

Unit = Literal["", "GFLOP/s", "GB/s", "megapixels/s", "photographs/s", "triplets/s"]
"""Units of rates. A multiplication and an addition count as two operations (FLOP)."""

GIGA = 1e9

SEPARATOR = ": "
"""What stands in the name of a work between its heading and its step."""


@dataclass(frozen=True)
class Goal:
    """What a measurement should reach.

    Attributes:
        text: value to reach, with its unit.
        met: whether it was reached.
    """

    text: str
    met: bool


def share_goal(share: float, least: float) -> Goal:
    """The goal that a rate is at least a share of the limit."""
    return Goal(f"{least:.0%}", share >= least)


def time_goal(seconds: float, most: float) -> Goal:
    """The goal that a work takes at most ``most`` seconds."""
    return Goal(f"{most * 1000:.0f} ms", seconds <= most)


@dataclass(frozen=True)
class Measured:
    """The measurement of one work, with comparisons where there are any.

    Attributes:
        work: description of what was measured: a heading, ": ", and the step.
        dtype: number format of the arithmetic; "" if arithmetic does not dominate.
        seconds: time of doing the work once, median over rounds; the shortest round for
            the limits of the machine.
        rate: work per second, in ``unit``; None if the seconds say it all.
        unit: unit of the rate.
        share: rate as a share of the limit for this work, which was measured in turns
            with it; None if there is no limit.
        engine: name of what computes; "" if there is no choice.
        over_eager: speed-up over eager torch, which runs layer by layer, one photograph
            at a time; None if not compared.
        over_crops: speed-up over encoding each crop of a photograph by itself; None if
            not compared.
        goal: goal of the work; None if it has none.
        note: remarks that a reader of the row needs.
    """

    work: str
    dtype: str
    seconds: float
    rate: float | None = None
    unit: Unit = ""
    share: float | None = None
    engine: str = ""
    over_eager: float | None = None
    over_crops: float | None = None
    goal: Goal | None = None
    note: str = ""

    @property
    def heading(self) -> str:
        """What comes before the step in ``work``."""
        return self.work.rpartition(SEPARATOR)[0]

    @property
    def step(self) -> str:
        """What comes behind the heading in ``work``."""
        return self.work.rpartition(SEPARATOR)[2]

    def to_dict(self) -> dict[str, Any]:
        """The attributes as a dictionary for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Table:
    """Rows of one heading as text.

    Attributes:
        heading: heading of the rows.
        columns: headers of the columns, without those that no row fills.
        rows: cells of each row.
        notes: remarks on rows, a sentence each.
    """

    heading: str
    columns: tuple[str, ...]
    rows: list[tuple[str, ...]]
    notes: list[str]


def tables(measured: Sequence[Measured]) -> Iterator[Table]:
    """Rows as tables, one for each run of rows with the same heading."""
    for heading, group in groupby(measured, lambda row: row.heading):
        rows = list(group)
        units = {row.unit for row in rows if row.rate is not None}
        unit = units.pop() if len(units) == 1 else ""
        cells = [_cells(row, unit) for row in rows]
        filled = [name for name in cells[0] if any(row[name] for row in cells)]
        yield Table(
            heading,
            tuple(filled),
            [tuple(row[name] for name in filled) for row in cells],
            [f"{row.step}: {row.note}." for row in rows if row.note],
        )


def _cells(row: Measured, unit: str) -> dict[str, str]:
    """The cells of a row by the headers of their columns.

    Args:
        row: the row.
        unit: unit of all rates in the table, for the header; "" if they differ.
    """
    rate = "" if row.rate is None else f"{row.rate:.1f}"
    return {
        "work": row.step,
        "engine": row.engine,
        "format": row.dtype,
        "ms": f"{row.seconds * 1000:.1f}",
        unit or "rate": rate if unit or not rate else f"{rate} {row.unit}",
        "of limit": "" if row.share is None else f"{row.share:.0%}",
        "over eager": "" if row.over_eager is None else f"{row.over_eager:.1f} x",
        "over crops": "" if row.over_crops is None else f"{row.over_crops:.0f} x",
        "goal": row.goal.text if row.goal else "",
        "met": ("yes" if row.goal.met else "no") if row.goal else "",
    }
