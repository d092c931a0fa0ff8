"""Stand-ins for the commands of a job, and what waits for its end."""

import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tiefvision.jobs.folders import list_jobs, read_job
from tiefvision.jobs.record import JobRecord, Step
from tiefvision.jobs.starting import stop_job
from tiefvision.workspace.artifacts import Workspace

WAITS = "import time\nprint('ready', flush=True)\nwhile True: time.sleep(0.01)"
"""Runs until it is stopped, as our commands are: by KeyboardInterrupt."""

DEAF = f"import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n{WAITS}"


def python(code: str, name: str = "waits") -> Step:
    """A step that runs Python code."""
    return Step(name, (sys.executable, "-c", code))


@pytest.fixture
def workspace(tmp_path: Path):
    """A workspace; jobs that a failed test leaves in it are ended."""
    place = Workspace(tmp_path / "run")
    yield place
    for job in list_jobs(place):
        stop_job(place, job.id)


@pytest.fixture
def until(workspace: Workspace) -> Callable[..., JobRecord]:
    """Waits until the record of a job is as wanted, for as long as the job lives."""

    def wait(job: str, wanted: Callable[[JobRecord], bool] = lambda known: False):
        while True:
            record = read_job(workspace, job)
            if wanted(record) or record.has_ended:
                return record
            time.sleep(0.01)

    return wait


@pytest.fixture
def printed(workspace: Workspace) -> Callable[[str, str], None]:
    """Waits until a job has printed a word."""

    def wait(job: str, word: str) -> None:
        log = workspace.root / "jobs" / job / "log"
        while word not in log.read_text():
            assert not read_job(workspace, job).has_ended, log.read_text()
            time.sleep(0.01)

    return wait
