"""What is refused before anything starts, and what the commands are."""

import importlib.util
import json

import pytest

from tests.jobs.retraining.conftest import coco
from tiefvision.errors import BadDataset, MissingArtifact, TiefVisionError
from tiefvision.jobs.folders import list_jobs
from tiefvision.jobs.retraining.planning import (
    counts_in_words,
    plan_refresh,
    plan_training,
)
from tiefvision.workspace.artifacts import STAGES, Workspace


def stages_of(plan):
    return [step.command[3] for step in plan.steps if step.command[2] == "stages"]


def test_a_locator_takes_stages_1_to_5(trained, labels):
    plan = plan_training(Workspace(trained), "locator", labels, ("--threads=1",))
    assert stages_of(plan) == list(STAGES)[:5]
    assert plan.counts == {"relabelled": 2, "added": 1, "left out": 0}
    assert all(
        "--threads=1" in step.command
        for step in plan.steps
        if step.command[2] == "stages"
    )
    (classifier,) = [one for one in plan.steps if "train_classifier" in one.command]
    assert "--categories=outfit" in classifier.command
    assert "--epochs=12" in classifier.command


def test_a_ranker_takes_stages_8_and_9(trained, labels):
    plan = plan_training(Workspace(trained), "ranker", labels)
    assert stages_of(plan) == ["train_deeprank", "compare"]
    assert plan.counts == {"judged": 2, "left out": 1}


def test_planning_changes_nothing(trained, labels):
    before = sorted(trained.rglob("*"))
    plan_training(Workspace(trained), "locator", labels)
    assert sorted(trained.rglob("*")) == before
    assert list_jobs(Workspace(trained)) == []


def test_the_stages_are_needed(trained, labels, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(TiefVisionError, match="Run it in a clone"):
        plan_training(Workspace(trained), "locator", labels)


def test_another_package_of_that_name_has_no_stages(trained, labels, monkeypatch):
    def find_spec(name):
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(importlib.util, "find_spec", find_spec)
    with pytest.raises(TiefVisionError, match="Run it in a clone"):
        plan_training(Workspace(trained), "locator", labels)


def test_a_dataset_is_needed(tmp_path, labels):
    with pytest.raises(MissingArtifact, match=r"has no dataset.*make all DATA=DIR"):
        plan_training(Workspace(tmp_path), "locator", labels)


def test_the_model_is_needed(run, labels):
    (run / "deeprank.lmdb").unlink()
    with pytest.raises(MissingArtifact, match=r"deeprank\.lmdb.*make stage-8"):
        plan_training(Workspace(run), "ranker", labels)


def test_labels_are_needed(trained, tmp_path):
    for path in (tmp_path / "no.json", tmp_path):
        with pytest.raises(BadDataset, match="There are no labels"):
            plan_training(Workspace(trained), "locator", path)


def test_a_coco_file_alone_goes_by_paths(trained, training, tmp_path):
    boxes = {training[0]: [[1.0, 2.0, 30.0, 40.0]], "nowhere.jpg": [[1, 2, 3, 4]]}
    file = tmp_path / "boxes.json"
    file.write_text(json.dumps(coco(boxes)))
    plan = plan_training(Workspace(trained), "locator", file)
    assert plan.counts == {"relabelled": 1, "added": 0, "left out": 1}


def test_a_photograph_without_boxes_is_labelled_if_it_says_so(
    trained, training, tmp_path
):
    """An export lists photographs of judged triplets, too."""
    file = tmp_path / "boxes.json"
    content = coco({training[0]: [], training[1]: []})
    content["images"][0]["annotated_at"] = "2026-01-01T12:00:00Z"
    file.write_text(json.dumps(content))
    plan = plan_training(Workspace(trained), "locator", file)
    assert plan.counts["relabelled"] == 1


@pytest.mark.parametrize("content", ["", "[]", '{"images": 3}'])
def test_a_damaged_file_is_one_sentence(content, trained, tmp_path):
    file = tmp_path / "boxes.json"
    file.write_text(content)
    with pytest.raises(BadDataset, match=r"boxes\.json"):
        plan_training(Workspace(trained), "locator", file)


def test_labels_of_unknown_photographs_teach_nothing(trained, tmp_path):
    boxes = tmp_path / "boxes.json"
    boxes.write_text(json.dumps(coco({"nowhere.jpg": [[1.0, 2.0, 3.0, 4.0]]})))
    judged = tmp_path / "judged.csv"
    judged.write_text("query,positive,negative\na.jpg,b.jpg,c.jpg\n")
    for kind, file in (("locator", boxes), ("ranker", judged)):
        with pytest.raises(BadDataset, match="can learn nothing from the labels"):
            plan_training(Workspace(trained), kind, file)


def test_judgements_of_held_out_photographs_are_left_out(
    trained, described, training, tmp_path
):
    held_out = next(path for path, one in described.items() if one.split == "test")
    lines = [f"{training[0]},{training[1]},{held_out}"]
    lines += [f"{training[0]},{training[0]},{training[1]}"]  # a mirror image
    file = tmp_path / "judged.csv"
    file.write_text("\n".join(["query,positive,negative", *lines]))
    plan = plan_training(Workspace(trained), "ranker", file)
    assert plan.counts == {"judged": 1, "left out": 1}


def test_content_and_not_the_name_tells_a_photograph(
    trained, training, dataset, tmp_path
):
    """Another photograph of a known name is a new one; a known one of another name is
    not."""
    (tmp_path / "images").mkdir()
    first, second, *_ = training
    (tmp_path / "images" / "copy.jpg").write_bytes(
        (dataset / "images" / first).read_bytes()
    )
    other = tmp_path / "images" / second
    other.parent.mkdir(parents=True, exist_ok=True)
    other.write_bytes((dataset / "images" / first).read_bytes() + b"\0")
    boxes = {"copy.jpg": [[1.0, 2.0, 30.0, 40.0]], second: [[1.0, 2.0, 30.0, 40.0]]}
    (tmp_path / "annotations.json").write_text(json.dumps(coco(boxes)))
    plan = plan_training(Workspace(trained), "locator", tmp_path)
    assert plan.counts == {"relabelled": 1, "added": 1, "left out": 0}


def test_what_follows_a_locator_is_made_anew(trained, tmp_path):
    place = Workspace(trained)
    plan = plan_refresh(place, "locator", tmp_path / "shop")
    assert stages_of(plan) == list(STAGES)[5:]
    assert str(tmp_path / "shop") in plan.steps[-1].command
    assert plan_refresh(place, "ranker", None).steps == ()


def test_counts_are_told_in_words():
    counts = {"relabelled": 3, "added": 0, "left out": 1}
    assert counts_in_words(counts) == "3 relabelled, 1 left out"
