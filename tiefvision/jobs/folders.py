"""The folder of each job below ``WORKSPACE/jobs``: its record and its log.

jobs/<id>/job.json  the record, replaced whole at every change
jobs/<id>/log       what its commands print
jobs/held           names the job that runs, and is locked by its processes
"""

import re
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from tiefvision.errors import BadUsage
from tiefvision.files import read_file, replace_text
from tiefvision.jobs.holding import held_by
from tiefvision.jobs.record import JobRecord
from tiefvision.workspace.artifacts import Workspace, workspace_option

ID = re.compile(r"[0-9]{8}-[0-9]{6}-[0-9]{6}")
"""The id of a job: date, time of day and microseconds in UTC."""

RECORD, LOG = "job.json", "log"

GONE = "The process is gone: it was killed, or the machine was switched off."
"""The message of a job whose processes ended without a word."""


class UnknownJob(BadUsage):
    """There is no job of this id."""


def new_id() -> str:
    """The id of a job that starts now; ids sort by time."""
    return datetime.now(UTC).strftime("%Y%m%d-%H%M%S-%f")


def jobs_folder(workspace: Workspace) -> Path:
    """The folder of all jobs of a workspace, whether it exists or not."""
    return workspace.root / "jobs"


def job_folder(workspace: Workspace, job: str) -> Path:
    """The folder of a job, whether it exists or not.

    Raises:
        UnknownJob: The id is not one, so that nothing else becomes a path.
    """
    if not ID.fullmatch(job):
        raise unknown_job(workspace, job)
    return jobs_folder(workspace) / job


def write_job(workspace: Workspace, job: JobRecord) -> None:
    """Replace the record of a job."""
    replace_text(job_folder(workspace, job.id) / RECORD, job.to_json())


def read_job(workspace: Workspace, job: str) -> JobRecord:
    """The record of a job as it stands; of one whose processes are gone, failed.

    Raises:
        UnknownJob: There is no such job.
    """
    folder = job_folder(workspace, job)
    # Asked first: a job writes its end before it lets the lock go.
    alive = held_by(jobs_folder(workspace)) == job
    try:
        record = JobRecord.from_json(read_file(folder / RECORD))
    except (OSError, ValueError) as error:
        raise unknown_job(workspace, job) from error
    if record.has_ended or alive:
        return record
    return replace(record, state="failed", stopping=False, message=GONE)


def list_jobs(workspace: Workspace) -> list[JobRecord]:
    """All jobs of a workspace that can be read, the newest first."""
    folder = jobs_folder(workspace)
    names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    jobs = []
    for name in sorted(filter(ID.fullmatch, names), reverse=True):
        with suppress(UnknownJob):  # it is being made, or damaged
            jobs.append(read_job(workspace, name))
    return jobs


def unknown_job(workspace: Workspace, job: str) -> UnknownJob:
    """Makes the error about a job that does not exist, for the caller to raise."""
    return UnknownJob(
        f"There is no job {job!r} in {workspace.root}.",
        f"Run: tiefvision jobs{workspace_option(workspace.root)}",
    )
