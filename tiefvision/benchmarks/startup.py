"""Start-up: the time of whole commands, each in a process of its own.

Commands run in turns, beside an interpreter that does nothing and the imports of
tiefvision and of torch, so that other load on the machine meets all of them. What a
command costs beyond torch is its time without that of ``import torch``.
"""

import resource
import subprocess
import sys
import time
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

TORCH = "import torch"

USING_TORCH = ("locate", "search")
"""Commands that run networks; their time beyond ``TORCH`` is shown."""

COLUMNS = ("command", "best s", "median s", "CPU s", "beyond torch s")


@dataclass(frozen=True)
class Run:
    """One run of a command.

    Attributes:
        seconds: time from start to end.
        cpu: CPU time of all its threads in seconds, of user and system.
    """

    seconds: float
    cpu: float


@dataclass(frozen=True)
class Startup:
    """The times of a command over several runs, in seconds.

    Attributes:
        command: what was run.
        best: shortest time from start to end, the one least disturbed by other load.
        median: median time from start to end.
        cpu: least CPU time of all threads.
        beyond_torch: ``best`` without the best time of ``import torch``; None for
            commands that do not import torch.
    """

    command: str
    best: float
    median: float
    cpu: float
    beyond_torch: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """The attributes as a dictionary for JSON."""
        return asdict(self)


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
        TORCH: ["-c", "import torch"],
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
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=False, capture_output=True)
    seconds = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    user, system = after.ru_utime - before.ru_utime, after.ru_stime - before.ru_stime
    return Run(seconds, user + system)


def startup_times(runs: Mapping[str, Sequence[Run]]) -> Iterator[Startup]:
    """Summarise the runs of commands.

    Args:
        runs: runs of each command by its name, with those of ``TORCH``.
    """
    best = {name: min(run.seconds for run in timed) for name, timed in runs.items()}
    for name, timed in runs.items():
        beyond = best[name] - best[TORCH] if name in USING_TORCH else None
        middle = median(run.seconds for run in timed)
        cpu = min(run.cpu for run in timed)
        yield Startup(name, best[name], middle, cpu, beyond)


def table_row(row: Startup) -> tuple[str, ...]:
    """The cells of a row as text, in the order of ``COLUMNS``."""
    beyond = "" if row.beyond_torch is None else f"{row.beyond_torch:.2f}"
    times = (row.best, row.median, row.cpu)
    return (row.command, *(f"{seconds:.2f}" for seconds in times), beyond)


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
