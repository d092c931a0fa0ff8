"""Every stage, in order, on a small dataset: the figures must be right, not only there.

The workspace is the fixture ``trained``, in which all stages have run.
"""

import json

import pytest
import torch

from stages.runner import stage_modules
from tiefvision.catalogue.gallery import read_index, read_rows
from tiefvision.evaluation.searches import search_of_split
from tiefvision.judging.results import run_search
from tiefvision.models.rankers import load_ranker
from tiefvision.models.trained import TrainedModels
from tiefvision.workspace.artifacts import STAGES, Workspace
from tiefvision.workspace.garments import garments_reader
from tiefvision.workspace.job import Resources
from tiefvision.workspace.maps import paths_with_maps
from tiefvision.workspace.records import read_photos

RANKERS = ("cosine", "deeprank")


def figures(workspace, stage):
    report = json.loads((workspace / "reports" / f"{stage}.json").read_text("utf-8"))
    assert report["stage"] == stage
    return report["figures"]


def test_every_stage_leaves_an_artifact_and_a_report(trained):
    for stage in stage_modules():
        with Workspace(trained).open(STAGES[stage]) as artifact:
            assert artifact.header.stage == stage
            assert artifact.header.count
        assert figures(trained, stage)
    left = {path.suffix for path in trained.iterdir()} - {"", ".lmdb", ".lock"}
    assert not left, "something unfinished was left behind"


def test_no_photograph_is_lost_on_the_way(trained):
    assert figures(trained, "ingest")["photos"] == 24
    encoded = figures(trained, "encode")
    assert (encoded["encoded"], encoded["skipped"]) == (24, 0)
    crops = figures(trained, "encode_crops")
    assert (crops["crops"], crops["skipped"]) == (24, 0)


def test_the_classifier_and_the_regressors_learn(trained):
    for stage in ("train_classifier", "train_boxes"):
        learnt = figures(trained, stage)
        before, last = learnt["before"], learnt["last"]
        assert last["val_log_likelihood"] > before["val_log_likelihood"] + 0.2


def test_the_locator_beats_the_box_that_needs_no_photograph(trained):
    located = figures(trained, "localise")
    train = located["train"]
    assert train["mean_iou"] > train["mean_box_iou"] + 0.1
    splits = [located[name] for name in ("train", "val", "test")]
    everywhere = {
        name: sum(split[name] * split["garments"] for split in splits)
        for name in ("mean_iou", "mean_box_iou")
    }
    assert everywhere["mean_iou"] > everywhere["mean_box_iou"]


def test_the_report_of_locating_tells_categories_and_shows_the_worst(trained):
    located = figures(trained, "localise")
    outfit = located["test_by_category"]["outfit"]
    assert outfit["garments"] == located["test"]["garments"]
    assert outfit["mean_iou"] == pytest.approx(located["test"]["mean_iou"])
    assert 0 <= outfit["ap50_95"] <= outfit["ap50"] <= 1
    page = (trained / "reports" / "localise.html").read_text("utf-8")
    assert page.count("<article") == min(20, located["test"]["photographs"])
    assert "outfit 0." in page


def test_deeprank_ranks_what_it_was_trained_on_better_than_the_baseline(trained):
    workspace = Workspace(trained)
    cpu = torch.device("cpu")
    models = TrainedModels(workspace)
    rankers = {
        name: load_ranker(workspace, models, name, Resources(cpu)) for name in RANKERS
    }
    with workspace.open("crops") as crops, workspace.open("photos") as records:
        photos = read_photos(records)
        search = search_of_split(photos, "train", paths_with_maps(crops, photos))
        assert len(search.queries) == 4
        cosine, deeprank = (
            float(result.values()["reciprocal_rank"].mean())
            for result in run_search(search, rankers, garments_reader(crops))
        )
    assert deeprank > cosine + 0.1


def test_deeprank_orders_more_triplets_rightly_after_training(trained):
    with Workspace(trained).open("deeprank") as artifact:
        history = artifact.record("training/history")
    assert [row["epoch"] for row in history] == list(range(len(history)))
    assert history[-1]["triplet_accuracy"] > history[1]["triplet_accuracy"]
    assert history[-1]["loss"] < history[1]["loss"]


def test_the_indexes_find_what_exact_search_finds(trained):
    with Workspace(trained).open("gallery") as gallery:
        rows = read_rows(gallery)
        assert [row.photo for row in rows] == sorted(row.photo for row in rows)
        assert len(rows) == len({row.item for row in rows}) == 12
        for ranker in RANKERS:
            facts = gallery.header.details["indexes"][ranker]
            assert facts["recall_of_exact"] == pytest.approx(1.0)
            assert read_index(gallery, ranker).rows == 12


def test_the_comparison_puts_one_question_to_both_rankers(all_stages):
    compared = figures(all_stages, "compare")
    cosine, deeprank = compared["rankers"]
    assert (cosine["ranker"], deeprank["ranker"]) == RANKERS
    assert cosine["protocol"] == deeprank["protocol"]
    assert "4 street photographs search 12 shop photographs" in cosine["protocol"]
    assert cosine["queries"] == deeprank["queries"] == 4
    assert "ahead" not in cosine  # nothing is ahead of itself
    baseline = figures(all_stages, "baseline")["test"]
    # Exact search twice over the same maps: the same figures.
    assert baseline["reciprocal_rank"] == cosine["reciprocal_rank"]
    page = (all_stages / "reports" / "compare.html").read_text("utf-8")
    assert str(all_stages / "reports" / "compare.html") == compared["page"]
    for ranker in RANKERS:
        assert page.count(ranker) > 1
