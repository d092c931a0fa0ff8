"""The benchmark of start-up: what is run, and how runs are summarised."""

from pathlib import Path

import pytest

from tiefvision.benchmarks import startup
from tiefvision.benchmarks.startup import Run, Startup, run_alone, startup_times

CPU_SECONDS = 0.2
MB = 1_000_000


def test_runs_are_summarised():
    runs = {
        "import torch": [Run(2.0, 1.5, 5), Run(1.0, 1.6, 4)],
        "models": [Run(0.5, 0.4, 1), Run(0.75, 0.25, 3), Run(4.0, 0.3, 2)],
    }
    assert list(startup_times(runs)) == [
        Startup("import torch", 1.0, 1.5, 1.5, 5),
        Startup("models", 0.5, 0.75, 0.25, 3),
    ]


def test_a_run_is_a_process_of_its_own_and_its_cpu_time_is_counted():
    idle = run_alone(["-c", f"import time; time.sleep({2 * CPU_SECONDS})"])
    busy = f"import time\nwhile time.process_time() < {CPU_SECONDS}: pass"
    working = run_alone(["-c", busy])
    assert idle.seconds >= 2 * CPU_SECONDS
    assert working.cpu >= CPU_SECONDS


def test_the_memory_is_that_of_the_command_not_of_this_process():
    """This process has imported torch, whose memory must not be counted."""
    small = run_alone(["-c", "pass"])
    large = run_alone(["-c", f"held = bytearray(b'x') * {100 * MB}"])
    assert small.memory < 40 * MB
    assert 100 * MB < large.memory < 140 * MB


def test_every_command_runs_as_often_as_asked_for_and_once_before(
    monkeypatch, tmp_path
):
    ran = []

    def run(arguments):
        ran.append(tuple(arguments))
        return Run(float(len(ran)), 0.5, MB)

    monkeypatch.setattr(startup, "run_alone", run)
    monkeypatch.setattr(startup, "_prepare", lambda folder: folder / "photo.jpg")
    rows = startup.measure_startup(tmp_path, rounds=2)
    works = startup.commands(tmp_path, tmp_path / "photo.jpg")
    assert [row.command for row in rows] == list(works)
    assert ran == [tuple(words) for words in works.values()] * 3
    assert rows[0].best == len(works) + 1  # the first round is left out


def test_the_commands_end_as_they_should(tmp_path):
    """A refusal that is no refusal any more would be timed as one."""
    from tiefvision.cli.main import app
    from tiefvision.cli.running import BAD_USAGE, FAILED, SOME_UNREADABLE, guarded

    works = startup.commands(tmp_path, Path(__file__))
    expected = {
        "misspelt ranker": BAD_USAGE,
        "bad box": BAD_USAGE,
        "missing file": SOME_UNREADABLE,
        "missing workspace": FAILED,
    }
    for name, code in expected.items():
        assert guarded(app, works[name][2:]) == code, name


def test_every_goal_is_of_a_command(tmp_path):
    assert set(startup.GOALS) <= set(startup.commands(tmp_path, tmp_path))


@pytest.mark.parametrize(
    ("seconds", "memory", "met"),
    [(1.2, 400 * MB, True), (1.3, 1, False), (1.0, 401 * MB, False)],
)
def test_a_goal_is_of_time_and_memory(seconds, memory, met):
    row = Startup("locate", seconds, 9.0, 9.0, memory)
    assert row.to_dict()["goal"] == {"text": "1.2 s, 400 MB", "met": met}


def test_the_table_has_a_cell_for_each_column():
    row = startup.table_row(Startup("models", 0.5, 0.75, 0.25, 33 * MB))
    assert row == ("models", "0.50", "0.75", "0.25", "33", "1 s", "yes")
    row = startup.table_row(Startup("import torch", 0.5, 0.75, 0.25, 33 * MB))
    assert row[-2:] == ("", "")
    assert len(row) == len(startup.COLUMNS)
