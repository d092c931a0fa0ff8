"""Rankers that learn on a workspace's training split, and are kept there."""

import numpy as np
import pytest

from tiefvision.errors import BadDataset, BadUsage, MissingArtifact
from tiefvision.models.bundle import read_bundle
from tiefvision.models.rankers import (
    load_ranker,
    loadable_rankers,
    ranker_digests,
    require_ranker,
)
from tiefvision.models.trained import TrainedModels
from tiefvision.ranking import learning
from tiefvision.ranking.cosine import embed_cells
from tiefvision.ranking.deeprank import ColourRanker
from tiefvision.ranking.registry import OWN, RANKERS
from tiefvision.records import View
from tiefvision.workspace.artifacts import Workspace
from tiefvision.workspace.garments import garments_reader
from tiefvision.workspace.job import Resources
from tiefvision.workspace.records import read_photos

RESOURCES = Resources(max_gib=0.1)


@pytest.fixture
def learnt(monkeypatch):
    """The training crops that components were learnt from, each time."""
    times = []
    learn = learning.learn_components

    def noting(crops):
        times.append(crops)
        return learn(crops)

    monkeypatch.setattr(learning, "learn_components", noting)
    return times


def load(folder, name, resources=RESOURCES):
    workspace = Workspace(folder)
    return load_ranker(workspace, TrainedModels(workspace), name, resources)


def embeddings(folder, ranker):
    """Embeddings of all photographs of the dataset."""
    workspace = Workspace(folder)
    with workspace.open("photos") as records, workspace.open("crops") as crops:
        views = [View(photo.path) for photo in read_photos(records)]
        return ranker(garments_reader(crops)(views))


def test_a_ranker_that_learns_nothing_leaves_nothing(run):
    before = sorted(run.iterdir())
    assert load(run, "cosine") is embed_cells
    assert sorted(run.iterdir()) == before


def test_a_trained_ranker_is_that_of_the_models(run):
    assert isinstance(load(run, "deeprank"), ColourRanker)


def test_a_ranker_learns_once_and_is_kept(run, learnt):
    first = embeddings(run, load(run, "pca"))
    assert len(learnt) == 1
    with Workspace(run).open("pca") as kept:
        size, length = kept.header.details["size"], kept.header.details["length"]
        assert length == 256 * 11 * 11
        assert set(kept.header.inputs) == {"photos", "crops"}
    assert first.shape[1] == size
    np.testing.assert_array_equal(embeddings(run, load(run, "pca")), first)
    assert len(learnt) == 1


@pytest.mark.parametrize("name", ["pca", "mix"])
def test_what_was_kept_ranks_as_what_was_learnt(name, run):
    load(run, name)
    with Workspace(run).open(name) as kept:
        digest = kept.header.digest
    again = load(run, name)
    assert ranker_digests(Workspace(run), [name]) == {name: digest}
    rows = embeddings(run, again)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-4, rtol=0)


def test_a_name_may_tell_what_need_not_be_learnt(run):
    ranker = load(run, "engineered-5-3-2")
    assert ranker.weights == (0.5, 0.3, 0.2)
    assert ranker.learnt_in_words().endswith("colour by 0.20, as given")
    rows = embeddings(run, ranker)
    assert rows.shape[1] == 2048 + 1024 + 540
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-4, rtol=0)
    assert Workspace(run).holds("engineered-5-3-2")


def test_it_learns_on_the_training_split_alone(run, learnt):
    load(run, "pca")
    (crops,) = learnt
    with Workspace(run).open("photos") as records:
        split = {photo.path: photo.split for photo in read_photos(records)}
    seen = [*crops.views, *crops.search.queries, *crops.search.gallery]
    assert {split[view.path] for view in seen} == {"train"}
    trained = [path for path, where in split.items() if where == "train"]
    assert [view.path for view in crops.views] == trained


def test_crops_that_changed_make_it_learn_again(run, run_stage, learnt):
    load(run, "pca")
    assert run_stage(run, "encode_crops", seed=3)
    load(run, "pca")
    assert len(learnt) == 2


def test_another_seed_makes_it_learn_again(run, learnt):
    load(run, "pca")
    load(run, "pca", Resources(seed=1, max_gib=0.1))
    assert len(learnt) == 2


