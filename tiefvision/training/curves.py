"""Learning curves, written to disk after every epoch.

The table is rewritten after each epoch from the whole history in the snapshot. If a run
is killed and continued, the table therefore has every epoch exactly once.
"""

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tiefvision.files import replace_text
from tiefvision.training.loop import Figures, Memory, Schedule, Snapshot

RATE = "learning_rate"
"""Column with the learning rate of the epoch's first step; empty for epoch 0, the
validation before training."""

Show = Callable[[Sequence[Figures]], None]
"""Function that writes out the figures of all finished epochs."""


@dataclass(frozen=True)
class ShowingMemory:
    """A memory that also passes the history of every snapshot to a function.

    Attributes:
        memory: memory that stores the snapshots.
        show: function that writes out the history.
    """

    memory: Memory
    show: Show

    def recall(self) -> Snapshot | None:
        """The last snapshot, after its history was written out; None if none."""
        snapshot = self.memory.recall()
        if snapshot:
            # The run may have been killed between storing and writing out.
            self.show(snapshot.history)
        return snapshot

    def remember(self, snapshot: Snapshot) -> None:
        """Replace the stored snapshot, then write out its history."""
        self.memory.remember(snapshot)
        self.show(snapshot.history)


@contextmanager
def growing_curves(
    table: Path, scalars: Path, schedule: Schedule, steps: int
) -> Iterator[Show]:
    """Open the writers of learning curves and close them at the end of the block.

    Args:
        table: path of the CSV table.
        scalars: folder of TensorBoard's event files, written if TensorBoard is
            installed; event files of an earlier run are deleted.
        schedule: schedule of the training, from which learning rates are computed.
        steps: batches per epoch.

    Yields:
        A function that writes a history to the table and to TensorBoard.
    """
    writer = _open_scalars(scalars)
    shown = 0

    def show(history: Sequence[Figures]) -> None:
        nonlocal shown
        rows = with_rates(history, schedule, steps)
        replace_text(table, curves_table(rows))
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
    """Add the learning rate of each epoch's first step to a history.

    Args:
        history: figures of all epochs, with "epoch" from 0.
        schedule: schedule of the training.
        steps: batches per epoch.

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
    """Format figures as CSV with one line per epoch; missing figures are empty cells.

    >>> print(curves_table([{"epoch": 0.0}, {"epoch": 1.0, "loss": 0.5}]), end="")
    epoch,loss
    0,
    1,0.5
    """
    # Epoch 0 has figures of validation only; the last epoch sets the column order.
    columns = dict.fromkeys(name for row in reversed(rows) for name in row)
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(columns), lineterminator="\n")
    writer.writeheader()
    writer.writerows({**row, "epoch": round(row["epoch"])} for row in rows)
    return text.getvalue()


def _open_scalars(folder: Path) -> Any:
    """Open TensorBoard's writer; None if TensorBoard is not installed."""
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
