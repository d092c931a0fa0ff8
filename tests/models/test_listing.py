import pytest

from tiefvision.encoders.architectures import ARCHITECTURES
from tiefvision.models.listing import LEARNS, list_models, shipped_files
from tiefvision.models.rankers import load_ranker
from tiefvision.models.trained import TrainedModels
from tiefvision.networks.heads import HEADS
from tiefvision.ranking.registry import OWN, RANKERS
from tiefvision.workspace.artifacts import Workspace
from tiefvision.workspace.job import Resources


def listed(folder):
    """Models by name: alexnet is the encoder, and not the network of MILDNet."""
    return {model.name: model for model in reversed(list_models(Workspace(folder)))}


def learn(folder, name):
    workspace = Workspace(folder)
    load_ranker(workspace, TrainedModels(workspace), name, Resources(max_gib=0.1))


def test_encoders_come_first_then_every_ranker(tmp_path):
    models = list_models(Workspace(tmp_path))
    names = [*ARCHITECTURES, *RANKERS, *HEADS]
    assert [model.name for model in models] == names
    kinds = ["encoder"] * len(ARCHITECTURES) + ["ranker"] * len(RANKERS)
    assert [model.kind for model in models] == [*kinds, *["head"] * len(HEADS)]
    assert all(model.embedding > 0 for model in models)
    rankers = models[len(ARCHITECTURES) :]
    for model, kind in zip(rankers, RANKERS.values(), strict=False):
        assert (model.summary, model.system) == (kind.summary, kind.system)


def test_untrained_networks_are_listed_with_their_published_sizes(tmp_path):
    models = listed(tmp_path)
    mildnet = models["mildnet"]
    assert (mildnet.parameters, mildnet.trainable) == (21_927_744, 20_192_256)
    assert (mildnet.embedding, mildnet.megabytes) == (2048, 83)
    assert mildnet.paper == "21.93M, 83 MB"
    command = f"tiefvision train mildnet --workspace {tmp_path}"
    assert mildnet.state == f"untrained. Run: {command}"
    locator, classifier = (models[name] for name in HEADS)
    assert (locator.parameters, classifier.parameters) == (23_855_873, 47_843_074)


def test_a_trained_network_is_listed_at_its_width_beside_its_kind(
    tmp_path, put_network
):
    put_network(tmp_path, "mobilenet-tenth", 0.1)
    models = listed(tmp_path)
    tenth = models["mobilenet-tenth"]
    assert tenth.state == "trained at 0.1 of the width"
    assert tenth.status == "trained"
    assert tenth.embedding == 102
    assert 0 < tenth.trainable < tenth.parameters < models["mobilenet"].parameters / 50
    names = [model.name for model in list_models(Workspace(tmp_path))]
    assert names.index("mobilenet-tenth") == names.index("mobilenet") + 1


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
    models = list_models(Workspace(run))
    names = [model.name for model in models if model.kind == "ranker"]
    assert names[len(OWN) - 1 : len(OWN) + 1] == ["engineered", "deeprank-mine"]
    models = listed(run)
    mine, first = models["deeprank-mine"], models["deeprank"]
    assert (mine.parameters, mine.embedding) == (first.parameters, first.embedding)
    assert mine.parameters > 0


def test_a_line_of_json_has_every_field(tmp_path):
    (model, *_) = list_models(Workspace(tmp_path))
    assert list(model.to_dict()) == [
        *("name", "kind", "parameters", "trainable", "embedding", "state", "summary"),
        *("status", "multiply_adds", "paper", "system", "megabytes"),
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
