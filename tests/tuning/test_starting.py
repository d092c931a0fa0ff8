from dataclasses import asdict

import numpy as np
import pytest
import torch

from tiefvision import weights as package_weights
from tiefvision.encoders.dense import make_encoder
from tiefvision.encoders.identity import EncoderIdentity
from tiefvision.encoders.weights import write_encoder
from tiefvision.encoders.weights_files import write_weights_file
from tiefvision.engines.modules import arrays_of
from tiefvision.errors import BadWeights
from tiefvision.locating.heads import SIDES, BoxRegressors, CropClassifier, HeadSizes
from tiefvision.locating.heads_file import CLASSIFIER, HEADS_FILE, REGRESSORS
from tiefvision.store.artifact import Artifact, ArtifactWriter
from tiefvision.store.header import Header
from tiefvision.tuning.starting import (
    heads_file,
    heads_sources,
    keep_heads,
    kept_classifier,
    kept_regressors,
    read_heads,
)
from tiefvision.weights import encoder_file
from tiefvision.workspace.provenance import file_hash

CHANNELS, WINDOW, SIZES = 4, 2, HeadSizes(3, 5)
CATEGORIES = ("coat", "dress")
ENCODER = EncoderIdentity("alexnet", "test-1", "ab12")
DETAILS = {
    "channels": CHANNELS,
    "window": WINDOW,
    "categories": CATEGORIES,
    "sizes": asdict(SIZES),
}


def in_halves(module, seed):
    """Give a module weights in [1, 2], unlike random ones and exact in float16."""
    generator = torch.Generator().manual_seed(seed)
    state = {
        name: (1 + torch.rand(tensor.shape, generator=generator)).half().float()
        for name, tensor in module.state_dict().items()
    }
    module.load_state_dict(state)
    return module


@pytest.fixture
def classifier():
    return in_halves(CropClassifier(CHANNELS, WINDOW, CATEGORIES, SIZES), 1)


@pytest.fixture
def regressors():
    return in_halves(BoxRegressors(CHANNELS, WINDOW, len(CATEGORIES), SIZES), 2)


@pytest.fixture
def write_heads(classifier, regressors):
    def write(path, **facts):
        arrays = {
            f"{name}.{key}": array
            for name, module in ((CLASSIFIER, classifier), (REGRESSORS, regressors))
            for key, array in arrays_of(module).items()
        }
        known = {CLASSIFIER: DETAILS, REGRESSORS: DETAILS}
        write_weights_file(path, arrays, {"name": "h", **known, **facts})
        return path

    return write


@pytest.fixture
def keep(tmp_path):
    """Write heads into an artifact and open it."""
    opened = []

    def kept(heads):
        path = tmp_path / "features.lmdb"
        with ArtifactWriter(path, Header("encode", 1, {}, {}), 0.1) as writer:
            keep_heads(writer, heads)
            writer.finish()
        opened.append(Artifact(path))
        return opened[-1]

    yield kept
    for artifact in opened:
        artifact.close()


# --- the file of the heads


def test_the_shipped_locator_has_a_file_of_heads(tmp_path, monkeypatch):
    monkeypatch.setattr(package_weights, "FOLDER", tmp_path)
    assert heads_file("alexnet", "locator") is None
    assert heads_sources("alexnet", "locator") == {}
    path = tmp_path / HEADS_FILE
    path.write_bytes(b"some heads")
    assert heads_file("alexnet", "locator") == path
    assert heads_sources("alexnet", "locator") == {"heads": file_hash(path)}


def test_a_weights_file_can_hold_heads(tmp_path):
    path = tmp_path / "tuned.safetensors"
    assert heads_file("alexnet", str(path)) is None
    path.write_bytes(b"an encoder with heads")
    assert heads_file("alexnet", str(path)) == path


@pytest.mark.parametrize("weights", ["shipped", "imagenet", "random"])
def test_other_weights_have_no_file_of_heads(weights, tmp_path, monkeypatch):
    monkeypatch.setattr(package_weights, "FOLDER", tmp_path)
    (tmp_path / HEADS_FILE).write_bytes(b"heads over another encoder")
    assert heads_file("alexnet", weights) is None
    assert heads_sources("alexnet", weights) == {}


