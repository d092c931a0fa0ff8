import shutil

import numpy as np
import pytest

from tiefvision.encoders.architectures import architecture_named
from tiefvision.encoders.weights import load_weights, write_encoder
from tiefvision.encoders.weights_files import read_weights_file, write_weights_file
from tiefvision.engines.choice import Backend
from tiefvision.errors import BadWeights, MissingArtifact, StaleArtifact
from tiefvision.locating.heads_file import HEADS_FILE
from tiefvision.models.bundle import read_bundle
from tiefvision.models.bundle_writing import write_bundle
from tiefvision.models.protocol import preferred_ranker
from tiefvision.models.trained import TrainedModels
from tiefvision.photos.working import open_photo
from tiefvision.ranking.colours.histogram import lab_histogram
from tiefvision.ranking.cosine import embed_cells
from tiefvision.ranking.deeprank import DeepRanker
from tiefvision.ranking.garments import GarmentBatch
from tiefvision.ranking.similarity import normalise_cells
from tiefvision.weights import LOCATOR, SHIPPED, encoder_file
from tiefvision.workspace.artifacts import Workspace
from tiefvision.workspace.records import photo_path, read_photos

CPU = Backend("cpu").inference
ALEXNET = architecture_named("alexnet")
BOTH = {SHIPPED: ALEXNET, LOCATOR: ALEXNET}
"""Architecture of each encoder of the bundle."""


@pytest.fixture
def folder(bundle, tmp_path):
    """A copy of the bundle, for tests that change it."""
    return shutil.copytree(bundle, tmp_path / "copy")


def rewrite(folder, change_facts=lambda facts: facts, change_arrays=lambda t: t):
    file = read_weights_file(folder / HEADS_FILE)
    facts, arrays = change_facts(dict(file.facts)), change_arrays(dict(file.arrays))
    write_weights_file(file.path, arrays, facts)


def test_a_bundle_finds_what_its_workspace_finds(trained, bundle):
    models = TrainedModels(Workspace(trained))
    mine, theirs = read_bundle(bundle).locator(CPU), models.locator(CPU)
    assert mine.pyramid == theirs.pyramid
    assert (mine.voting, mine.telling) == (theirs.voting, theirs.telling)
    assert mine.heads.categories == theirs.heads.categories
    with Workspace(trained).open("photos") as records:
        paths = [photo_path(records, photo.path) for photo in read_photos(records)]
    for path in paths[::8]:
        (found, *_), (expected, *_) = (
            locator.find(open_photo(path)) for locator in (mine, theirs)
        )
        assert found.category == expected.category
        # The networks of a bundle are in half precision.
        np.testing.assert_allclose(found.box_in_image, expected.box_in_image, atol=2)


def load_all(folder):
    models = read_bundle(folder)
    models.locator(CPU)
    models.encoder(CPU)
    for name in models.trained:
        models.trained_ranker(name)


def test_a_bundle_locates_and_compares_with_two_encoders(trained, bundle):
    models = TrainedModels(Workspace(trained))
    mine = read_bundle(bundle)
    labels = {
        (
            model.encoder(CPU).identity.weights,
            model.locator(CPU).encoder.identity.weights,
        )
        for model in (mine, models)
    }
    assert labels == {("random (seed 8)", "random (seed 0)")}
    facts = mine.heads.facts
    assert facts["encoder"] == mine.encoder(CPU).identity.to_dict()
    assert facts["locator"] == mine.locator(CPU).encoder.identity.to_dict()


def test_a_bundle_ranks_as_its_workspace_does(trained, bundle):
    models = TrainedModels(Workspace(trained))
    mine = read_bundle(bundle)
    assert mine.trained == models.trained == ("deeprank",)
    assert mine.crop_rules() == models.crop_rules()
    generator = np.random.default_rng(0)
    shape = 2, ALEXNET.channels, ALEXNET.window, ALEXNET.window
    maps = normalise_cells(generator.standard_normal(shape, np.float32))
    noise = generator.integers(0, 256, (2, 40, 40, 3), np.uint8)
    colours = np.stack([lab_histogram(photo) for photo in noise])
    garments = GarmentBatch(maps, colours)
    for name in mine.trained:
        embed = mine.trained_ranker(name)
        expected = models.trained_ranker(name)(garments)
        np.testing.assert_allclose(embed(garments), expected, atol=1e-3, rtol=0)


