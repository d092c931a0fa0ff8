"""The training page and its interface, with stand-ins for the stages."""

import time
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.jobs.conftest import WAITS, python
from tests.web.conftest import Serve
from tiefvision.jobs.folders import new_id, write_job
from tiefvision.jobs.record import JobRecord
from tiefvision.jobs.retraining import planning
from tiefvision.jobs.retraining.places import again_folder
from tiefvision.jobs.retraining.planning import Plan
from tiefvision.jobs.starting import start_job
from tiefvision.labels.records import Judgement, PhotoLabel
from tiefvision.labels.workspaces import dataset_photos, labels_of
from tiefvision.records import Garment
from tiefvision.web import training
from tiefvision.workspace.artifacts import Workspace

SKIRT = {"box": [10.0, 20.0, 60.5, 110.25], "group": "lower", "name": "skirt"}

Plans = Callable[..., None]


@pytest.fixture
def planned(monkeypatch: pytest.MonkeyPatch) -> Plans:
    """Gives jobs stand-ins for their commands."""

    def plan_as(code: str) -> None:
        def plan_training(
            workspace: Workspace, kind: Any, labels: Path, *, job: str
        ) -> Plan:
            assert (labels / "annotations.json").is_file()
            return Plan(job, kind, (python(code, "train"),), {"relabelled": 1})

        monkeypatch.setattr(training, "plan_training", plan_training)

    return plan_as


@pytest.fixture
def labelled(client: TestClient) -> TestClient:
    """A client of a workspace with a labelled photograph."""
    photo = client.get("/api/labels/next").json()["photo"]
    saved = client.post(f"/api/labels/photos/{photo}", json={"boxes": [SKIRT]})
    assert saved.status_code == 200, saved.text
    return client


def started(client: TestClient, kind: str = "locator") -> Any:
    answer = client.post("/api/jobs", json={"kind": kind})
    assert answer.status_code == 202, answer.text
    return answer.json()


def ended(client: TestClient, job: str) -> Any:
    while True:
        told = client.get(f"/api/jobs/{job}").json()
        if told["state"] in ("done", "failed", "stopped"):
            return told
        time.sleep(0.01)


def log_of(client: TestClient, job: str) -> list[str]:
    lines: list[str] = client.get(f"/api/jobs/{job}/log").json()["lines"]
    return lines


def until_printed(client: TestClient, job: str, word: str) -> None:
    while word not in log_of(client, job):
        assert client.get(f"/api/jobs/{job}").json()["state"] == "running"


def test_a_job_is_started_watched_and_listed(
    labelled: TestClient, planned: Plans
) -> None:
    planned("print('learning')")
    job = started(labelled)
    assert (job["kind"], job["steps"]) == ("locator", ["train"])
    assert job["about"]["labels"] == {"relabelled": 1}
    told = ended(labelled, job["id"])
    assert (told["state"], told["in_words"], told["verdict"]) == ("done", "Done.", None)
    log = labelled.get(f"/api/jobs/{job['id']}/log").json()
    assert log["lines"] == ["Step 1 of 1: train", "learning"]
    rest = labelled.get(f"/api/jobs/{job['id']}/log?after={log['offset']}").json()
    assert rest == {"lines": [], "last": "", "offset": log["offset"], "skipped": False}
    (listed,) = labelled.get("/api/jobs").json()["jobs"]
    assert listed["id"] == job["id"]


def test_a_job_is_stopped_and_a_second_one_refused(
    labelled: TestClient, planned: Plans, run: Path
) -> None:
    planned(WAITS)
    job = started(labelled)["id"]
    until_printed(labelled, job, "ready")
    refused = labelled.post("/api/jobs", json={"kind": "locator"})
    assert refused.status_code == 409
    assert refused.headers["content-type"] == "application/problem+json"
    assert "Only one can run at a time." in refused.json()["detail"]
    assert [path.name for path in (run / "again").iterdir()] == [job]
    stopped = labelled.post(f"/api/jobs/{job}/stop")
    assert stopped.status_code == 200
    assert ended(labelled, job)["state"] == "stopped"
    for action in ("use", "undo", "refresh"):
        answer = labelled.post(f"/api/jobs/{job}/{action}")
        assert answer.status_code == 400
        assert "has made no model: it is stopped" in answer.json()["detail"]


def test_a_job_goes_on_when_the_server_ends(
    serve: Serve, planned: Plans, run: Path, tmp_path: Path
) -> None:
    sign = tmp_path / "sign"
    planned(f"""
import pathlib, time
while not pathlib.Path({str(sign)!r}).exists():
    time.sleep(0.01)
print("went on")
""")
    with serve() as client:
        photo = client.get("/api/labels/next").json()["photo"]
        client.post(f"/api/labels/photos/{photo}", json={"boxes": [SKIRT]})
        job = started(client)["id"]
    sign.touch()
    other = serve()
    assert ended(other, job)["state"] == "done"
    assert log_of(other, job)[-1] == "went on"


