"""Jobs: train a model again, watch it, stop it, and put its model in use."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from tiefvision.jobs.folders import list_jobs, read_job
from tiefvision.jobs.log import read_log
from tiefvision.jobs.record import JobRecord, State
from tiefvision.jobs.retraining.places import Kind
from tiefvision.jobs.retraining.verdict import read_verdict
from tiefvision.jobs.starting import stop_job
from tiefvision.web import training
from tiefvision.web.services import Served
from tiefvision.web.training_views import step_in_words

router = APIRouter(prefix="/jobs", tags=["jobs"])

MOST_OFFSET = 2**53
"""Largest offset: what a number of JavaScript holds."""

JobId = Annotated[
    str,
    Path(pattern="^[0-9]{8}-[0-9]{6}-[0-9]{6}$", description="Id of a job."),
]


class ToStart(BaseModel):
    """What to train again, on the labels of the workspace."""

    model_config = ConfigDict(extra="forbid")

    kind: Kind


class JobTold(BaseModel):
    """A job as it stands."""

    id: str
    kind: str = Field(description="locator, ranker or refresh.")
    state: State
    stopping: bool = Field(description="Whether it was asked to stop.")
    step: int = Field(description="Number of the current or last step, from 1.")
    steps: list[str] = Field(description="Names of the steps.")
    in_words: str = Field(description="Where it is, or how it ended.")
    started: float = Field(description="Seconds since 1970.")
    ended: float | None
    code: int | None = Field(description="Exit code of the last step.")
    message: str
    about: dict[str, Any] = Field(description="What it learnt from.")
    verdict: dict[str, Any] | None = Field(
        None, description="The new model against the old one; null without one."
    )


class Jobs(BaseModel):
    """The jobs of the workspace, the newest first."""

    jobs: list[JobTold]


class Log(BaseModel):
    """A part of what a job has printed."""

    lines: list[str] = Field(description="Complete lines.")
    last: str = Field(description="The line that is being written.")
    offset: int = Field(description="Value of `after` for the next part.")
    skipped: bool = Field(description="Whether earlier lines were left out.")


@router.get("")
def jobs(services: Served) -> Jobs:
    """List the jobs of the workspace."""
    found = list_jobs(services.finder.workspace)
    return Jobs(jobs=[_told(job) for job in found])


@router.post("", status_code=202)
def start(wanted: ToStart, services: Served) -> JobTold:
    """Train a model again; 409 while another job runs."""
    return _told(training.start_training(services, wanted.kind))


@router.get("/{job}")
def job(job: JobId, services: Served) -> JobTold:
    """Tell how far a job is, and what its model is worth."""
    workspace = services.finder.workspace
    told = _told(read_job(workspace, job))
    verdict = read_verdict(workspace, job)
    return told.model_copy(update={"verdict": verdict.to_dict() if verdict else None})


@router.get("/{job}/log")
def log(
    job: JobId,
    services: Served,
    after: Annotated[int | None, Query(ge=0, le=MOST_OFFSET)] = None,
) -> Log:
    """Tell what a job has printed since an offset; without one, the last lines."""
    workspace = services.finder.workspace
    read_job(workspace, job)
    part = read_log(workspace, job, after)
    return Log(
        lines=list(part.lines),
        last=part.last,
        offset=part.offset,
        skipped=part.skipped,
    )


@router.post("/{job}/stop")
def stop(job: JobId, services: Served) -> JobTold:
    """Ask a job to stop; what it has finished is kept."""
    return _told(stop_job(services.finder.workspace, job))


@router.post("/{job}/use")
def use(job: JobId, services: Served) -> JobTold:
    """Put the model of a job in use."""
    return _told(training.use(services, job))


@router.post("/{job}/undo")
def undo(job: JobId, services: Served) -> JobTold:
    """Go back to the model that was there before that of a job."""
    return _told(training.undo(services, job))


@router.post("/{job}/refresh", status_code=202)
def refresh(job: JobId, services: Served) -> JobTold:
    """Make anew what other models made: later stages, and the catalogue."""
    return _told(training.start_refresh(services, job))


def _told(job: JobRecord) -> JobTold:
    return JobTold(**job.to_dict(), in_words=step_in_words(job))
