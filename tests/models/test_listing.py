import pytest

from tiefvision.encoders.architectures import ARCHITECTURES
from tiefvision.models.listing import LEARNS, list_models, shipped_files
from tiefvision.models.rankers import load_ranker
from tiefvision.models.trained import TrainedModels
from tiefvision.ranking.registry import RANKERS
from tiefvision.workspace.artifacts import Workspace
from tiefvision.workspace.job import Resources


def listed(folder):
    return {model.name: model for model in list_models(Workspace(folder))}


def learn(folder, name):
    workspace = Workspace(folder)
    load_ranker(workspace, TrainedModels(workspace), name, Resources(max_gib=0.1))


def test_encoders_come_first_then_every_ranker(tmp_path):
    models = list_models(Workspace(tmp_path))
    assert [model.name for model in models] == [*ARCHITECTURES, *RANKERS]
    for model in models:
        assert model.kind == ("encoder" if model.name in ARCHITECTURES else "ranker")
        assert model.embedding > 0
    by_name = {model.name: model for model in models}
    for name, kind in RANKERS.items():
        assert by_name[name].summary == kind.summary


def test_a_ranker_says_how_it_learns_and_over_which_maps(run):
    models = listed(run)
    assert models["cosine"].state == f"over alexnet, {LEARNS['nothing']}"
    assert models["pca"].state == f"over alexnet, {LEARNS['photographs']}"
    assert models["mix"].state == f"over alexnet, {LEARNS['items']}"
    # These look at pixels alone.
    assert models["rgb"].state == LEARNS["nothing"]
    assert models["gabor"].state == LEARNS["photographs"]
    assert models["deeprank"].state == "over alexnet, trained"


def test_lengths_over_the_maps_of_the_workspace(run):
    models = listed(run)
    assert models["cosine"].embedding == 256 * 11 * 11
    assert models["gem"].embedding == 256
    assert models["rgb"].embedding == 512
    assert models["pca"].embedding == 256
    assert models["mix"].embedding == 256 * 11 * 11 + models["lab"].embedding


def test_what_has_learnt_has_the_length_that_it_learnt(run):
    for name in ("pca", "mix"):
        learn(run, name)
    models = listed(run)
    assert models["pca"].state == models["mix"].state == "over alexnet, learnt"
    with Workspace(run).open("pca") as kept:
        assert models["pca"].embedding == kept.header.details["size"] < 256
    with Workspace(run).open("mix") as kept:
        first = kept.header.details["first"]
    colours = models["lab"].embedding
    assert models["mix"].embedding == models[first].embedding + colours
    assert models["pca"].parameters == models["pca"].trainable == 0


def test_what_learnt_over_other_crops_says_so(run, run_stage):
    learn(run, "pca")
    length = listed(run)["pca"].embedding
    run_stage(run, "encode_crops", encoder="squeezenet1_1", grid=3)
    models = listed(run)
    assert models["pca"].state == (
        "over alexnet, learnt over other crops. It learns again when it is used"
    )
    assert models["pca"].embedding == length
    assert models["deeprank"].state == (
        f"over alexnet, trained over other crops. Run: make stage-8 RUN={run}"
    )


def test_another_trained_ranker_stands_behind_the_first(run):
    (run / "deeprank-mine.lmdb").hardlink_to(run / "deeprank.lmdb")
    names = [model.name for model in list_models(Workspace(run))]
    assert names[-3:] == ["deeprank", "engineered", "deeprank-mine"]
    models = listed(run)
    mine, first = models["deeprank-mine"], models["deeprank"]
    assert (mine.parameters, mine.embedding) == (first.parameters, first.embedding)
    assert mine.parameters > 0


def test_a_line_of_json_has_every_field(tmp_path):
    (model, *_) = list_models(Workspace(tmp_path))
    assert list(model.to_dict()) == [
        *("name", "kind", "parameters", "trainable", "embedding", "state", "summary"),
        "status",
    ]


def test_the_files_that_ship_are_two_encoders_and_the_heads(shipped):
    assert [file.path.name for file in shipped_files()] == [
        "encoder-alexnet.safetensors",
        "heads.safetensors",
        "locator-alexnet.safetensors",
    ]
    (shipped / "heads.safetensors").unlink()
    assert len(shipped_files()) == 2


@pytest.mark.parametrize("kind", RANKERS.values(), ids=RANKERS)
def test_every_way_to_learn_has_words(kind):
    assert kind.learns in LEARNS
