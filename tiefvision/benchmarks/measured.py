"""A row of the bench."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

Unit = Literal["GFLOP/s", "GB/s", "photographs/s", "triplets/s"]


@dataclass(frozen=True)
class Measured:
    """One work, what it took, and what that is compared with.

    Attributes:
        work: What was done.
        dtype: Of the arithmetic; "" where there is none to speak of.
        seconds: Median of the rounds, of the work once.
        rate: In ``unit``.
        unit: A multiplication and an addition are two floating-point operations.
        share: Of the rate that is the limit of this work, measured in turns with it.
        over_torchvision: How many times as fast as plain torchvision in a loop:
            float32, photograph by photograph, contiguous, nothing fused.
        over_naive: How many times as fast as the naive way, which ``note`` names.
        note: What else must be known.
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
        """As JSON shows it."""
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
    """As a table shows it, in the order of ``COLUMNS``."""
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
