"""A row in the results of a benchmark."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

Unit = Literal["GFLOP/s", "GB/s", "photographs/s", "triplets/s"]
"""Units of rates. A multiplication and an addition count as two operations (FLOP)."""


@dataclass(frozen=True)
class Measured:
    """The measurement of one work, with comparisons where there are any.

    Attributes:
        work: description of what was measured.
        dtype: dtype of the arithmetic; "" if arithmetic does not dominate.
        seconds: time of doing the work once, median over rounds; the shortest round for
            the limits of the machine.
        rate: work per second, in ``unit``.
        unit: unit of the rate.
        share: rate as a share of the limit for this work, which was measured in turns
            with it; None if there is no limit.
        over_torchvision: speed-up over plain torchvision (float32, contiguous, one
            photograph at a time, no fused layers); None if not compared.
        over_naive: speed-up over the naive way, which ``note`` describes; None if not
            compared.
        note: remarks that a reader of the row needs.
    """

    work: str
    dtype: str
    seconds: float
    rate: float
    unit: Unit
    share: float | None = None
    over_torchvision: float | None = None
    over_naive: float | None = None
    note: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The attributes as a dictionary for JSON."""
        return asdict(self)


COLUMNS = (
    "work",
    "dtype",
    "ms",
    "rate",
    "of the limit",
    "over torchvision",
    "over naive",
    "note",
)


def table_row(row: Measured) -> tuple[str, ...]:
    """The cells of a row as text, in the order of ``COLUMNS``."""
    return (
        row.work,
        row.dtype,
        f"{row.seconds * 1000:.1f}",
        f"{row.rate:.1f} {row.unit}",
        "" if row.share is None else f"{row.share:.0%}",
        "" if row.over_torchvision is None else f"{row.over_torchvision:.1f} x",
        "" if row.over_naive is None else f"{row.over_naive:.1f} x",
        row.note,
    )
