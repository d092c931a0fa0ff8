"""Putting a new model in use, and going back to the old one.

The artifacts of the new model get a second name in the workspace, each renamed into its
place; those that were there keep one in ``before``. No file is copied or changed.
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tiefvision.errors import BadUsage, MissingArtifact
from tiefvision.files import is_folder, link_file
from tiefvision.jobs.folders import jobs_folder
from tiefvision.jobs.holding import holding
from tiefvision.jobs.retraining.places import (
    BEFORE,
    STAGES_OF,
    Kind,
    again_folder,
    again_workspace,
)
from tiefvision.workspace.artifacts import STAGES, Workspace


@dataclass(frozen=True)
class Uses:
    """What can be done with the model of a job.

    Attributes:
        is_made: Whether all its artifacts are there.
        in_use: Whether they, or some of them, are in the place of older ones.
        replaced_since: The first artifact of the workspace that is neither the new nor
            the old one; "" for none.
    """

    is_made: bool
    in_use: bool
    replaced_since: str = ""


def uses_of(workspace: Workspace, job: str, kind: Kind) -> Uses:
    """What can be done with the model of a job. Raises BadUsage for a bad id."""
    made, before = again_workspace(workspace, job), _before(workspace, job)
    is_made = all(made.holds(STAGES[name]) for name in STAGES_OF[kind])
    if not is_folder(before.root):
        return Uses(is_made, in_use=False)
    for name in (STAGES[stage] for stage in STAGES_OF[kind]):
        known = {_header(place, name) for place in (made, before)}
        if _header(workspace, name) not in known:
            return Uses(is_made, in_use=True, replaced_since=name)
    return Uses(is_made, in_use=True)


def use_model(workspace: Workspace, job: str, kind: Kind) -> None:
    """Put the model of a job in use.

    Killed half-way, it can be called again, or taken back by `go_back`.

    Raises:
        BadUsage: The model is in use, or was, and others came after it.
        MissingArtifact: The job has not made it.
        JobRunning: A job runs in the workspace.
        OSError: The workspace cannot be written; the error names the file.
    """
    with holding(jobs_folder(workspace), job):
        uses = uses_of(workspace, job, kind)
        if not uses.is_made:
            raise MissingArtifact(f"The job {job} has made no model that can be used.")
        if uses.in_use:
            _require_last(workspace, job, uses)
        else:
            _keep(workspace, job, kind)
        for source in _files(again_workspace(workspace, job), kind):
            made = again_folder(workspace, job)
            link_file(source, workspace.root / source.relative_to(made))


def go_back(workspace: Workspace, job: str, kind: Kind) -> None:
    """Put what was there before the model of a job in its place again.

    Raises:
        BadUsage: The model is not in use, or others came after it.
        JobRunning: A job runs in the workspace.
        OSError: The workspace cannot be written; the error names the file.
    """
    with holding(jobs_folder(workspace), job):
        uses = uses_of(workspace, job, kind)
        if not uses.in_use:
            raise BadUsage(f"The model of job {job} is not in use.")
        _require_last(workspace, job, uses)
        before = _before(workspace, job)
        old = {file.relative_to(before.root) for file in _files(before, kind)}
        for name in old:
            link_file(before.root / name, workspace.root / name)
        for file in list(_files(workspace, kind)):
            if file.relative_to(workspace.root) not in old:
                file.unlink()
        shutil.rmtree(before.root)


def _require_last(workspace: Workspace, job: str, uses: Uses) -> None:
    if uses.replaced_since:
        raise BadUsage(
            f"{uses.replaced_since}.lmdb of {workspace.root} was made anew after the "
            f"model of job {job} was put in use.",
            "Go back with the later job first, or train again.",
        )


def _keep(workspace: Workspace, job: str, kind: Kind) -> None:
    """Keep what is there, all of it or nothing."""
    before = _before(workspace, job).root
    aside = before.with_name(f"{before.name}.partial")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    for file in _files(workspace, kind):
        link_file(file, aside / file.relative_to(workspace.root))
    aside.replace(before)


def _files(place: Workspace, kind: Kind) -> Iterator[Path]:
    """Artifacts of a model, in the order of their stages, then their reports."""
    for stage in STAGES_OF[kind]:
        if place.holds(STAGES[stage]):
            yield place.path(STAGES[stage])
    for stage in STAGES_OF[kind]:
        report = place.report_path(stage)
        yield from sorted(report.parent.glob(f"{stage}.*"))


def _before(workspace: Workspace, job: str) -> Workspace:
    return Workspace(again_folder(workspace, job) / BEFORE)


def _header(place: Workspace, name: str) -> str:
    """The header of an artifact, which has the digest of its content; "" for none."""
    if not place.holds(name):
        return ""
    with place.open(name) as artifact:
        return artifact.header.to_json()
