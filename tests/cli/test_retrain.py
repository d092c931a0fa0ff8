"""``tiefvision retrain`` and ``tiefvision jobs``."""

import json
import sys
from pathlib import Path

import pytest

from tests.jobs.conftest import WAITS, python
from tiefvision.cli.main import app
from tiefvision.cli.running import BAD_USAGE, DONE, FAILED, INTERRUPTED, guarded
from tiefvision.jobs.folders import list_jobs, new_id, read_job
from tiefvision.jobs.record import Step
from tiefvision.jobs.retraining import planning
from tiefvision.jobs.retraining.planning import Plan
from tiefvision.jobs.starting import start_job
from tiefvision.workspace.artifacts import Workspace

VERDICT = {
    "kind": "ranker",
    "measured_on": "8 searches of the test split",
    "figures": [
        {"name": "recall@1", "old": 0.5, "new": 0.625, "low": -0.1, "high": 0.35}
    ],
    "sentence": "The new ranker differs from the old one by no more than chance.",
}


@pytest.fixture
def planned(monkeypatch, tmp_path):
    """Stand-ins for the commands of a job, which then leaves a verdict."""

    def plan_as(*steps):
        def plan_training(workspace, kind, labels, shared):
            job = new_id()
            folder = workspace.root.absolute() / "again" / job
            code = (
                "import pathlib\n"
                f"folder = pathlib.Path({str(folder)!r})\n"
                "folder.mkdir(parents=True)\n"
                f"(folder / 'verdict.json').write_text({json.dumps(VERDICT)!r})"
            )
            return Plan(job, kind, (*steps, python(code, "judge")), {"judged": 3})

        monkeypatch.setattr(planning, "plan_training", plan_training)

    plan_as(python("print('learning')", "train DeepRank"))
    return plan_as


def retrain(tmp_path, *arguments):
    return guarded(app, ["retrain", *arguments, "--workspace", str(tmp_path)])


def test_it_follows_the_job_and_shows_the_comparison(planned, tmp_path, capfd):
    assert retrain(tmp_path, "ranker", "--labels", "judged.csv") == DONE
    printed, told = capfd.readouterr()
    (job,) = list_jobs(Workspace(tmp_path))
    assert told.splitlines() == [
        "Training the ranker again on labels: 3 judged.",
        "Step 1 of 2: train DeepRank",
        "learning",
        "Step 2 of 2: judge",
        f"To use it: tiefvision retrain use {job.id} --workspace {tmp_path}",
    ]
    assert printed.splitlines()[0] == VERDICT["sentence"]
    row = "recall@1", "0.500", "0.625", "+0.125", "[-0.100,", "+0.350]"
    assert tuple(printed.splitlines()[-1].split()) == row


def test_a_program_reads_one_line(planned, tmp_path, capfd):
    arguments = ("ranker", "--labels", "judged.csv", "--json", "--quiet")
    assert retrain(tmp_path, *arguments) == DONE
    printed, told = capfd.readouterr()
    (job,) = list_jobs(Workspace(tmp_path))
    record = json.loads(printed)
    assert (record["job"], record["sentence"]) == (job.id, VERDICT["sentence"])
    assert record["figures"][0]["difference"] == 0.125
    assert told == ""


def test_a_job_that_fails_is_an_error(planned, tmp_path, capfd):
    planned(python("raise SystemExit('no such crops')", "train DeepRank"))
    assert retrain(tmp_path, "ranker", "--labels", "judged.csv") == FAILED
    told = capfd.readouterr().err.splitlines()
    why = "Error: Step 1 of 2, train DeepRank, failed with exit code 1; the log tells "
    assert told[-2:] == ["no such crops", f"{why}why."]


def test_ctrl_c_stops_the_job(processes, tmp_path):
    code = f"""
import sys
from pathlib import Path
from tiefvision.cli.retrain import follow
from tiefvision.jobs.record import Step
from tiefvision.jobs.starting import start_job
from tiefvision.workspace.artifacts import Workspace
place = Workspace(Path(root))
job = start_job(place, "ranker", [Step("train", (sys.executable, "-c", {WAITS!r}))])
print("following", flush=True)
sys.exit(follow(place, job.id, quiet=True))
"""
    process = processes.start(code, root=str(tmp_path))
    while "following" not in process.printed():
        assert process.is_alive()
    (job,) = list_jobs(Workspace(tmp_path))
    log = tmp_path / "jobs" / job.id / "log"
    while "ready" not in log.read_text():
        assert process.is_alive()
    process.interrupt()
    outcome = process.wait()
    assert outcome.code == INTERRUPTED
    assert "Stopping; what was finished is kept." in outcome.stderr
    assert read_job(Workspace(tmp_path), job.id).state == "stopped"


@pytest.mark.parametrize("action", ["use", "undo", "refresh"])
def test_a_job_without_a_model_cannot_be_used(action, tmp_path, capfd):
    place = Workspace(tmp_path)
    job = start_job(place, "ranker", [python("raise SystemExit(1)")])
    while not read_job(place, job.id).has_ended:
        pass
    assert retrain(tmp_path, action, job.id) == BAD_USAGE
    why = f"Error: The job {job.id} has made no model: it is failed."
    assert capfd.readouterr().err.splitlines() == [why]
    assert retrain(tmp_path, action, "../jobs") == BAD_USAGE
    assert "There is no job '../jobs'" in capfd.readouterr().err


def test_labels_that_are_not_there_are_one_sentence(trained, tmp_path, capfd):
    arguments = ("locator", "--labels", str(tmp_path / "no.json"))
    assert retrain(trained, *arguments) == FAILED
    (line,) = capfd.readouterr().err.splitlines()
    assert line.startswith(f"Error: There are no labels at {tmp_path / 'no.json'}.")


def jobs(tmp_path, *arguments):
    return guarded(app, ["jobs", *arguments, "--workspace", str(tmp_path)])


def test_jobs_are_listed(tmp_path, capfd):
    assert jobs(tmp_path) == DONE
    assert capfd.readouterr().err == f"No job has run in {tmp_path}.\n"
    place = Workspace(tmp_path)
    job = start_job(place, "ranker", [Step("odd", (sys.executable, "-c", ""))])
    while not read_job(place, job.id).has_ended:
        pass
    assert jobs(tmp_path) == DONE
    row = capfd.readouterr().out.splitlines()[1]
    assert row.split()[:3] == [job.id, "ranker", "done"]
    assert jobs(tmp_path, "--json") == DONE
    record = json.loads(capfd.readouterr().out)
    assert (record["id"], record["state"], record["steps"]) == (job.id, "done", ["odd"])


def test_the_job_that_runs_is_stopped(tmp_path, capfd):
    place = Workspace(tmp_path)
    job = start_job(place, "ranker", [python(WAITS)])
    while "ready" not in Path(tmp_path / "jobs" / job.id / "log").read_text():
        pass
    assert jobs(tmp_path, "--stop") == DONE
    assert f"Asked {job.id} to stop" in capfd.readouterr().err
    while not (ended := read_job(place, job.id)).has_ended:
        pass
    assert ended.state == "stopped"
    assert jobs(tmp_path, "--stop") == DONE
    assert capfd.readouterr().err == f"No job runs in {tmp_path}.\n"
