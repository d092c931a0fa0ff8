"""Training again from a page: what there is to learn from, and what jobs make."""

import shutil
import time
from concurrent.futures import CancelledError
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

from tiefvision.catalogue.living.current import current_of
from tiefvision.errors import BadUsage, TiefVisionError
from tiefvision.jobs.folders import new_id, read_job
from tiefvision.jobs.record import JobRecord
from tiefvision.jobs.retraining.places import Kind, again_folder, require_kind
from tiefvision.jobs.retraining.planning import (
    plan_refresh,
    plan_training,
    require_trainable,
)
from tiefvision.jobs.retraining.using import go_back, use_model
from tiefvision.jobs.starting import start_job
from tiefvision.labels.exporting import write_export
from tiefvision.labels.workspaces import dataset_photos
from tiefvision.web.services import Services
from tiefvision.web.worker import Busy

PATIENCE = 1.0
"""Seconds between two looks at a job, or two attempts where many searches wait."""

LABELS = "labels"
"""Folder of the exported labels in that of a job."""

REFRESH = "refresh"
"""Kind of the jobs that make anew what other models made."""

OF = "of"
"""What a job of that kind remembers: the id of the job whose model is in use."""


@dataclass(frozen=True)
class Lessons:
    """What there is to learn from.

    Attributes:
        labelled: photographs that were labelled, with boxes or as without garments.
        judged: triplets that were judged.
        judged_in_training: those whose photographs are in the training split.
    """

    labelled: int
    judged: int
    judged_in_training: int


def lessons_of(services: Services) -> Lessons:
    """Count the labels of the workspace."""
    store = services.labelling.store
    labelled = [one for one in store.labels() if one.state != "skipped"]
    judged = [one for one in store.judgements() if not one.neither]
    known = dataset_photos(services.finder.workspace)
    training = {one.content for one in known if one.photo.split == "train"}
    in_training = [
        one
        for one in judged
        if training.issuperset(
            photo.content for photo in (one.reference, one.closer, one.further)
        )
    ]
    return Lessons(len(labelled), len(judged), len(in_training))


def hindrance_of(services: Services, kind: Kind, lessons: Lessons) -> str:
    """Why a model cannot be trained again now, in sentences; "" if it can."""
    try:
        require_trainable(services.finder.workspace, kind)
    except TiefVisionError as error:
        return str(error)
    if kind == "locator" and not lessons.labelled:
        return "No photograph has been labelled yet. Label some on the page Boxes."
    if kind == "ranker" and not lessons.judged_in_training:
        return (
            "No triplet of training photographs has been judged yet. Judge some on the "
            "page Triplets."
        )
    return ""


def start_training(services: Services, kind: Kind) -> JobRecord:
    """Start a job that trains a model again on the labels of the workspace.

    Raises:
        BadUsage, BadDataset: There is nothing to learn from.
        MissingArtifact: The workspace has no dataset, or lacks the model.
        JobRunning: Another job runs.
    """
    workspace = services.finder.workspace
    why = hindrance_of(services, kind, lessons_of(services))
    if why:
        raise BadUsage(why)
    job = new_id()
    folder = again_folder(workspace, job)
    try:
        export = write_export(services.labelling.store, folder / LABELS)
        plan = plan_training(workspace, kind, folder / LABELS, job=job)
        about = {
            "labels": dict(plan.counts),
            "problems": [*export.problems, *plan.problems][:20],
        }
        return start_job(workspace, kind, plan.steps, job=job, about=about)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def start_refresh(services: Services, job: str) -> JobRecord:
    """Start a job that makes anew what other models made than the one in use.

    Raises:
        BadUsage: The job trained nothing, or nothing here depends on it.
        JobRunning: Another job runs.
    """
    workspace = services.finder.workspace
    current = current_of(workspace)
    folder = Path(current.root) if current else None
    plan = plan_refresh(workspace, trained_kind(services, job), folder)
    if not plan.steps:
        raise BadUsage("Nothing here depends on the model.")
    started = start_job(workspace, REFRESH, plan.steps, job=plan.id, about={OF: job})
    Thread(target=_reload_after, args=(services, started.id), daemon=True).start()
    return started


def use(services: Services, job: str) -> JobRecord:
    """Put the model of a job in use; searches load it."""
    use_model(services.finder.workspace, job, trained_kind(services, job))
    return _reloaded(services, job)


def undo(services: Services, job: str) -> JobRecord:
    """Go back to the model that was there before that of a job."""
    go_back(services.finder.workspace, job, trained_kind(services, job))
    return _reloaded(services, job)


def trained_kind(services: Services, job: str) -> Kind:
    """What a job trained. Raises BadUsage if it made no model."""
    record = read_job(services.finder.workspace, job)
    if record.state != "done":
        raise BadUsage(f"The job {job} has made no model: it is {record.state}.")
    return require_kind(record.kind)


def _reloaded(services: Services, job: str) -> JobRecord:
    services.worker.do(_reload, services)
    return read_job(services.finder.workspace, job)


def _reload_after(services: Services, job: str) -> None:
    """Let searches load what a job has made, once it has ended."""
    while not read_job(services.finder.workspace, job).has_ended:
        time.sleep(PATIENCE)
    while True:
        try:
            return services.worker.do(_reload, services)
        except Busy:
            time.sleep(PATIENCE)
        except (RuntimeError, CancelledError):  # the server is going down
            return None


def _reload(services: Services) -> None:
    # Open photographs keep what the old networks found in them.
    services.shelf.clear()
    services.finder.reload()