# --- reading them


def test_heads_are_read_with_their_parameters(write_heads, classifier, tmp_path):
    heads = read_heads(write_heads(tmp_path / "h.safetensors"), ENCODER)
    assert set(heads.details) == set(heads.states) == {CLASSIFIER, REGRESSORS}
    assert heads.details[CLASSIFIER]["categories"] == list(CATEGORIES)
    expected = arrays_of(classifier)
    assert set(heads.states[CLASSIFIER]) == set(expected)
    for name, array in heads.states[CLASSIFIER].items():
        np.testing.assert_array_equal(array, expected[name])


@pytest.mark.parametrize(("weights_hash", "there"), [("ab12", True), ("cd34", False)])
def test_heads_of_another_encoder_are_ignored(
    weights_hash, there, write_heads, tmp_path
):
    over = {"name": "alexnet", "weights": "w", "weights_hash": weights_hash}
    path = write_heads(tmp_path / "h.safetensors", locator=over)
    assert (read_heads(path, ENCODER) is not None) is there


def test_an_encoder_without_heads_has_none(tmp_path):
    made = make_encoder("squeezenet1_1", "random")
    path = encoder_file(tmp_path, made.architecture.name)
    write_encoder(path, made.architecture, made.weights, {"name": "s"})
    assert read_heads(path, made.identity) is None
    path.write_bytes(b"no weights")
    with pytest.raises(BadWeights, match="not a safetensors file"):
        read_heads(path, made.identity)


# --- through an artifact


def test_a_classifier_starts_from_the_one_in_the_artifact(
    write_heads, keep, classifier, tmp_path
):
    features = keep(read_heads(write_heads(tmp_path / "h.safetensors"), ENCODER))
    started = kept_classifier(features, ("dress", "hat"))
    assert started.categories == ("dress", "hat")
    assert started.network.sizes == SIZES
    assert torch.equal(started.mean, classifier.mean)
    assert torch.equal(started.spread, classifier.spread)
    for layer in ("reduce", "judge"):
        mine, theirs = (
            getattr(one.network, layer).weight for one in (started, classifier)
        )
        assert torch.equal(mine, theirs)
    mine, theirs = started.network.output, classifier.network.output
    assert torch.equal(mine.weight[0], theirs.weight[1])
    assert torch.equal(mine.bias[0], theirs.bias[1])
    assert not torch.isin(mine.weight[1], theirs.weight).any()  # "hat" is new


def test_regressors_start_from_those_in_the_artifact(
    write_heads, keep, regressors, tmp_path
):
    features = keep(read_heads(write_heads(tmp_path / "h.safetensors"), ENCODER))
    started = kept_regressors(features, ("hat", "dress", "coat"))
    assert started.categories == 3
    cells = torch.rand(1, CHANNELS, 4, 3, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        for mine, theirs in zip(started(cells), regressors(cells), strict=True):
            torch.testing.assert_close(mine[:, :, 1], theirs[:, :, 1])  # dresses
            torch.testing.assert_close(mine[:, :, 2], theirs[:, :, 0])  # coats
    assert torch.equal(started.mean, regressors.mean)
    sides = [started.network(side).judge.weight for side in SIDES]
    assert not torch.equal(sides[0], sides[1])  # the four stay separate


def test_an_artifact_without_heads_gives_none(keep):
    features = keep(None)
    assert features.header.count == {}
    assert kept_classifier(features, CATEGORIES) is None
    assert kept_regressors(features, CATEGORIES) is None


def test_an_artifact_whose_heads_lack_a_tensor_is_named(write_heads, keep, tmp_path):
    heads = read_heads(write_heads(tmp_path / "h.safetensors"), ENCODER)
    del heads.states[CLASSIFIER]["mean"]
    with pytest.raises(BadWeights, match=r"features\.lmdb lacks mean"):
        kept_classifier(keep(heads), CATEGORIES)
