"""Start-up: time and memory of whole commands, each in a process of its own.

Commands run in turns, beside an interpreter that does nothing and the imports of
tiefvision, OpenVINO and torch, so that other load on the machine meets all of them.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from tiefvision.benchmarks.street import write_street_photos
from tiefvision.progress import Track, untracked

ROUNDS = 5
"""Times that each command runs, behind one run that fills the caches of files."""

PHOTOS = 4
"""Photographs of the catalogue that is searched."""

MEGA = 1e6

COLUMNS = ("command", "best s", "median s", "CPU s", "peak MB", "goal", "met")

# Linux counts the memory of the process that starts another one as the other's, up to
# the moment when its program is loaded. So a small interpreter starts the command.
LAUNCHER = """
import json, resource, subprocess, sys, time
started = time.perf_counter()
subprocess.run(sys.argv[1:], capture_output=True)
seconds = time.perf_counter() - started
used = resource.getrusage(resource.RUSAGE_CHILDREN)
unit = 1 if sys.platform == "darwin" else 1024
print(json.dumps([seconds, used.ru_utime + used.ru_stime, used.ru_maxrss * unit]))
"""


@dataclass(frozen=True)
class Run:
    """One run of a command.

    Attributes:
        seconds: time from start to end.
        cpu: CPU time of all its threads in seconds, of user and system.
        memory: most memory that was resident at a time, in bytes.
    """

    seconds: float
    cpu: float
    memory: int


@dataclass(frozen=True)
class Most:
    """The goal of a command.

    Attributes:
        seconds: longest time from start to end.
        memory: most memory in bytes; None without a goal.
    """

    seconds: float
    memory: float | None = None

    def met_by(self, run: "Startup") -> bool:
        """Whether a command reached the goal."""
        fits = self.memory is None or run.memory <= self.memory
        return run.best <= self.seconds and fits

    def __str__(self) -> str:
        memory = f", {self.memory / MEGA:.0f} MB" if self.memory else ""
        return f"{self.seconds:g} s{memory}"


REFUSAL = Most(0.5)
"""Goal of a command that refuses what it was given."""

GOALS = {
    "import tiefvision": Most(0.1),
    "misspelt ranker": REFUSAL,
    "bad box": REFUSAL,
    "missing file": REFUSAL,
    "missing workspace": REFUSAL,
    "models": Most(1.0),
    "doctor": Most(1.0),
    "locate": Most(1.2, 400 * MEGA),
}
"""Goals by command. They hold for the best time."""


@dataclass(frozen=True)
class Startup:
    """The times of a command over several runs, in seconds, and its memory.

    Attributes:
        command: what was run.
        best: shortest time from start to end, the one least disturbed by other load.
        median: median time from start to end.
        cpu: least CPU time of all threads.
        memory: most memory that was resident at a time in any run, in bytes.
    """

    command: str
    best: float
    median: float
    cpu: float
    memory: int

    @property
    def goal(self) -> Most | None:
        """Goal of the command; None if it has none."""
        return GOALS.get(self.command)

    def to_dict(self) -> dict[str, Any]:
        """The attributes, and the goal, as a dictionary for JSON."""
        goal = self.goal
        told = {"text": str(goal), "met": goal.met_by(self)} if goal else None
        return {**asdict(self), "goal": told}


def measure_startup(
    folder: Path, rounds: int = ROUNDS, track: Track = untracked
) -> list[Startup]:
    """Time commands in processes of their own, in turns.

    Args:
        folder: empty folder for photographs and for a workspace with a catalogue.
        rounds: number of runs of each command, at least 1.
        track: progress of the runs.

    Returns:
        The times of each command, in the order of ``commands``.
    """
    photo = _prepare(folder)
    works = commands(folder, photo)
    turns = [name for _ in range(rounds + 1) for name in works]
    runs: dict[str, list[Run]] = {name: [] for name in works}
    for name in track(turns, "starting", len(turns)):
        runs[name].append(run_alone(works[name]))
    return list(startup_times({name: timed[1:] for name, timed in runs.items()}))


def commands(folder: Path, photo: Path) -> dict[str, list[str]]:
    """Arguments of the Python interpreter by the name of a row.

    Args:
        folder: workspace with a catalogue.
        photo: photograph to locate and to search with.
    """
    here = ("--workspace", str(folder), "--models", "shipped")
    none = str(folder / "none")
    search = ["-m", "tiefvision", "search", str(photo)]
    return {
        "python": ["-c", "pass"],
        "import tiefvision": ["-c", "import tiefvision"],
        "import openvino": ["-c", "import openvino"],
        "import torch": ["-c", "import torch"],
        "--help": ["-m", "tiefvision", "--help"],
        "misspelt ranker": [*search, *here, "--ranker", "deeprnak"],
        "bad box": [*search, *here, "--box", "9,9,1,1"],
        "missing file": ["-m", "tiefvision", "locate", none],
        "missing workspace": [*search, "--workspace", none],
        "models": ["-m", "tiefvision", "models", *here[:2]],
        "doctor": ["-m", "tiefvision", "doctor", *here[:2]],
        "locate": ["-m", "tiefvision", "locate", str(photo), *here],
        "search": [*search, *here],
    }


def run_alone(arguments: Sequence[str]) -> Run:
    """Run the Python interpreter in a process of its own; its output is dropped."""
    launched = [sys.executable, "-c", LAUNCHER, sys.executable, *arguments]
    done = subprocess.run(launched, check=True, capture_output=True)
    return Run(*json.loads(done.stdout))


def startup_times(runs: Mapping[str, Sequence[Run]]) -> Iterator[Startup]:
    """Summarise the runs of commands.

    Args:
        runs: runs of each command by its name.
    """
    for name, timed in runs.items():
        seconds = [run.seconds for run in timed]
        yield Startup(
            name,
            min(seconds),
            median(seconds),
            min(run.cpu for run in timed),
            max(run.memory for run in timed),
        )


def table_row(row: Startup) -> tuple[str, ...]:
    """The cells of a row as text, in the order of ``COLUMNS``."""
    times = (f"{seconds:.2f}" for seconds in (row.best, row.median, row.cpu))
    goal = row.goal
    met = ("yes" if goal.met_by(row) else "no") if goal else ""
    return row.command, *times, f"{row.memory / MEGA:.0f}", str(goal or ""), met


def _prepare(folder: Path) -> Path:
    """Photographs and a catalogue of them; returns the first photograph."""
    photos = folder / "photos"
    photos.mkdir(parents=True)
    files = write_street_photos(photos, PHOTOS)
    index = ["tiefvision", "index", str(photos), "--models", "shipped"]
    subprocess.run(
        [sys.executable, "-m", *index, "--workspace", str(folder), "--quiet"],
        check=True,
        capture_output=True,
    )
    return files[0]
