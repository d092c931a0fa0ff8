"""The training page as a person uses it: a job started, watched and stopped."""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.jobs.conftest import python
from tests.web.browser.conftest import Visit
from tiefvision.jobs.folders import new_id, write_job
from tiefvision.jobs.record import JobRecord
from tiefvision.jobs.retraining.planning import Plan
from tiefvision.jobs.retraining.verdict import (
    ComparedFigure,
    verdict_of,
    write_verdict,
)
from tiefvision.labels.records import PhotoLabel
from tiefvision.labels.workspaces import dataset_photos, labels_of
from tiefvision.records import Garment
from tiefvision.web import training
from tiefvision.workspace.artifacts import Workspace

COUNTS = """
import time
for number in range(10 ** 6):
    print("epoch", number, flush=True)
    time.sleep(0.02)
"""


@pytest.fixture
def taught(run: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A workspace with a label, whose jobs count instead of training."""

    def plan_training(
        workspace: Workspace, kind: Any, labels: Path, *, job: str
    ) -> Plan:
        steps = (python("print('merged')", "merge"), python(COUNTS, "train"))
        return Plan(job, kind, steps, {"relabelled": 1})

    monkeypatch.setattr(training, "plan_training", plan_training)
    place = Workspace(run)
    skirt = Garment("lower", (10.0, 20.0, 70.0, 100.0), label="skirt")
    photo = dataset_photos(place)[0]
    labels_of(place).save_boxes(PhotoLabel(photo, "boxes", (skirt,)))
    return place


@pytest.mark.parametrize("size", ["wide", "narrow"])
def test_a_job_is_started_its_log_grows_and_it_is_stopped(
    taught: Workspace, visit: Visit, size: str
) -> None:
    page = visit("/training", size)
    assert page.get_by_role("button", name="Train the ranker again").is_disabled()
    page.get_by_role("button", name="Train the locator again").click()
    job = page.locator(".job").first
    job.locator(".step", has_text="Step 2 of 2: train").wait_for()
    first, later = job.locator(".log", has_text="epoch 1\n"), "epoch 100\n"
    first.wait_for()
    page.locator(".log", has_text=re.compile(later)).wait_for()
    status = page.get_by_role("status").first
    assert "Step 2 of 2: train" in status.text_content()
    for button in page.locator("[data-start]").all():
        assert button.is_disabled()
    page.once("dialog", lambda asked: asked.dismiss())
    page.get_by_role("button", name="Stop").click()
    assert job.get_attribute("data-running") is not None
    page.once("dialog", lambda asked: asked.accept())
    page.get_by_role("button", name="Stop").click()
    job.locator(".state", has_text="stopped").wait_for()
    assert job.locator(".step").text_content() == "Stopped in step 2 of 2, train."
    assert page.get_by_role("button", name="Train the locator again").is_enabled()
    wide = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    assert wide <= 0


def test_the_comparison_is_a_table(taught: Workspace, visit: Visit) -> None:
    record = JobRecord(new_id(), "ranker", (python(""),), "done", 1, message="Done.")
    figures = [
        ComparedFigure("recall@1", 0.5, 0.625, -0.1, 0.35),
        ComparedFigure("reciprocal rank", 0.6, 0.7, 0.05, 0.15),
    ]
    write_job(taught, record)
    write_verdict(taught, record.id, verdict_of("ranker", "8 searches", figures))
    page = visit("/training")
    assert page.get_by_text("the old one by no more than chance").is_visible()
    rows = page.get_by_role("row").all_inner_texts()
    assert rows[2].split("\t") == [
        "reciprocal rank",
        "0.600",
        "0.700",
        "+0.100",
        "+0.050 to +0.150",
    ]
    best = page.locator("td.best").all_inner_texts()
    assert best == ["0.625", "0.700"]
