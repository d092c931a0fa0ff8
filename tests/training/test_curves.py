import csv
import sys
from types import ModuleType

import pytest

from tiefvision.training.curves import (
    ShowingMemory,
    curves_table,
    growing_curves,
    with_rates,
)
from tiefvision.training.loop import Schedule, Snapshot, VolatileMemory

HISTORY = (
    {"epoch": 0.0, "val_reciprocal_rank": 0.25},
    {"epoch": 1.0, "loss": 3.5, "val_reciprocal_rank": 0.5},
    {"epoch": 2.0, "loss": 2.0, "val_reciprocal_rank": 0.75},
)
SCHEDULE, STEPS = Schedule(4, 0.01), 5
TENSORBOARD = "torch.utils.tensorboard"


class Recorder:
    """A summary writer that records its calls."""

    def __init__(self, folder):
        self.folder, self.scalars, self.flushed, self.closed = folder, [], 0, False

    def add_scalar(self, name, value, step):
        self.scalars.append((name, value, step))

    def flush(self):
        self.flushed = len(self.scalars)

    def close(self):
        self.closed = True


@pytest.fixture(autouse=True)
def without_tensorboard(monkeypatch):
    monkeypatch.setitem(sys.modules, TENSORBOARD, None)


@pytest.fixture
def recorders(monkeypatch):
    made = []

    def make(folder):
        made.append(Recorder(folder))
        return made[-1]

    module = ModuleType(TENSORBOARD)
    module.SummaryWriter = make
    monkeypatch.setitem(sys.modules, TENSORBOARD, module)
    return made


def snapshot(epochs):
    return Snapshot(epochs, {}, HISTORY[: epochs + 1])


def read(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_table_by_hand():
    assert curves_table(HISTORY[:2]).splitlines() == [
        "epoch,loss,val_reciprocal_rank",
        "0,,0.25",
        "1,3.5,0.5",
    ]
    assert curves_table(HISTORY[:1]) == "epoch,val_reciprocal_rank\n0,0.25\n"
    assert "nan" in curves_table([{"epoch": 1.0, "loss": float("nan")}])


def test_rates_are_those_of_the_first_steps():
    start, first, second = with_rates(HISTORY, SCHEDULE, STEPS)
    assert "learning_rate" not in start
    assert first["learning_rate"] == SCHEDULE.rate(0, 20)
    assert second["learning_rate"] == SCHEDULE.rate(5, 20)
    assert list(second) == ["epoch", "learning_rate", "loss", "val_reciprocal_rank"]
    assert "learning_rate" not in HISTORY[1]


def test_the_table_grows_with_every_epoch(tmp_path):
    table = tmp_path / "reports" / "train.csv"
    with growing_curves(table, tmp_path / "board", SCHEDULE, STEPS) as show:
        memory = ShowingMemory(VolatileMemory(), show)
        assert memory.recall() is None
        assert not table.exists()
        for epochs in range(3):
            memory.remember(snapshot(epochs))
            assert [row["epoch"] for row in read(table)] == ["0", "1", "2"][
                : epochs + 1
            ]
    assert float(read(table)[2]["loss"]) == 2.0
    assert not (tmp_path / "board").exists()


def test_a_continued_run_has_every_epoch_once(tmp_path):
    table, kept = tmp_path / "train.csv", VolatileMemory()
    with growing_curves(table, tmp_path / "board", SCHEDULE, STEPS) as show:
        ShowingMemory(kept, show).remember(snapshot(1))
    table.write_text(
        "epoch\n0\n"
    )  # killed after storing the snapshot, before writing out
    with growing_curves(table, tmp_path / "board", SCHEDULE, STEPS) as show:
        memory = ShowingMemory(kept, show)
        assert memory.recall() == snapshot(1)
        assert [row["epoch"] for row in read(table)] == ["0", "1"]
        memory.remember(snapshot(2))
    assert [row["epoch"] for row in read(table)] == ["0", "1", "2"]


def test_scalars_go_to_tensorboard_if_it_is_installed(tmp_path, recorders):
    with growing_curves(tmp_path / "a.csv", tmp_path / "board", SCHEDULE, 5) as show:
        show(HISTORY[:1])
        show(HISTORY[:2])
        (writer,) = recorders
        assert writer.flushed == len(writer.scalars)
        assert not writer.closed
    assert writer.closed
    assert writer.folder == str(tmp_path / "board")
    assert writer.scalars == [
        ("val_reciprocal_rank", 0.25, 0),
        ("learning_rate", SCHEDULE.rate(0, 20), 1),
        ("loss", 3.5, 1),
        ("val_reciprocal_rank", 0.5, 1),
    ]


def test_scalars_of_an_earlier_process_are_replaced(tmp_path, recorders):
    board = tmp_path / "board"
    board.mkdir()
    (board / "events.out.tfevents.1.host.2.0").write_bytes(b"old")
    (board / "notes.txt").write_text("mine")
    with growing_curves(tmp_path / "a.csv", board, SCHEDULE, 5) as show:
        show(HISTORY)
    assert [file.name for file in board.iterdir()] == ["notes.txt"]
    assert {step for *_, step in recorders[0].scalars} == {0, 1, 2}


def test_the_writer_is_closed_if_training_fails(tmp_path, recorders):
    with (
        pytest.raises(KeyboardInterrupt),
        growing_curves(tmp_path / "a.csv", tmp_path / "board", SCHEDULE, 5),
    ):
        raise KeyboardInterrupt
    assert recorders[0].closed
