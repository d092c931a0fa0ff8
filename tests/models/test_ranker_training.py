"""Training in a workspace: reports, files of triplets, memory, wrong settings."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tiefvision.errors import BadDataset, BadUsage
from tiefvision.models import ranker_training
from tiefvision.models.ranker_settings import Training
from tiefvision.models.ranker_training import kept_epoch, train_ranker
from tiefvision.models.trained import TrainedModels, training_curves
from tiefvision.records import View
from tiefvision.store.artifact import Artifact, ArtifactWriter
from tiefvision.triplets.recipes import recipe_of
from tiefvision.workspace.artifacts import Workspace
from tiefvision.workspace.garments import garments_reader
from tiefvision.workspace.job import Resources

TINY = 1 / 32


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(ranker_training, "TIMED", 2)


def tiny(network="512_no_dropout", epochs=1, **options):
    recipe = replace(recipe_of(network), backbone="random", batch=4, epochs=epochs)
    chosen = {
        "name": network,
        "width": TINY,
        "precision": "float32",
        "sampling": {"count": "6"},
    }
    return Training(network, recipe=recipe, **{**chosen, **options})


def train(run, training, **resources):
    return train_ranker(Workspace(run), training, Resources(**resources))


def test_the_report_and_the_header_tell_what_was_done(run):
    report = train(run, tiny(epochs=2))
    figures = report["figures"]
    assert json.loads(Path(report["report"]).read_text()) == {
        key: value for key, value in report.items() if key != "report"
    }
    assert Path(report["report"]).name == "train_ranker-512_no_dropout.json"
    assert figures["triplets"] > 0 and figures["validated"] > 0
    assert 0 < figures["best"]["val_reciprocal_rank"] <= 1
    assert figures["minutes_an_epoch"] >= 0 and figures["milliseconds_an_image"] > 0
    assert (
        figures["kept"]
        == kept_epoch(training_curves(TrainedModels(Workspace(run)), "512_no_dropout"))[
            "kept"
        ]
    )
    with Artifact(run / "512_no_dropout.lmdb") as artifact:
        details = artifact.header.details
        assert (details["network"], details["width"]) == ("512_no_dropout", TINY)
        assert details["recipe"]["batch"] == 4 and details["match"]["similarity"] >= 0
        assert artifact.header.count == {"weights": 1, "training": 1}
    assert train(run, tiny(epochs=2)) is None
    assert train(run, tiny(epochs=2), seed=1)


def test_the_ranker_embeds_as_the_network_that_was_trained(run, monkeypatch):
    kept = []
    store = ranker_training.fit_and_store

    def keep(job, task, *rest):
        kept.append(task.module)
        return store(job, task, *rest)

    monkeypatch.setattr(ranker_training, "fit_and_store", keep)
    train(run, tiny("cardigan"))
    embed = TrainedModels(Workspace(run)).trained_ranker("cardigan")
    with Artifact(run / "crops.lmdb") as crops:
        paths = crops.keys("pixels")[:3]
        garments = garments_reader(crops)([View(path) for path in paths])
        rows = embed(garments)
        expected = ranker_training.embed_with(kept[0])(garments)
    np.testing.assert_allclose(rows, expected, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    assert kept[0].size == rows.shape[1]


def split_of(run):
    with Workspace(run).open("photos") as records:
        photos = ranker_training.read_photos(records)
    return {
        name: [photo.path for photo in photos if photo.split == name]
        for name in ("train", "val")
    }


def test_the_triplets_of_a_file_are_all_unless_a_sampling_is_named(run, tmp_path):
    split = split_of(run)
    lines = [",".join(split[name][:3]) for name in ("train", "val")]
    file = tmp_path / "mine.csv"
    file.write_text("\n".join(["query,positive,negative", *lines, ""]))
    judged = train(run, tiny())["figures"]["triplets"] - 6  # those of the dataset
    alone = tiny(triplets=file, sampled=False)
    figures = train(run, alone)["figures"]
    assert figures["triplets"] == 1 + judged
    assert figures["validated"] >= 1
    both = train(run, replace(alone, sampled=True))["figures"]
    assert both["triplets"] == 6 + 1 + judged
    file.write_text("\n".join(["query,positive,negative", *lines[:1], ""]))
    assert train(run, alone) is not None  # another content


def test_crops_without_pixels_are_refused(run):
    with Artifact(run / "crops.lmdb") as crops:
        header, path = crops.header, crops.keys("map")[0]
        maps = crops.tensors(f"map/{path}")
    with ArtifactWriter(run / "crops.lmdb", header, 0.1) as writer:
        writer.write(tensors={f"map/{path}": maps})
        writer.finish(encoder=header.encoder, details=header.details)
    with pytest.raises(BadDataset, match="holds no pixels") as refused:
        train(run, tiny())
    assert refused.value.fix == f"Run: make stage-6 RUN={run}"


def test_a_training_that_does_not_fit_says_what_would(run, monkeypatch):
    monkeypatch.setattr(ranker_training, "free_memory", lambda device: 320e6)
    training = tiny("all_trainable", width=0.25)
    with pytest.raises(BadUsage, match=r"all_trainable needs .* are free") as refused:
        train(run, replace(training, recipe=replace(training.recipe, batch=64)))
    assert "--accumulate" in refused.value.fix or "--width" in refused.value.fix
    assert not (run / "all_trainable.lmdb").exists()


def test_memory_that_runs_out_says_the_same(run, monkeypatch):
    def fail(*rest):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate")

    monkeypatch.setattr(ranker_training, "fit_and_store", fail)
    with pytest.raises(BadUsage, match="Memory ran out while") as refused:
        train(run, tiny())
    assert refused.value.fix.startswith("Use --accumulate 2: 2 triplets at once")


def test_other_errors_of_torch_are_not_taken_for_it(run, monkeypatch):
    def fail(*rest):
        raise RuntimeError("shapes")

    monkeypatch.setattr(ranker_training, "fit_and_store", fail)
    with pytest.raises(RuntimeError, match="shapes"):
        train(run, tiny())


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"name": "512_512-x"}, "--name 512_512-x is no 512_no_dropout"),
        ({"width": 0.0}, "A width of 0"),
        ({"sampling": {"count": "many"}}, "count=many"),
    ],
)
def test_wrong_settings_are_refused(run, changes, text):
    with pytest.raises(BadUsage, match=text):
        train(run, tiny(**changes))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("loss", "triplet"),
        ("reduction", "all"),
        ("optimiser", "adam"),
        ("schedule", "linear"),
        ("augmentation", "mixup"),
        ("sampling", "random"),
    ],
)
def test_an_unknown_part_of_a_recipe_lists_the_known(run, field, value):
    training = tiny()
    with pytest.raises(BadUsage, match=f"{value}.*Use "):
        train(run, replace(training, recipe=replace(training.recipe, **{field: value})))


def test_the_best_of_equal_epochs_is_the_last():
    rows = [{"epoch": n, "val_triplet_accuracy": a} for n, a in enumerate((0, 5, 5, 1))]
    assert kept_epoch(rows) == {"kept": "epoch 2", "best": rows[2]}


def test_the_epoch_that_ranks_best_is_told_where_there_is_a_search():
    rows = [
        {"epoch": n, "val_triplet_accuracy": 1.0, "val_reciprocal_rank": rank}
        for n, rank in enumerate((0.5, 0.75, 0.25))
    ]
    assert kept_epoch(rows) == {"kept": "epoch 1", "best": rows[1]}
