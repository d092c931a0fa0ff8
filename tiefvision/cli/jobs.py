"""``tiefvision jobs``: what trains in the background of a workspace."""

import time
from typing import Annotated

import typer

from tiefvision.cli.options import Options, with_options
from tiefvision.cli.output import print_line, print_table
from tiefvision.cli.running import DONE, say
from tiefvision.jobs.folders import list_jobs
from tiefvision.jobs.record import JobRecord


@with_options
def jobs(
    options: Options,
    stop: Annotated[
        bool, typer.Option("--stop", help="Stop the job that runs.")
    ] = False,
) -> int:
    """List the jobs of a workspace, the newest first."""
    found = list_jobs(options.run)
    if stop:
        return _stop([job for job in found if not job.has_ended], options)
    if options.json:
        for job in found:
            print_line(job.to_dict())
    elif not found:
        say(f"No job has run in {options.workspace}.")
    else:
        columns = ("job", "kind", "state", "step", "started", "")
        print_table(columns, [_row(job) for job in found])
    return DONE


def _stop(running: list[JobRecord], options: Options) -> int:
    from tiefvision.jobs.starting import stop_job

    for job in running:
        stop_job(options.run, job.id)
        options.note(f"Asked {job.id} to stop; what it has finished is kept.")
    if not running:
        say(f"No job runs in {options.workspace}.")
    return DONE


def _row(job: JobRecord) -> tuple[str, ...]:
    started = time.strftime("%Y-%m-%d %H:%M", time.localtime(job.started))
    state = "stopping" if job.stopping else job.state
    step = f"{job.step} of {len(job.steps)}"
    return (job.id, job.kind, state, step, started, job.message or job.step_name)
