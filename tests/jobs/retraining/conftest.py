"""Labels of the drawn dataset, and jobs of training again that have run once."""

import json
import shutil
from collections.abc import Callable
from contextlib import redirect_stderr
from pathlib import Path
from typing import Any

import pytest

from stages.runner import make_app
from tests.conftest import LEARNT, MakeOnce, linked_copy
from tiefvision.cli.main import app
from tiefvision.cli.running import DONE, guarded
from tiefvision.jobs.folders import write_job
from tiefvision.jobs.record import JobRecord, Step
from tiefvision.jobs.retraining.planning import plan_training
from tiefvision.workspace.artifacts import Workspace
from tiefvision.workspace.records import read_photos

MakeLabels = Callable[..., Path]


@pytest.fixture(scope="session")
def described(trained: Path) -> dict[str, Any]:
    """The photographs of the dataset by path, as stage 1 knows them."""
    with Workspace(trained).open("photos") as photos:
        return {photo.path: photo for photo in read_photos(photos)}


@pytest.fixture(scope="session")
def training(described: dict[str, Any]) -> list[str]:
    """Paths of the training split."""
    return [path for path, one in described.items() if one.split == "train"]


def coco(boxes: dict[str, list[list[float]]], **of_images: Any) -> dict[str, Any]:
    """A COCO file: boxes of x, y, width, height of photographs, all of one category."""
    images = [
        {"id": number, "file_name": path, "width": 300, "height": 400, **of_images}
        for number, path in enumerate(boxes, start=1)
    ]
    annotations = [
        {"id": None, "image_id": image["id"], "category_id": 1, "bbox": box}
        for image in images
        for box in boxes[image["file_name"]]
    ]
    for number, annotation in enumerate(annotations, start=1):
        annotation["id"] = number
    skirts = [{"id": 1, "name": "skirt", "supercategory": "lower"}]
    return {"images": images, "annotations": annotations, "categories": skirts}


@pytest.fixture(scope="session")
def labels(
    made_once: MakeOnce, dataset: Path, training: list[str], street: Path
) -> Path:
    """Two photographs labelled again, a new one, and two judged triplets.

    The new one is drawn from a held-out photograph, so that its content is unknown.
    """

    def make(folder: Path) -> None:
        from PIL import Image

        (folder / "images" / "_catalogue").mkdir(parents=True)
        first, second, third, *_ = training
        Image.open(street).rotate(180).save(folder / "images/_catalogue/new.jpg")
        boxes = {
            first: [[10.0, 20.0, 60.0, 80.0]],
            second: [[12.0, 22.0, 60.0, 80.0], [30.0, 20.0, 50.0, 50.0]],
            "_catalogue/new.jpg": [[10.0, 20.0, 60.0, 80.0]],
        }
        (folder / "annotations.json").write_text(json.dumps(coco(boxes)))
        for path in (first, second):
            target = folder / "images" / path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(dataset / "images" / path, target)
        lines = [
            "query,positive,negative",
            f"{first},{second},{third}",
            f"{second},{third},{first}",
            f"{first},_catalogue/new.jpg,{third}",
        ]
        (folder / "triplets.csv").write_text("\n".join(lines))

    return made_once("labels", make)


def run_here(step: Step) -> int:
    """Run a step in this process, which has imported torch already; its exit code."""
    _, option, program, *arguments = step.command
    assert option == "-m"
    return guarded({"stages": make_app(), "tiefvision": app}[program], arguments)


@pytest.fixture(scope="session")
def retrained(
    made_once: MakeOnce, all_stages: Path, labels: Path
) -> Callable[[str], Path]:
    """A workspace in which a model was trained again; tests must not change it."""

    def of(kind: str) -> Path:
        def train(folder: Path) -> None:
            place = Workspace(linked_copy(all_stages, folder / "run", ignore=LEARNT))
            plan = plan_training(place, kind, labels)
            record = JobRecord(plan.id, kind, plan.steps, "done", len(plan.steps))
            write_job(place, record)
            log = place.root / "jobs" / plan.id / "log"
            with log.open("w") as file, redirect_stderr(file):
                for step in plan.steps:
                    assert run_here(step) == DONE, log.read_text()

        return made_once(f"retrained-{kind}", train) / "run"

    return of


@pytest.fixture
def again(
    retrained: Callable[[str], Path], tmp_path: Path
) -> Callable[[str], tuple[Workspace, str]]:
    """A copy of such a workspace, and the id of its job."""

    def of(kind: str) -> tuple[Workspace, str]:
        root = tmp_path / kind
        shutil.copytree(retrained(kind), root, symlinks=True)
        (job,) = [path.name for path in (root / "again").iterdir()]
        return Workspace(root), job

    return of