def test_a_setting_far_away_does_not_make_it_learn_again(run, run_stage, learnt):
    """Nor a report, nor another limit of the file."""
    load(run, "pca")
    assert run_stage(run, "train_deeprank", epochs=1)  # it was due, and has run
    (run / "reports" / "compare.json").unlink()
    load(run, "pca", Resources(max_gib=0.2))
    assert len(learnt) == 1


def test_of_many_photographs_evenly_spaced_ones_are_learnt_from(
    run, learnt, monkeypatch
):
    load(run, "pca")
    monkeypatch.setattr(learning, "MOST_LEARNT_FROM", 3)
    (run / "pca.lmdb").unlink()
    load(run, "pca")
    every, some = (crops.views for crops in learnt)
    assert len(every) > 3
    step = -(-len(every) // 3)
    assert some == every[::step] and len(some) <= 3


def test_a_training_split_of_nothing_is_refused(run, monkeypatch):
    monkeypatch.setattr("tiefvision.workspace.records.read_photos", lambda _: [])
    with pytest.raises(BadDataset, match="nothing to learn rankers from") as caught:
        load(run, "pca")
    assert "leave out pca, gabor, blobs, mix" in caught.value.fix
    assert not (run / "pca.lmdb").exists()


@pytest.mark.parametrize(
    ("missing", "number"), [(("photos", "crops"), 1), (("crops",), 6)]
)
def test_what_it_would_learn_from_is_named_with_its_stage(missing, number, run):
    for name in missing:
        (run / f"{name}.lmdb").unlink()
    workspace = Workspace(run)
    expected = f"pca learns on the training split.*no {missing[0]}.lmdb in "
    with pytest.raises(MissingArtifact, match=expected) as caught:
        require_ranker(workspace, TrainedModels(workspace), "pca")
    assert caught.value.fix == f"Run: make stage-{number} RUN={run}"


@pytest.mark.parametrize(
    ("name", "arguments"),
    [("deeprank", ""), ("deeprank-mine", ' ARGS="--name deeprank-mine"')],
)
def test_a_ranker_that_was_not_trained_is_named_with_its_stage(name, arguments, run):
    (run / "deeprank.lmdb").unlink()
    workspace = Workspace(run)
    with pytest.raises(MissingArtifact) as caught:
        require_ranker(workspace, TrainedModels(workspace), name)
    assert caught.value.fix == f"Run: make stage-8 RUN={run}{arguments}"


def test_a_trained_ranker_that_a_bundle_lacks_is_refused(run, bundle):
    """Although the workspace has one: it would compare maps of another encoder."""
    (run / "deeprank.lmdb").rename(run / "deeprank-mine.lmdb")
    with pytest.raises(BadUsage, match=r"no deeprank-mine among .*: deeprank\."):
        require_ranker(Workspace(run), read_bundle(bundle), "deeprank-mine")


def test_the_kind_of_what_can_be_had_is_told(run):
    workspace = Workspace(run)
    models = TrainedModels(workspace)
    for name in ("cosine", "lab", "pca", "deeprank"):
        assert require_ranker(workspace, models, name).name == name
    with pytest.raises(BadUsage, match="no ranker hue"):
        require_ranker(workspace, models, "hue")


def test_only_what_learnt_without_triplets_has_a_digest_of_its_own(run):
    load(run, "pca")
    digests = ranker_digests(Workspace(run), ["cosine", "pca", "deeprank"])
    assert set(digests) == {"pca"}
    with pytest.raises(MissingArtifact):
        ranker_digests(Workspace(run), ["mix"])  # not loaded before


def test_all_that_can_be_loaded_here_are_those_that_are_trained_or_can_learn(
    run, put_network, tmp_path
):
    def loadable(folder):
        workspace = Workspace(folder)
        return loadable_rankers(workspace, TrainedModels(workspace))

    put_network(run, "cardigan-small", 0.05)
    assert loadable(run) == (*OWN, "cardigan-small")
    # Without crops of a training split, nothing can learn.
    ready = [name for name in OWN if RANKERS[name].learns == "nothing"]
    assert loadable(tmp_path / "none") == tuple(ready)


def test_an_untrained_network_names_the_command_that_trains_it(run):
    with pytest.raises(MissingArtifact) as caught:
        load(run, "mildnet")
    assert caught.value.fix == f"Run: tiefvision train mildnet --workspace {run}"
