"""Jobs from their start to every end that they can have."""

import os
import signal
from contextlib import suppress
from pathlib import Path

import pytest

from tests.jobs.conftest import DEAF, WAITS, python
from tiefvision.errors import BadUsage
from tiefvision.jobs.folders import GONE, list_jobs, new_id, read_job
from tiefvision.jobs.holding import JobRunning, held_by
from tiefvision.jobs.log import read_log
from tiefvision.jobs.record import JobRecord, Step
from tiefvision.jobs.starting import start_job, stop_job
from tiefvision.workspace.artifacts import Workspace


def test_the_steps_run_one_after_the_other(workspace, until):
    steps = [python("print('one')", "first"), python("print('two')", "second")]
    started = start_job(workspace, "locator", steps, about={"labels": 3})
    assert started.group
    job = until(started.id)
    assert (job.state, job.step, job.code, job.message) == ("done", 2, 0, "Done.")
    assert job.started <= job.ended
    assert (job.kind, job.about) == ("locator", {"labels": 3})
    shown = "Step 1 of 2: first", "one", "Step 2 of 2: second", "two"
    assert read_log(workspace, job.id).lines == shown
    until_free(workspace)


def until_free(workspace):
    """Waits until the last process of a job has gone."""
    while held_by(workspace.root / "jobs"):
        pass


def test_a_step_that_fails_is_the_last_one(workspace, until):
    steps = [
        python("print('why'); raise SystemExit(3)", "encode"),
        python("print('never')", "localise"),
    ]
    job = until(start_job(workspace, "locator", steps).id)
    assert (job.state, job.step, job.code) == ("failed", 1, 3)
    why = "Step 1 of 2, encode, failed with exit code 3; the log tells why."
    assert job.message == why
    assert read_log(workspace, job.id).lines == ("Step 1 of 2: encode", "why")


def test_a_step_that_is_killed_is_told(workspace, until, printed):
    job = start_job(workspace, "locator", [python(f"import os\n{OWN_ID}\n{WAITS}")])
    printed(job.id, "ready")
    (line, *_) = [
        line for line in read_log(workspace, job.id).lines if line.startswith("pid")
    ]
    os.kill(int(line.removeprefix("pid ")), signal.SIGKILL)
    ended = until(job.id)
    assert (ended.state, ended.code) == ("failed", -signal.SIGKILL)
    assert "was ended by SIGKILL" in ended.message


OWN_ID = "print('pid', os.getpid(), flush=True)"


def test_a_program_that_is_not_there_fails_with_a_sentence(workspace, until):
    job = until(start_job(workspace, "x", [Step("odd", ("/no/program",))]).id)
    assert job.state == "failed"
    assert job.message == "Cannot run /no/program: no such file or directory."


def test_a_job_stops_when_asked(workspace, until, printed):
    job = start_job(workspace, "locator", [python(WAITS), python("", "later")])
    printed(job.id, "ready")
    stop_job(workspace, job.id)
    ended = until(job.id)
    assert (ended.state, ended.step) == ("stopped", 1)
    assert ended.message == "Stopped in step 1 of 2, waits."
    assert "KeyboardInterrupt" in " ".join(read_log(workspace, job.id).lines)
    assert stop_job(workspace, job.id) == ended


def test_a_job_that_ignores_that_is_killed(workspace, until, printed):
    job = start_job(workspace, "locator", [python(DEAF)], grace=0.01)
    printed(job.id, "ready")
    stop_job(workspace, job.id)
    ended = until(job.id)
    assert (ended.state, ended.code) == ("stopped", -signal.SIGKILL)
    assert "had not stopped after 0.01 s" in ended.message
    until_free(workspace)


def test_a_command_can_finish_after_it_was_asked_to_stop(workspace, until, printed):
    careful = WAITS.replace("while", "try:\n while") + "\nexcept KeyboardInterrupt: 0"
    job = start_job(workspace, "x", [python(careful), python("print(7)", "later")])
    printed(job.id, "ready")
    stop_job(workspace, job.id)
    ended = until(job.id)
    assert (ended.state, ended.message) == ("stopped", "Stopped before later.")
    last = start_job(workspace, "x", [python(careful)])
    printed(last.id, "ready")
    stop_job(workspace, last.id)
    assert until(last.id).state == "done"


def test_a_job_stops_although_its_starter_ignores_the_signal(
    workspace, until, printed, processes
):
    """As a server does that a shell started in the background."""
    code = """
import signal
signal.signal(signal.SIGINT, signal.SIG_IGN)
from pathlib import Path
from tiefvision.jobs.record import Step
from tiefvision.jobs.starting import start_job
from tiefvision.workspace.artifacts import Workspace
print(start_job(Workspace(Path(root)), "x", [Step("waits", tuple(command))]).id)
"""
    command = python(WAITS).command
    outcome = processes.run(code, root=str(workspace.root), command=command)
    job = outcome.stdout.strip()
    printed(job, "ready")
    stop_job(workspace, job)
    assert until(job).state == "stopped"


