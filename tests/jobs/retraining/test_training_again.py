"""Training again from the labels to the new model, and what it is compared with."""

import csv
import json

import pytest

from tiefvision.jobs.log import read_log
from tiefvision.jobs.retraining.places import STAGES_OF, again_workspace
from tiefvision.jobs.retraining.verdict import read_verdict
from tiefvision.records import Garment
from tiefvision.workspace.artifacts import STAGES
from tiefvision.workspace.records import read_photos


def test_the_boxes_of_labels_replace_those_of_the_dataset(again, described, training):
    place, job = again("locator")
    made = again_workspace(place, job)
    with made.open("photos") as photos:
        known = {photo.path: photo for photo in read_photos(photos)}
    first, second, third, *_ = training
    new = f"z-labelled-{job}/_catalogue/new.jpg"
    assert known.keys() == described.keys() | {new}
    box = Garment("skirt", (10.0, 20.0, 70.0, 100.0))
    assert known[first].garments == (box,)
    assert len(known[second].garments) == 2
    assert known[third] == described[third]
    assert known[new].split == "train"
    splits = {path: known[path].split for path in described}
    assert splits == {path: one.split for path, one in described.items()}


def test_photographs_of_the_dataset_are_linked_and_new_ones_copied(again, dataset):
    place, job = again("locator")
    images = place.root / "again" / job / "dataset" / "images"
    linked = [path for path in images.iterdir() if path.is_symlink()]
    assert {path.name for path in linked} == {
        path.name for path in (dataset / "images").iterdir()
    }
    new = images / f"z-labelled-{job}" / "_catalogue" / "new.jpg"
    assert new.is_file() and not new.is_symlink()


def test_what_is_unchanged_is_not_encoded_again(again, described):
    place, job = again("locator")
    lines = read_log(place, job).lines
    kept = f"{len(described)} photographs need not be encoded again."
    assert kept in lines
    made = again_workspace(place, job)
    with place.open("features") as old, made.open("features") as new:
        for path in described:
            for name, cells in old.tensors(f"map/{path}").items():
                assert (cells == new.tensor(f"map/{path}", name)).all()
        assert new.has(f"map/z-labelled-{job}/_catalogue/new.jpg")
        assert new.header.encoder == old.header.encoder


@pytest.mark.parametrize("kind", ["locator", "ranker"])
def test_the_stages_run_with_the_settings_of_before(kind, again):
    place, job = again(kind)
    made = again_workspace(place, job)
    differing = {"data", "triplets"}
    for stage in STAGES_OF[kind]:
        name = STAGES[stage]
        with place.open(name) as old, made.open(name) as new:
            before, after = old.header.config, new.header.config
            assert before.keys() == after.keys()
            changed = {key for key in before if before[key] != after[key]}
            assert changed <= differing


def test_a_ranker_learns_from_the_judgements_of_training_photographs(again):
    place, job = again("ranker")
    made = again_workspace(place, job)
    with (made.root / "judged" / "triplets.csv").open() as file:
        rows = list(csv.reader(file))
    assert len(rows) == 3
    figures = json.loads(made.report_path("train_deeprank").read_text())["figures"]
    before = json.loads(place.report_path("train_deeprank").read_text())["figures"]
    assert figures["judged"] == before["judged"] + 2


@pytest.mark.parametrize("kind", ["locator", "ranker"])
def test_the_new_model_is_compared_with_the_old_one(kind, again):
    place, job = again(kind)
    verdict = read_verdict(place, job)
    assert verdict.kind == kind
    names = {
        "locator": "mean IoU of the boxes told",
        "ranker": "recall@1",
    }
    first = verdict.figures[0]
    assert first.name == names[kind]
    assert first.low <= first.difference <= first.high
    assert verdict.sentence in read_log(place, job).lines
    assert f"{first.new:.3f} after {first.old:.3f}" in verdict.sentence


def test_the_figures_of_a_ranker_are_those_of_the_comparison(again):
    place, job = again("ranker")
    recall = read_verdict(place, job).figures[0]
    both = {place: recall.old, again_workspace(place, job): recall.new}
    for workspace, figure in both.items():
        report = json.loads(workspace.report_path("compare").read_text())
        reported = report["figures"]["recall@1"]["deeprank"]
        assert reported == pytest.approx(figure, abs=1e-4)
