"""The curves of a training, on disk as they grow.

Each epoch the table is written anew from the history that training remembers. A run
that was killed and goes on therefore tells no epoch twice, and none that it forgot.
"""

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tiefvision.files import replace_file
from tiefvision.training.loop import Figures, Memory, Schedule, Snapshot

RATE = "learning_rate"
"""A column: the rate of an epoch's first step; none before training."""

Show = Callable[[Sequence[Figures]], None]
"""Shows the figures of all epochs finished so far."""


@dataclass(frozen=True)
class ShowingMemory:
    """A memory that shows the history whenever it is recalled or has grown.

    Attributes:
        memory: Which remembers.
        show: Shows.
    """

    memory: Memory
    show: Show

    def recall(self) -> Snapshot | None:
        """The last snapshot of the memory."""
        snapshot = self.memory.recall()
        if snapshot:
            # A run may have been killed after it remembered and before it showed.
            self.show(snapshot.history)
        return snapshot

    def remember(self, snapshot: Snapshot) -> None:
        """Replace the last snapshot, then show its history."""
        self.memory.remember(snapshot)
        self.show(snapshot.history)


@contextmanager
def growing_curves(
    table: Path, scalars: Path, schedule: Schedule, steps: int
) -> Iterator[Show]:
    """What shows a history as a table, and to TensorBoard where it is installed.

    Args:
        table: The CSV file.
        scalars: Folder of TensorBoard's files; those of an earlier run are replaced.
        schedule: Tells the rates.
        steps: Batches of an epoch.
    """
    writer = _open_scalars(scalars)
    shown = 0

    def show(history: Sequence[Figures]) -> None:
        nonlocal shown
        rows = with_rates(history, schedule, steps)
        replace_file(table, curves_table(rows).encode())
        if writer is not None:
            for row in rows[shown:]:
                _add(writer, row)
            writer.flush()
        shown = len(rows)

    try:
        yield show
    finally:
        if writer is not None:
            writer.close()


def with_rates(
    history: Sequence[Figures], schedule: Schedule, steps: int
) -> list[Figures]:
    """A history with the learning rate of each epoch's first step.

    >>> history = [{"epoch": 0.0}, {"epoch": 1.0, "loss": 3.0}]
    >>> with_rates(history, Schedule(1, 0.5, warm_up=0.0), steps=4)[1]
    {'epoch': 1.0, 'learning_rate': 0.25, 'loss': 3.0}
    """
    rows = []
    for row in history:
        step = round(row["epoch"] - 1) * steps
        rate = schedule.rate(step, schedule.epochs * steps)
        rows.append(
            {"epoch": row["epoch"], **({RATE: rate} if step >= 0 else {}), **row}
        )
    return rows


def curves_table(rows: Sequence[Figures]) -> str:
    """Figures as CSV, an epoch a line; a cell stays empty where there is no figure.

    >>> print(curves_table([{"epoch": 0.0}, {"epoch": 1.0, "loss": 0.5}]), end="")
    epoch,loss
    0,
    1,0.5
    """
    # The start has been validated alone; the last epoch has every figure, in order.
    columns = dict.fromkeys(name for row in reversed(rows) for name in row)
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(columns), lineterminator="\n")
    writer.writeheader()
    writer.writerows({**row, "epoch": round(row["epoch"])} for row in rows)
    return text.getvalue()


def _open_scalars(folder: Path) -> Any:
    """TensorBoard's writer, None where it is not installed."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    for file in folder.glob("events.out.tfevents.*"):
        file.unlink()
    return SummaryWriter(str(folder))


def _add(writer: Any, row: Figures) -> None:
    for name, value in row.items():
        if name != "epoch":
            writer.add_scalar(name, value, round(row["epoch"]))