def test_equal_workspaces_make_equal_bundles(trained, bundle, tmp_path):
    paths = write_bundle(Workspace(trained), tmp_path, "test-1")
    for path in paths:
        assert path.read_bytes() == (bundle / path.name).read_bytes()
    assert read_bundle(tmp_path).digest == read_bundle(bundle).digest


def test_a_bundle_without_deeprank_has_the_baseline(run, tmp_path):
    (run / "deeprank.lmdb").unlink()
    write_bundle(Workspace(run), tmp_path / "new", "cosine-1")
    models = read_bundle(tmp_path / "new")
    assert models.trained == ()
    assert preferred_ranker(models) == "cosine"


def test_rounding_an_encoder_changes_its_identity(trained, shipped, tmp_path):
    for source, architecture in BOTH.items():
        path = encoder_file(shipped, architecture.name, source)
        weights = read_weights_file(path).arrays
        write_encoder(path, architecture, weights, {"name": "known-1"})
    *written, _ = write_bundle(Workspace(trained), tmp_path / "new", "x")
    names = [read_weights_file(path).name for path in written]
    assert names == ["random (seed 8)", "random (seed 0)"]


def test_a_workspace_over_a_bundle_keeps_its_encoders(
    run, run_stage, shipped, tmp_path
):
    """Even the headers are equal, with facts that a workspace does not store."""
    paths = [encoder_file(shipped, BOTH[source].name, source) for source in BOTH]
    for path, (source, architecture) in zip(paths, BOTH.items(), strict=True):
        arrays = read_weights_file(path).arrays
        facts = {"name": f"known-{source}", "licence": "free"}
        write_encoder(path, architecture, arrays, facts)
    contents = [path.read_bytes() for path in paths]
    weights = {"encode": "locator", "encode_crops": "shipped"}
    for name in RETRAINED:
        run_stage(run, name, **({"weights": weights[name]} if name in weights else {}))
    *copied, _ = write_bundle(Workspace(run), tmp_path / "new", "x")
    assert [path.name for path in copied] == [path.name for path in paths]
    assert [path.read_bytes() for path in copied] == contents
    load_all(tmp_path / "new")
    # Exported into its own folder: the encoders stay, the heads are replaced.
    write_bundle(Workspace(run), shipped, "next-1")
    assert [path.read_bytes() for path in paths] == contents
    assert read_bundle(shipped).heads.name == "next-1"


RETRAINED = (
    "encode",
    "train_classifier",
    "train_boxes",
    "localise",
    "encode_crops",
    "train_deeprank",
)


def test_one_encoder_for_both_is_two_equal_files(run, run_stage, shipped, tmp_path):
    run_stage(run, "encode_crops", weights="locator")
    run_stage(run, "train_deeprank", epochs=1)
    path = encoder_file(shipped, ALEXNET.name, LOCATOR)
    written, *_ = write_bundle(Workspace(run), tmp_path / "new", "x")
    assert written == encoder_file(tmp_path / "new", ALEXNET.name)
    assert written.read_bytes() == path.read_bytes()


def test_an_unfinished_workspace_names_the_next_stage(run, tmp_path):
    (run / "crops.lmdb").unlink()
    with pytest.raises(MissingArtifact, match=r"Run: make stage-6 RUN="):
        write_bundle(Workspace(run), tmp_path / "new", "x")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("stage", "other"), [("encode", "crop_classifier"), ("encode_crops", "deeprank")]
)
def test_heads_over_two_encoders_are_not_written(
    stage, other, run, run_stage, tmp_path
):
    run_stage(run, stage, seed=2)
    with pytest.raises(StaleArtifact, match=rf"{other}\.lmdb was made with"):
        write_bundle(Workspace(run), tmp_path / "new", "x")