@pytest.mark.parametrize("kind", ["locator", "ranker"])
def test_without_labels_there_is_nothing_to_learn(
    kind: str, client: TestClient, run: Path
) -> None:
    answer = client.post("/api/jobs", json={"kind": kind})
    assert answer.status_code == 400
    assert "on the page" in answer.json()["detail"]
    assert not (run / "again").exists()


def test_judgements_of_held_out_photographs_do_not_count(
    client: TestClient, run: Path
) -> None:
    known = dataset_photos(Workspace(run))
    held_out = [one for one in known if one.photo.split == "test"][:3]
    labels_of(Workspace(run)).save_judgement(Judgement(*held_out))
    page = client.get("/training").text
    assert "Judged triplets: 1; those of training photographs count: 0." in page
    answer = client.post("/api/jobs", json={"kind": "ranker"})
    assert "No triplet of training photographs" in answer.json()["detail"]


def test_what_cannot_be_planned_leaves_nothing(
    labelled: TestClient, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning.importlib.util, "find_spec", lambda name: None)
    answer = labelled.post("/api/jobs", json={"kind": "locator"})
    assert answer.status_code == 400
    assert "Run it in a clone of the repository." in answer.json()["detail"]
    assert "Run it in a clone of the repository." in labelled.get("/training").text


def test_a_job_that_is_not_there(client: TestClient) -> None:
    for job in ("20260101-000000-000000", "..", "x", "a%2Fb"):
        for action in ("", "/log", "/stop", "/use", "/undo", "/refresh"):
            ask = client.get if action in ("", "/log") else client.post
            answer = ask(f"/api/jobs/{job}{action}")
            assert answer.status_code in (404, 405, 422), (job, action)
            assert answer.headers["content-type"] == "application/problem+json"


def test_a_wrong_order_is_refused(client: TestClient) -> None:
    for body in (b"", b"{}", b"[]", b'{"kind": "x"}', b'{"kind": "ranker", "more": 1}'):
        assert client.post("/api/jobs", content=body).status_code == 422, body


def test_another_site_cannot_start_a_job(labelled: TestClient) -> None:
    headers = {"Origin": "http://elsewhere.example"}
    answer = labelled.post("/api/jobs", json={"kind": "locator"}, headers=headers)
    assert answer.status_code == 403


def test_the_log_on_the_page_is_text(client: TestClient, run: Path) -> None:
    code = "print('<b>bold</b> \\x1b[31mred\\x1b[0m')"
    job = start_job(Workspace(run), "locator", [python(code, "<i>train</i>")])
    ended(client, job.id)
    page = client.get("/training").text
    assert "&lt;b&gt;bold&lt;/b&gt; red" in page
    assert "<b>bold" not in page and "<i>train" not in page
    assert " style=" not in page


def test_searches_load_what_was_made_anew(
    client: TestClient, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Workspace(run)
    made = JobRecord(new_id(), "ranker", (python(""),), "done", 1)
    write_job(place, made)
    plan = Plan(new_id(), "ranker", (python("", "make"),))
    monkeypatch.setattr(training, "plan_refresh", lambda *arguments: plan)
    monkeypatch.setattr(training, "PATIENCE", 0.01)
    reloaded = Event()
    finder = client.app.state.services.finder  # type: ignore[attr-defined]
    monkeypatch.setattr(finder, "reload", reloaded.set)
    answer = client.post(f"/api/jobs/{made.id}/refresh")
    assert (answer.status_code, answer.json()["kind"]) == (202, "refresh")
    assert answer.json()["about"] == {"of": made.id}
    assert ended(client, plan.id)["state"] == "done"
    assert reloaded.wait(60)


@pytest.mark.slow
def test_labels_are_learnt_used_and_taken_back(
    client: TestClient, run: Path, street: Path
) -> None:
    """The real thing: the labels of the page, all stages, the page's buttons."""
    place = Workspace(run)
    known = dataset_photos(place)
    store = labels_of(place)
    training_photos = [one for one in known if one.photo.split == "train"]
    first = training_photos[0]
    skirt = Garment("lower", (10.0, 20.0, 70.0, 100.0), label="skirt")
    store.save_boxes(PhotoLabel(first, "boxes", (skirt,)))
    judged = Judgement(*training_photos[:3])
    store.save_judgement(judged)
    job = started(client, "ranker")["id"]
    told = ended(client, job)
    assert told["state"] == "done", log_of(client, job)
    assert told["verdict"]["figures"][0]["name"] == "recall@1"
    uploaded = client.post("/api/photos", content=street.read_bytes()).json()["photo"]
    question = f"/api/search?photo={uploaded}&whole=1&ranker=deeprank&k=3"
    before = client.get(question).json()
    page = client.get("/training").text
    assert "Use the new model" in page
    assert client.post(f"/api/jobs/{job}/use").status_code == 200
    assert "Go back to the old model" in client.get("/training").text
    after = client.get(question).json()
    assert after != before
    assert client.post(f"/api/jobs/{job}/undo").status_code == 200
    assert client.get(question).json() == before
    again = client.post(f"/api/jobs/{job}/undo")
    assert (again.status_code, again.json()["detail"]) == (
        400,
        f"The model of job {job} is not in use.",
    )
    assert not again_folder(place, new_id()).exists()
