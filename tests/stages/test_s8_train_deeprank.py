from dataclasses import replace

import numpy as np
import pytest

from stages import runner, s8_train_deeprank
from tiefvision.cli.running import BAD_USAGE, guarded
from tiefvision.errors import BadUsage
from tiefvision.models.trained import TrainedModels
from tiefvision.ranking.deeprank import SIZE, ColourRanker, DeeperRanker, DeepRanker
from tiefvision.triplets.deeprank_training import deeprank_task
from tiefvision.workspace import records as records_module
from tiefvision.workspace.artifacts import Workspace
from tiefvision.workspace.networks import read_weights
from tiefvision.workspace.records import read_judged_triplets, read_photos


@pytest.mark.parametrize(
    ("option", "value", "known"),
    [
        ("--network", "colours", "cells, deep, colour"),
        ("--positives", "items", "item, view, class"),
    ],
)
def test_an_unknown_name_is_one_sentence(option, value, known, run, capfd):
    (run / "deeprank.lmdb").unlink()
    arguments = ["train_deeprank", option, value, "--workspace", str(run)]
    assert guarded(runner.make_app(), arguments) == BAD_USAGE
    shown = capfd.readouterr().err.splitlines()
    assert shown == [f"Error: {option} {value} is unknown. Use {known}."]
    assert not (run / "deeprank.lmdb").exists()


@pytest.mark.parametrize("network", ["cells", "deep"])
def test_a_size_is_refused_for_networks_with_the_size_of_a_map(network, run, run_stage):
    refused = f"--size is only for --network colour.*{network}"
    with pytest.raises(BadUsage, match=refused):
        run_stage(run, "train_deeprank", network=network, size=16)


def test_each_branch_needs_a_number(run, run_stage):
    with pytest.raises(BadUsage, match="--size 1"):
        run_stage(run, "train_deeprank", size=1)


def test_the_size_is_that_of_the_network_where_none_is_given(run, run_stage):
    run_stage(run, "train_deeprank", size=0, epochs=1, rounds=1)
    with Workspace(run).open("deeprank") as artifact:
        assert artifact.header.details["size"] == SIZE


@pytest.mark.parametrize(
    ("network", "kind"),
    [("cells", DeepRanker), ("deep", DeeperRanker), ("colour", ColourRanker)],
)
def test_every_network_is_read_back_as_it_was_trained(network, kind, run, run_stage):
    run_stage(run, "train_deeprank", network=network, size=0, epochs=1, rounds=1)
    with Workspace(run).open("deeprank") as artifact:
        assert artifact.header.details["network"] == network
    models = TrainedModels(Workspace(run))
    restored = models.trained_ranker("deeprank")
    assert isinstance(restored, kind)


def test_an_unknown_kind_of_positives_is_named_among_several(run, run_stage):
    with pytest.raises(BadUsage, match="--positives views is unknown"):
        run_stage(run, "train_deeprank", positives="item,views")


@pytest.mark.parametrize(
    ("positives", "queries"),
    [("view", 8), ("class", 0), ("item,view", 12), ("view,view", 8)],
)
def test_other_positives_train_too(positives, queries, run, run_stage):
    """With one class in the training split, positives of a class have no negatives."""
    changes = {"positives": positives, "epochs": 1, "rounds": 1}
    report = run_stage(run, "train_deeprank", **changes)["figures"]
    assert report["queries"] == queries
    assert report["judged"] > 0
    assert report["last"]["loss"] > 0
    assert "kept" not in report


def test_patience_ends_training_early(run, run_stage):
    changes = {"patience": 1, "epochs": 40, "rounds": 1}
    report = run_stage(run, "train_deeprank", **changes)["figures"]
    assert report["last"]["epoch"] < 40


def test_stored_weights_are_a_share_of_the_training(run, run_stage):
    stored, shares = {}, (0.25, 0.5, 1.0)
    for share in shares:
        run_stage(run, "train_deeprank", epochs=2, rounds=1, share=share)
        with Workspace(run).open("deeprank") as artifact:
            stored[share] = read_weights(artifact)
            assert artifact.header.details["share"] == share
    for name, whole in stored[1.0].items():
        half, quarter = stored[0.5][name], stored[0.25][name]
        np.testing.assert_allclose(quarter, 1.5 * half - 0.5 * whole, atol=1e-5)
    moved = [np.abs(stored[1.0][n] - stored[0.5][n]).max() for n in stored[1.0]]
    assert max(moved) > 1e-4


