"""``tiefvision retrain``: train the locator or the ranker again, on labels."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tiefvision.cli.options import Options, with_options
from tiefvision.cli.output import print_line, print_table, print_text
from tiefvision.cli.running import DONE, FAILED, INTERRUPTED, say
from tiefvision.errors import BadUsage
from tiefvision.jobs.folders import read_job
from tiefvision.jobs.log import read_log
from tiefvision.jobs.record import JobRecord
from tiefvision.jobs.retraining.places import Kind, require_kind
from tiefvision.jobs.retraining.verdict import Verdict
from tiefvision.workspace.artifacts import Workspace, workspace_option

if TYPE_CHECKING:
    from tiefvision.jobs.retraining.planning import Plan

app = typer.Typer(
    help="Train the locator or the ranker again, on labels that came since.",
    no_args_is_help=True,
)

LabelsOption = Annotated[
    Path,
    typer.Option(
        "--labels",
        help="COCO file, triplets.csv, or a folder in the layout of a dataset with "
        "either or both.",
    ),
]

JobArgument = Annotated[str, typer.Argument(metavar="JOB", help="As `jobs` lists it.")]

POLL = 0.5
"""Seconds between two looks at the log of a job."""


@app.command()
@with_options
def locator(options: Options, labels: LabelsOption) -> int:
    """Train the locator again: stages 1 to 5, with the labels in the dataset."""
    return _train("locator", labels, options)


@app.command()
@with_options
def ranker(options: Options, labels: LabelsOption) -> int:
    """Train DeepRank again: stages 8 and 9, with further judged triplets."""
    return _train("ranker", labels, options)


@app.command()
@with_options
def use(job: JobArgument, options: Options) -> int:
    """Put the model of a job in use, in place of the one that is there."""
    from tiefvision.jobs.retraining.using import use_model

    kind = _kind_of(options.run, job)
    use_model(options.run, job, kind)
    option = workspace_option(options.workspace)
    options.note(
        f"The new {kind} is in use. Back: tiefvision retrain undo {job}{option}"
    )
    _tell_older(job, kind, options)
    return DONE


@app.command()
@with_options
def undo(job: JobArgument, options: Options) -> int:
    """Go back to the model that was there before the one of a job."""
    from tiefvision.jobs.retraining.using import go_back

    kind = _kind_of(options.run, job)
    go_back(options.run, job, kind)
    options.note(f"The old {kind} is in use again.")
    _tell_older(job, kind, options)
    return DONE


@app.command()
@with_options
def refresh(job: JobArgument, options: Options) -> int:
    """Make anew what the other model made: later stages, and the catalogue."""
    from tiefvision.jobs.starting import start_job

    plan = _older(_kind_of(options.run, job), options)
    if not plan.steps:
        options.note("Nothing here depends on it.")
        return DONE
    started = start_job(options.run, "refresh", plan.steps, job=plan.id)
    return follow(options.run, started.id, quiet=options.quiet)


@app.command(hidden=True)
@with_options
def prepare(job: str, kind: str, options: Options, labels: LabelsOption) -> int:
    """Step of a job: merge the labels with what the workspace has."""
    from tiefvision.jobs.retraining.preparing import prepare_locator, prepare_ranker

    chosen = require_kind(kind)
    making = prepare_locator if chosen == "locator" else prepare_ranker
    say(making(options.run, job, labels))
    return DONE


@app.command(hidden=True)
@with_options
def carry(job: str, options: Options) -> int:
    """Step of a job: keep the feature maps of unchanged photographs."""
    from tiefvision.jobs.retraining.places import again_workspace
    from tiefvision.tuning.carrying import carry_features

    kept, made = carry_features(options.run, again_workspace(options.run, job))
    also = f", nor {made} pictures made of them" if made else ""
    say(f"{kept} photographs need not be encoded again{also}.")
    return DONE


@app.command(hidden=True)
@with_options
def judge(job: str, kind: str, options: Options) -> int:
    """Step of a job: compare the new model with the old one."""
    from tiefvision.jobs.retraining.places import again_workspace
    from tiefvision.jobs.retraining.verdict import write_verdict
    from tiefvision.judging.retrained import judge as compare
    from tiefvision.workspace.job import Resources

    resources = Resources(options.backend, options.seed, track=options.track)
    made = again_workspace(options.run, job)
    verdict = compare(require_kind(kind), options.run, made, resources)
    write_verdict(options.run, job, verdict)
    say(verdict.sentence)
    return DONE


def _train(kind: Kind, labels: Path, options: Options) -> int:
    """Start the job and follow it; Ctrl-C stops it."""
    from tiefvision.jobs.retraining.planning import counts_in_words, plan_training
    from tiefvision.jobs.retraining.verdict import read_verdict
    from tiefvision.jobs.starting import start_job

    plan = plan_training(options.run, kind, labels, _shared(options))
    for problem in plan.problems:
        say(f"Skipped: {problem}")
    options.note(
        f"Training the {kind} again on labels: {counts_in_words(plan.counts)}."
    )
    about = {"labels": dict(plan.counts)}
    job = start_job(options.run, kind, plan.steps, job=plan.id, about=about)
    code = follow(options.run, job.id, quiet=options.quiet)
    verdict = read_verdict(options.run, job.id)
    if code != DONE or verdict is None:
        return code
    if options.json:
        print_line({"job": job.id, **verdict.to_dict()})
        return code
    _print_verdict(verdict)
    option = workspace_option(options.workspace)
    options.note(f"To use it: tiefvision retrain use {job.id}{option}")
    return code


def follow(workspace: Workspace, job: str, *, quiet: bool) -> int:
    """Show the log of a job until it ends; the exit code.

    Ctrl-C stops the job, and a second one leaves it to itself.
    """
    from tiefvision.jobs.starting import stop_job

    offset = 0
    while True:
        try:
            record = read_job(workspace, job)
            part = read_log(workspace, job, offset)
            offset = part.offset
            for line in () if quiet else part.lines:
                say(line)
            if record.has_ended and not part.lines:
                return _code_of(record)
            if not part.lines:
                time.sleep(POLL)
        except KeyboardInterrupt:
            if read_job(workspace, job).stopping:
                raise
            say("Stopping; what was finished is kept.")
            stop_job(workspace, job)


def _code_of(record: JobRecord) -> int:
    if record.state == "done":
        return DONE
    if record.state == "stopped":
        return INTERRUPTED
    say(f"Error: {record.message}")
    return FAILED


def _shared(options: Options) -> Sequence[str]:
    """The options of the command that every stage takes too."""
    given = {
        "device": options.device,
        "engine": options.engine,
        "threads": options.threads,
    }
    return [
        f"--{name}={value}"
        for name, value in given.items()
        if value != getattr(Options, name)
    ]


def _kind_of(workspace: Workspace, job: str) -> Kind:
    """What a job trained. Raises BadUsage if it trained nothing."""
    record = read_job(workspace, job)
    if record.state != "done":
        raise BadUsage(f"The job {job} has made no model: it is {record.state}.")
    return require_kind(record.kind)


def _print_verdict(verdict: Verdict) -> None:
    print_text(verdict.sentence)
    rows = [
        (
            one.name,
            f"{one.old:.3f}",
            f"{one.new:.3f}",
            f"{one.difference:+z.3f}",
            "-" if one.low is None else f"[{one.low:+z.3f}, {one.high:+z.3f}]",
        )
        for one in verdict.figures
    ]
    print_table(("", "old", "new", "difference", "95 % interval"), rows)


def _tell_older(job: str, kind: Kind, options: Options) -> None:
    """Say what was made by other models, with the command that makes it anew."""
    if _older(kind, options).steps:
        option = workspace_option(options.workspace)
        say(
            "What was made by the other model is still there. Make it anew: "
            f"tiefvision retrain refresh {job}{option}"
        )


def _older(kind: Kind, options: Options) -> "Plan":
    """The commands that make anew what other models made."""
    from tiefvision.catalogue.living.current import current_of
    from tiefvision.jobs.retraining.planning import plan_refresh

    current = current_of(options.run)
    folder = Path(current.root) if current else None
    return plan_refresh(options.run, kind, folder, _shared(options))