def test_a_second_job_is_refused(workspace, until, printed):
    job = start_job(workspace, "locator", [python(WAITS)])
    with pytest.raises(JobRunning, match=f"{job.id}. Only one can run at a time."):
        start_job(workspace, "ranker", [python("")])
    assert [one.id for one in list_jobs(workspace)] == [job.id]
    printed(job.id, "ready")
    stop_job(workspace, job.id)
    until(job.id)
    assert until(start_job(workspace, "ranker", [python("")]).id).state == "done"


def test_a_job_goes_on_when_its_starter_is_killed(workspace, until, processes):
    code = """
from pathlib import Path
from tiefvision.jobs.record import Step
from tiefvision.jobs.starting import start_job
from tiefvision.workspace.artifacts import Workspace
print(start_job(Workspace(Path(root)), "x", [Step("waits", tuple(command))]).id,
      flush=True)
import time
time.sleep(1000)
"""
    goes_on = (
        "import pathlib, time\nwhile not pathlib.Path({!r}).exists(): time.sleep(.01)"
    )
    sign = workspace.root / "sign"
    command = python(goes_on.format(str(sign))).command
    starter = processes.start(code, root=str(workspace.root), command=command)
    while not (job := starter.printed().strip()):
        assert starter.is_alive()
    assert starter.kill().code == -signal.SIGKILL
    assert read_job(workspace, job).state == "running"
    sign.touch()
    assert until(job).state == "done"


def test_a_job_whose_processes_are_gone_has_failed(workspace, until, printed):
    job = start_job(workspace, "locator", [python(WAITS)])
    printed(job.id, "ready")
    os.killpg(job.group, signal.SIGKILL)
    ended = until(job.id)
    assert (ended.state, ended.message, ended.ended) == ("failed", GONE, None)
    assert until(start_job(workspace, "locator", [python("")]).id).state == "done"


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="needs /proc")
def test_a_command_that_outlives_its_runner_counts_as_the_job(
    workspace, until, printed
):
    job = start_job(workspace, "locator", [python(WAITS)])
    printed(job.id, "ready")
    (runner,) = [
        int(line.split()[0])
        for line in _processes_of(job.group)
        if "tiefvision.jobs.runner" in line
    ]
    os.kill(runner, signal.SIGKILL)
    with pytest.raises(JobRunning):
        start_job(workspace, "locator", [python("")])
    assert read_job(workspace, job.id).state == "running"
    stop_job(workspace, job.id)
    assert until(job.id).message == GONE


def _processes_of(group):
    """A line of number and arguments for each process of a group."""
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has just ended
            command = (folder / "cmdline").read_text().replace("\0", " ")
            if os.getpgid(int(folder.name)) == group:
                yield f"{folder.name} {command}"


def test_a_job_that_was_written_down_and_never_started_has_failed(workspace):
    record = JobRecord(new_id(), "locator", (python(""),))
    folder = workspace.root / "jobs" / record.id
    folder.mkdir(parents=True)
    (folder / "job.json").write_text(record.to_json())
    assert read_job(workspace, record.id).message == GONE


@pytest.mark.parametrize("content", [None, "", "{", "[]", '{"id": 3}', '{"steps": 0}'])
def test_a_damaged_record_is_left_out(content, workspace, until):
    whole = until(start_job(workspace, "locator", [python("")]).id)
    folder = workspace.root / "jobs" / new_id()
    folder.mkdir()
    if content is not None:
        (folder / "job.json").write_text(content)
    assert list_jobs(workspace) == [whole]
    with pytest.raises(BadUsage, match="There is no job"):
        read_job(workspace, folder.name)


@pytest.mark.parametrize("name", ["", "..", "../x", "20260101-000000-00000x", "held"])
def test_nothing_but_an_id_becomes_a_path(name, workspace):
    for reading in (read_job, read_log, stop_job):
        with pytest.raises(BadUsage, match="There is no job"):
            reading(workspace, name)


def test_there_are_no_jobs_in_a_new_workspace(workspace):
    assert list_jobs(workspace) == []
    assert not workspace.root.exists()


def test_the_newest_job_comes_first(workspace, until):
    ids = [until(start_job(workspace, "x", [python("")]).id).id for _ in range(3)]
    assert [job.id for job in list_jobs(workspace)] == ids[::-1]


def test_a_workspace_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"):
        start_job(Workspace(tmp_path / "file"), "x", [python("")])