@pytest.mark.parametrize(("network", "share"), [("colour", 0.6), ("cells", 1.0)])
def test_the_share_is_that_of_the_network_where_none_is_given(
    network, share, run, run_stage
):
    run_stage(
        run, "train_deeprank", epochs=1, rounds=1, network=network, size=0, share=0.0
    )
    with Workspace(run).open("deeprank") as artifact:
        assert artifact.header.details["share"] == share


def test_without_validation_the_report_says_that_the_last_epoch_is_kept(
    run, run_stage, monkeypatch
):
    def without_validation(records):
        return [photo for photo in read_photos(records) if photo.split != "val"]

    monkeypatch.setattr(s8_train_deeprank, "read_photos", without_validation)
    report = run_stage(run, "train_deeprank", epochs=1, rounds=1)["figures"]
    assert report["kept"] == "the last epoch: validation has no queries"
    assert "val_reciprocal_rank" not in report["last"]


@pytest.mark.parametrize("name", ["query", "positive", "negative"])
def test_triplets_of_photographs_that_are_not_trained_on_are_counted(
    name, run, run_stage, monkeypatch
):
    with Workspace(run).open("photos") as records:
        validating = [one.path for one in read_photos(records) if one.split == "val"]
        inside = read_judged_triplets(records)
    outside = [replace(inside[0], **{name: path}) for path in validating[:2]]
    monkeypatch.setattr(
        records_module, "read_judged_triplets", lambda records: inside + outside
    )
    report = run_stage(run, "train_deeprank", epochs=1, rounds=2)["figures"]
    assert report["judged"] == len(inside) > 0
    assert report["judged_left_out"] == 2
    assert report["left_out"].startswith("2 judged triplets")


def test_without_left_out_triplets_the_report_has_no_remark(
    run, run_stage, monkeypatch
):
    monkeypatch.setattr(records_module, "read_judged_triplets", lambda records: [])
    report = run_stage(run, "train_deeprank", epochs=1, rounds=2)["figures"]
    assert report["judged_left_out"] == 0
    assert "left_out" not in report


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"in_class": 0.5, "out_of_class": 0.6}, "0.5.*0.6 are more than all"),
        ({"in_class": 0.1, "positives": "class"}, "--positives class.*--in-class"),
    ],
)
def test_shares_that_cannot_be_kept_are_refused(changes, message, run, run_stage):
    with pytest.raises(BadUsage, match=message):
        run_stage(run, "train_deeprank", **changes)


def test_shares_of_classes_reach_the_triplets(run, run_stage, monkeypatch):
    seen = []

    def task(network, queries, judged, search, garments_of, rules):
        seen.append((rules.in_class, rules.out_of_class, len(queries[0].alike)))
        return deeprank_task(network, queries, judged, search, garments_of, rules)

    monkeypatch.setattr(s8_train_deeprank, "deeprank_task", task)
    changes = {"in_class": 0.1, "out_of_class": 0.9, "epochs": 1, "rounds": 1}
    run_stage(run, "train_deeprank", **changes)
    assert seen == [(0.1, 0.9, 8)]


def test_triplets_of_a_file_are_added_to_those_of_the_dataset(
    run, run_stage, tmp_path, caplog
):
    with Workspace(run).open("photos") as photos:
        training = [one.path for one in read_photos(photos) if one.split == "train"]
        known = read_judged_triplets(photos)[0]
    first, second, third, *_ = training
    file = tmp_path / "judged.csv"
    lines = [
        "query,positive,negative",
        f"{first},{second},{third}",
        f"{known.query},{known.positive},{known.negative}",  # counts once
        f"{first},{second},nowhere.jpg",
    ]
    file.write_text("\n".join(lines))
    few = {"epochs": 1, "rounds": 1}
    before = run_stage(run, "train_deeprank", **few)["figures"]["judged"]
    more = run_stage(run, "train_deeprank", triplets=str(file), **few)["figures"]
    assert more["judged"] == before + 1
    assert "'nowhere.jpg' is not a photograph of the dataset" in caplog.text
    assert run_stage(run, "train_deeprank", triplets=str(file), **few) is None
    file.write_text("\n".join(lines[:1]))
    again = run_stage(run, "train_deeprank", triplets=str(file), **few)["figures"]
    assert again["judged"] == before


def test_a_file_of_triplets_that_is_missing_is_named(run, tmp_path, capfd):
    arguments = ["train_deeprank", "--triplets", str(tmp_path / "no.csv")]
    assert guarded(runner.make_app(), [*arguments, "--workspace", str(run)]) == 1
    assert str(tmp_path / "no.csv") in capfd.readouterr().err