@pytest.mark.parametrize("source", BOTH)
def test_heads_over_another_encoder_are_refused(source, folder):
    architecture = BOTH[source]
    weights, _ = load_weights(architecture, "random", seed=9)
    path = encoder_file(folder, architecture.name, source)
    write_encoder(path, architecture, weights, {"name": "other-1"})
    expected = rf"was trained over {architecture.name}, .* but"
    with pytest.raises(BadWeights, match=expected) as caught:
        load_all(folder)
    assert str(path) in str(caught.value)
    assert "other-1" in str(caught.value)


@pytest.mark.parametrize("source", BOTH)
def test_heads_without_an_encoder_are_refused(source, folder):
    path = encoder_file(folder, BOTH[source].name, source)
    path.unlink()
    with pytest.raises(BadWeights, match=f"no weights file at .*{path.name}"):
        load_all(folder)


def test_an_encoder_in_place_of_the_heads_is_refused(folder):
    shutil.copy(encoder_file(folder, ALEXNET.name), folder / HEADS_FILE)
    with pytest.raises(BadWeights, match=r"is a tiefvision-encoder file, expected"):
        read_bundle(folder)


def test_heads_of_another_version_are_refused(folder):
    rewrite(folder, lambda facts: facts | {"version": 1})
    with pytest.raises(BadWeights, match=r"of version 1 of tiefvision-heads, expected"):
        read_bundle(folder)


@pytest.mark.parametrize("kept", [0, 100, -1])
def test_truncated_heads_are_refused(kept, folder):
    path = folder / HEADS_FILE
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(BadWeights, match=r"heads\.safetensors .* truncated"):
        read_bundle(folder)


@pytest.mark.parametrize("group", ["crop_classifier", "box_regressors", "deeprank"])
def test_heads_that_lack_a_tensor_or_hold_another_shape_are_refused(group, folder):
    load_all(folder)
    file = read_weights_file(folder / HEADS_FILE)
    name = next(name for name in file.arrays if name.startswith(f"{group}."))
    rewrite(folder, change_arrays=lambda all_: all_ | {name: np.zeros((5, 5, 5))})
    with pytest.raises(BadWeights, match=rf"{name} is \(5, 5, 5\), expected"):
        load_all(folder)
    rewrite(
        folder,
        change_arrays=lambda all_: {k: v for k, v in all_.items() if k != name},
    )
    with pytest.raises(BadWeights, match=f"lacks {name}"):
        load_all(folder)


@pytest.mark.parametrize(
    ("fact", "value"),
    [
        ("encoder", None),
        ("encoder", {"name": "vgg", "weights": "", "weights_hash": ""}),
        ("locator", None),
        ("pyramid", {"border": 3}),
        ("voting", {"luck": 1}),
        ("telling", {"calibration": {"scores": [1, 0], "shares": [0, 1]}}),
        ("crop_classifier", {"channels": 256}),
    ],
)
def test_a_header_without_an_entry_is_refused_in_one_sentence(fact, value, folder):
    rewrite(folder, lambda facts: facts | {fact: value})
    with pytest.raises(BadWeights, match=r"header of .*heads\.safetensors is damaged"):
        load_all(folder)


def test_a_deeprank_of_an_earlier_release_has_no_name_and_still_loads(folder):
    """It has a single layer over the cells; with identity weights it is the cosine."""
    details = {"channels": 4}
    weights = {"mix.weight": np.eye(4)[:, :, None, None], "mix.bias": np.zeros(4)}
    rewrite(
        folder,
        lambda facts: facts | {"deeprank": details},
        lambda arrays: (
            {
                name: array
                for name, array in arrays.items()
                if not name.startswith("deeprank.")
            }
            | {f"deeprank.{name}": array for name, array in weights.items()}
        ),
    )
    embed = read_bundle(folder).trained_ranker("deeprank")
    assert isinstance(embed, DeepRanker)
    generator = np.random.default_rng(0)
    maps = normalise_cells(generator.standard_normal((2, 4, 3, 3), np.float32))
    garments = GarmentBatch(maps)
    np.testing.assert_allclose(embed(garments), embed_cells(garments), rtol=1e-5)
