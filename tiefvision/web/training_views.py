"""View models of the training page."""

import time
from dataclasses import dataclass

from tiefvision.errors import TiefVisionError
from tiefvision.jobs.folders import list_jobs
from tiefvision.jobs.log import read_log
from tiefvision.jobs.record import JobRecord, State
from tiefvision.jobs.retraining.places import KINDS, Kind, require_kind
from tiefvision.jobs.retraining.planning import counts_in_words
from tiefvision.jobs.retraining.using import Uses, uses_of
from tiefvision.jobs.retraining.verdict import (
    ComparedFigure,
    Verdict,
    read_verdict,
)
from tiefvision.report.tables import MISSING, Cell, Row, Table
from tiefvision.web.services import Services
from tiefvision.web.training import OF, REFRESH, hindrance_of, lessons_of

SHOWN_LINES = 200
"""Last lines of a log that the page shows at first."""

MOST_JOBS = 20
"""Jobs that the page lists."""

TITLES = {
    "locator": "Locator",
    "ranker": "Ranker",
    REFRESH: "Catalogue and later stages",
}

IN_WORDS: dict[State, str] = {
    "waiting": "is starting",
    "running": "is running",
    "stopped": "stopped",
    "failed": "failed",
    "done": "done",
}

LESSONS = {
    "locator": "Corrected boxes teach it where garments are and what they are.",
    "ranker": "Judged triplets teach it which photographs are alike.",
}


@dataclass(frozen=True)
class Lesson:
    """A model that can be trained again.

    Attributes:
        kind: what is trained.
        title: its name.
        about: what it learns, in a sentence.
        counts: what there is to learn from, in a sentence.
        hindrance: why it cannot be trained now; "" if it can.
    """

    kind: Kind
    title: str
    about: str
    counts: str
    hindrance: str


@dataclass(frozen=True)
class JobView:
    """A job as the page shows it.

    Attributes:
        id: its id.
        title: what it is for.
        state: its state, a CSS class too.
        in_words: the state in words.
        about: when it began and what it learnt from.
        step: where it is, or how it ended, in a sentence.
        done: finished steps.
        steps: all steps.
        is_running: whether it goes on.
        lines: last lines of the log.
        last: the line that is being written.
        offset: where the log goes on, in bytes.
        sentence: what the comparison came to; "" without one.
        table: the comparison.
        can_use: whether its model can be put in use.
        can_undo: whether the model before it can be put back.
        can_refresh: whether what other models made can be made anew.
        problems: what of the labels was left out, in sentences.
    """

    id: str
    title: str
    state: str
    in_words: str
    about: str
    step: str
    done: int
    steps: int
    is_running: bool
    lines: tuple[str, ...]
    last: str
    offset: int
    sentence: str
    table: Table | None
    can_use: bool
    can_undo: bool
    can_refresh: bool
    problems: tuple[str, ...]


def lessons(services: Services) -> list[Lesson]:
    """The models that can be trained again."""
    found = lessons_of(services)
    photographs = f"Labelled photographs: {found.labelled}."
    triplets = (
        f"Judged triplets: {found.judged}; those of training photographs count: "
        f"{found.judged_in_training}."
    )
    counts = {"locator": photographs, "ranker": triplets}
    return [
        Lesson(
            kind,
            TITLES[kind],
            LESSONS[kind],
            counts[kind],
            hindrance_of(services, kind, found),
        )
        for kind in KINDS
    ]


def job_views(services: Services) -> list[JobView]:
    """The jobs of the workspace, the newest first."""
    jobs = list_jobs(services.finder.workspace)
    refreshed = {
        str(job.about.get(OF)) for job in jobs if job.kind == REFRESH and _went_on(job)
    }
    is_free = not any(not job.has_ended for job in jobs)
    return [
        _view(services, job, is_free=is_free, refreshed=job.id in refreshed)
        for job in jobs[:MOST_JOBS]
    ]


def step_in_words(job: JobRecord) -> str:
    """Where a job is, or how it ended."""
    if job.stopping:
        return f"Stopping; {job.step_name} finishes what it is at."
    if job.has_ended:
        return job.message
    if not job.step:
        return "Starting."
    return f"Step {job.step} of {len(job.steps)}: {job.step_name}"


def _went_on(job: JobRecord) -> bool:
    return job.state not in ("failed", "stopped")


def _view(
    services: Services, job: JobRecord, *, is_free: bool, refreshed: bool
) -> JobView:
    workspace = services.finder.workspace
    log = read_log(workspace, job.id)
    verdict = read_verdict(workspace, job.id) if job.state == "done" else None
    uses = _uses(services, job)
    can_change = is_free and not uses.replaced_since
    is_used = uses.in_use and not uses.replaced_since
    return JobView(
        job.id,
        TITLES.get(job.kind, job.kind),
        job.state,
        "done, in use" if is_used else IN_WORDS[job.state],
        _about(job),
        step_in_words(job),
        len(job.steps) if job.state == "done" else max(job.step - 1, 0),
        len(job.steps),
        not job.has_ended,
        log.lines[-SHOWN_LINES:],
        log.last,
        log.offset,
        verdict.sentence if verdict else "",
        _table(verdict) if verdict else None,
        can_use=can_change and uses.is_made and not uses.in_use,
        can_undo=can_change and uses.in_use,
        can_refresh=can_change and uses.in_use and not refreshed,
        problems=tuple(map(str, job.about.get("problems", ()))),
    )


def _uses(services: Services, job: JobRecord) -> Uses:
    if job.state != "done" or job.kind not in KINDS:
        return Uses(is_made=False, in_use=False)
    try:
        return uses_of(services.finder.workspace, job.id, require_kind(job.kind))
    except TiefVisionError:  # its artifacts are damaged, or of another release
        return Uses(is_made=False, in_use=False)


def _about(job: JobRecord) -> str:
    started = time.strftime("%Y-%m-%d %H:%M", time.localtime(job.started))
    parts = [started]
    if job.ended:
        parts.append(_duration(job.ended - job.started))
    counts = counts_in_words(job.about.get("labels", {}))
    if counts:
        parts.append(f"labels: {counts}")
    return " · ".join(parts)


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"


def _table(verdict: Verdict) -> Table:
    """The figures of both models, the better one of each in bold."""
    return Table(
        ("", "old", "new", "difference", "95 % interval"),
        tuple(map(_row, verdict.figures)),
        "numbers",
    )


def _row(figure: ComparedFigure) -> Row:
    ahead = figure.difference * (-1 if figure.less_is_better else 1)
    interval = MISSING
    if figure.low is not None and figure.high is not None:
        interval = f"{figure.low:+.3f} to {figure.high:+.3f}"
    return Row(
        figure.name,
        (
            Cell(f"{figure.old:.3f}", "best" if ahead < 0 else ""),
            Cell(f"{figure.new:.3f}", "best" if ahead > 0 else ""),
            Cell(f"{figure.difference:+.3f}"),
            Cell(interval),
        ),
        note="less is better" if figure.less_is_better else "",
    )
