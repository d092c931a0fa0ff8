"""Starting and stopping jobs."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from tiefvision.errors import TiefVisionError
from tiefvision.jobs.folders import (
    LOG,
    job_folder,
    jobs_folder,
    new_id,
    read_job,
    write_job,
)
from tiefvision.jobs.holding import holding
from tiefvision.jobs.record import GRACE, JobRecord, Step
from tiefvision.workspace.artifacts import Workspace

START = 60.0
"""Seconds that a busy machine may take to start the process of a job."""


def start_job(
    workspace: Workspace,
    kind: str,
    steps: Sequence[Step],
    *,
    job: str | None = None,
    about: Mapping[str, Any] | None = None,
    grace: float = GRACE,
) -> JobRecord:
    """Start commands, one after the other, in a process that outlives this one.

    Args:
        workspace: Workspace in which no other job may run.
        kind: What the job is for, such as "locator".
        steps: The commands. They run in the folder that this process is in.
        job: Id, if it has been made already (`new_id`).
        about: What to remember with the job, of JSON types.
        grace: Seconds that it has to end by itself when it is stopped.

    Returns:
        The record of the running job.

    Raises:
        JobRunning: Another job runs.
        TiefVisionError: The process did not start.
        OSError: The workspace cannot be written; the error names the file.
    """
    record = JobRecord(
        job or new_id(),
        kind,
        tuple(steps),
        started=time.time(),
        grace=grace,
        about=about or {},
    )
    with holding(jobs_folder(workspace), record.id) as lock:
        write_job(workspace, record)
        folder = job_folder(workspace, record.id)
        arguments = [str(workspace.root.absolute()), record.id, str(lock)]
        with (folder / LOG).open("ab") as log:
            subprocess.run(
                [sys.executable, "-m", "tiefvision.jobs.runner", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(lock,),
                start_new_session=True,
                check=False,
            )
    begun = _await(workspace, record.id, lambda known: known.state != "waiting")
    if begun.group is None:
        raise TiefVisionError(
            f"The job {record.id} did not start.", f"See {folder / LOG}."
        )
    return begun


def stop_job(workspace: Workspace, job: str) -> JobRecord:
    """Ask a job to stop, as Ctrl-C does; returns before it has ended.

    Its process kills what has not ended after ``grace`` seconds. A job that has ended
    stays as it is.

    Raises:
        BadUsage: There is no such job.
    """
    record = _await(workspace, job, lambda known: known.state != "waiting")
    if not record.has_ended and record.group is not None:
        with suppress(ProcessLookupError):  # it has just ended
            os.killpg(record.group, signal.SIGINT)
    return read_job(workspace, job)


def _await(
    workspace: Workspace, job: str, wanted: Callable[[JobRecord], bool]
) -> JobRecord:
    """The record of a job when it is as wanted, or after ``START``."""
    deadline = time.monotonic() + START
    while not wanted(record := read_job(workspace, job)):
        if time.monotonic() > deadline:
            break
        time.sleep(0.02)
    return record
