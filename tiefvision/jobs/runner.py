"""The process of a job: it runs one command after the other, and writes how it went.

It is started as ``python -m tiefvision.jobs.runner WORKSPACE ID DESCRIPTOR`` in a
process group of its own, with the lock of `tiefvision.jobs.holding` and the log as its
output, which all commands inherit. It imports little, since it lives as long as they.
"""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from threading import Event
from types import FrameType

from tiefvision.errors import reason_of
from tiefvision.jobs.folders import read_job, write_job
from tiefvision.jobs.record import JobRecord, State, Step
from tiefvision.workspace.artifacts import Workspace

NICENESS = 10
"""Searches that are waited for go before training, which is not."""

TICK = 0.2
"""Seconds between two looks at whether the job was asked to stop."""


def main() -> None:
    """Run the job that the arguments name, in a process that nobody waits for."""
    workspace, job, lock = sys.argv[1:]
    # The first process ends at once, so that whoever started it has no child that would
    # have to be waited for.
    if not os.fork():
        run_job(Workspace(Path(workspace)), job, int(lock))


def run_job(workspace: Workspace, job: str, lock: int) -> None:
    """Run the steps of a job until one fails, or until SIGINT or SIGTERM arrives.

    Args:
        workspace: Workspace of the job.
        job: Id of the job, whose record is there.
        lock: Descriptor of the lock, which the commands inherit: a command that
            outlives this process still counts as the job.
    """
    stop = Event()

    def ask_to_stop(number: int, frame: FrameType | None) -> None:
        stop.set()

    # A handler, and not the default: who starts a server in the background of a shell
    # makes it ignore SIGINT, which the commands would inherit.
    for asked_by in (signal.SIGINT, signal.SIGTERM):
        signal.signal(asked_by, ask_to_stop)
    os.nice(NICENESS)
    record = replace(read_job(workspace, job), state="running", group=os.getpgid(0))
    for number, step in enumerate(record.steps, start=1):
        record = replace(record, step=number)
        write_job(workspace, record)
        _say(f"Step {number} of {len(record.steps)}: {step.name}")
        record = _run_step(workspace, record, step, lock, stop)
        if record.has_ended or record.code:
            break
    write_job(workspace, _ended(record, stop.is_set()))
    os.close(lock)  # the next job need not wait until the interpreter is gone


def _run_step(
    workspace: Workspace, record: JobRecord, step: Step, lock: int, stop: Event
) -> JobRecord:
    """Run a command; the record with its exit code, or with why there is none."""
    if stop.is_set():
        return _with_end(record, "stopped", f"Stopped before {step.name}.")
    try:
        process = subprocess.Popen(
            step.command, stdin=subprocess.DEVNULL, pass_fds=(lock,)
        )
    except OSError as error:
        why = f"Cannot run {step.command[0]}: {reason_of(error)}."
        return _with_end(record, "failed", why)
    deadline = None
    while True:
        try:
            return replace(record, code=process.wait(TICK))
        except subprocess.TimeoutExpired:
            if deadline is None and stop.is_set():
                deadline = time.monotonic() + record.grace
                record = replace(record, stopping=True)
                write_job(workspace, record)
            elif deadline is not None and time.monotonic() > deadline:
                _kill_all(workspace, record)


def _kill_all(workspace: Workspace, record: JobRecord) -> None:
    """End all processes of the job, this one too; nothing returns from here."""
    seconds = f"{record.grace:g} s"
    why = f"Killed: {record.step_name} had not stopped after {seconds}."
    _say(why)
    ended = replace(record, code=-signal.SIGKILL)
    write_job(workspace, _with_end(ended, "stopped", why))
    os.killpg(os.getpgid(0), signal.SIGKILL)


def _ended(record: JobRecord, stopped: bool) -> JobRecord:
    """The record of a job that does nothing more."""
    if record.has_ended:
        return record
    place = f"step {record.step} of {len(record.steps)}, {record.step_name}"
    if not record.code:
        return _with_end(record, "done", "Done.")
    if stopped:
        return _with_end(record, "stopped", f"Stopped in {place}.")
    if record.code < 0:
        how = f"was ended by {_signal_name(-record.code)}"
    else:
        how = f"failed with exit code {record.code}"
    why = f"{place[:1].upper()}{place[1:]}, {how}; the log tells why."
    return _with_end(record, "failed", why)


def _with_end(record: JobRecord, state: State, message: str) -> JobRecord:
    return replace(
        record, state=state, message=message, ended=time.time(), stopping=False
    )


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _say(line: str) -> None:
    """A line in the log."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
