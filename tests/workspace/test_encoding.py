import hashlib

import numpy as np
import pytest

from tiefvision import weights as package_weights
from tiefvision.encoders.dense import make_encoder
from tiefvision.engines.choice import Backend, OpenVinoEngine
from tiefvision.errors import BadUsage, BadWeights, StaleArtifact
from tiefvision.store.artifact import ArtifactWriter
from tiefvision.store.header import Header
from tiefvision.workspace.artifacts import Workspace
from tiefvision.workspace.encoding import (
    keep_encoder,
    read_encoder,
    stage_encoder,
    weights_sources,
)
from tiefvision.workspace.job import Resources

CPU = Backend("cpu").inference


@pytest.fixture
def workspace(tmp_path):
    return Workspace(tmp_path)


def write_crops(workspace, encoder, precision="auto", keep=True):
    header = Header("encode_crops", 1, {"precision": precision}, {})
    with ArtifactWriter(workspace.path("crops"), header, 0.1) as writer:
        if keep:
            keep_encoder(writer, encoder)
        writer.finish(encoder.identity.to_dict())


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_an_encoder_is_restored_from_its_artifact(precision, workspace):
    encoder = make_encoder("squeezenet1_1", "random", 3, CPU, precision)
    write_crops(workspace, encoder, precision)
    with workspace.open("crops") as crops:
        found = read_encoder(crops, CPU)
    assert found.identity == encoder.identity
    assert found.number_format == precision
    assert found.engine is CPU
    for name, array in found.weights.items():
        np.testing.assert_array_equal(array, encoder.weights[name])


def test_the_artifact_holds_a_copy_of_the_weights(workspace):
    """Its memory is unmapped when it is closed, and the encoder lives on."""
    write_crops(workspace, make_encoder("squeezenet1_1", "random", 3))
    with workspace.open("crops") as crops:
        found = read_encoder(crops, CPU)
    assert found.encode(np.zeros((64, 64, 3), np.uint8)).shape[0] == 512


def test_maps_without_an_encoder_are_refused_with_the_command_to_run(workspace):
    write_crops(workspace, make_encoder("squeezenet1_1", "random"), keep=False)
    with (
        workspace.open("crops") as crops,
        pytest.raises(StaleArtifact, match=r"crops\.lmdb does not .*make stage-6 RUN="),
    ):
        read_encoder(crops, CPU)


def test_a_stage_makes_the_encoder_of_its_settings():
    resources = Resources(backend=Backend("cpu", threads=2), seed=4)
    encoder = stage_encoder("squeezenet1_1", "random", "bfloat16", resources)
    expected = make_encoder("squeezenet1_1", "random", 4)
    assert encoder.identity == expected.identity
    assert encoder.number_format == "bfloat16"
    assert encoder.engine == OpenVinoEngine(2)
    with pytest.raises(BadUsage, match="float8"):
        stage_encoder("squeezenet1_1", "random", "float8", Resources())


@pytest.mark.parametrize("source", ["shipped", "locator"])
def test_a_file_of_weights_is_an_input_by_its_hash(source, tmp_path, monkeypatch):
    monkeypatch.setattr(package_weights, "FOLDER", tmp_path)
    with pytest.raises(BadWeights, match=f"no {source} weights of alexnet"):
        weights_sources("alexnet", source)
    name = {"shipped": "encoder", "locator": "locator"}[source]
    path = tmp_path / f"{name}-alexnet.safetensors"
    path.write_bytes(b"some weights")
    expected = {"weights": hashlib.sha256(b"some weights").hexdigest()}
    assert weights_sources("alexnet", source) == expected
    assert weights_sources("alexnet", str(path)) == expected


@pytest.mark.parametrize("source", ["random", "imagenet", "nowhere.safetensors"])
def test_weights_without_a_file_are_no_input(source):
    assert weights_sources("alexnet", source) == {}
