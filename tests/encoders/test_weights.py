import os
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file
from safetensors.torch import save_file as torch_save_file

from tiefvision import weights as package_weights
from tiefvision.encoders.architectures import architecture_named
from tiefvision.encoders.dense import make_encoder
from tiefvision.encoders.identity import hash_arrays
from tiefvision.encoders.weights import load_weights, weights_of, write_encoder
from tiefvision.encoders.weights_files import read_weights_file, write_weights_file
from tiefvision.engines.layers import convolutions
from tiefvision.errors import BadWeights
from tiefvision.weights import encoder_file

SHARED = Path(os.environ.get("TIEFVISION_SHARED", "../shared"))
SQUEEZENET = architecture_named("squeezenet1_1")


def random_weights(architecture=SQUEEZENET, seed=0):
    weights, label = load_weights(architecture, "random", seed)
    assert label == f"random (seed {seed})"
    return weights


def random_hash(**settings):
    return hash_arrays(random_weights(**settings))


def published_state(weights, architecture=SQUEEZENET):
    """As a whole network would be saved: the trunk, and a head that it lacks.

    Normalisation is the identity, of the variance 1 - eps.
    """
    state = {"classifier.1.weight": np.zeros((10, 512, 1, 1), np.float32)}
    for name, layer in convolutions(architecture.layers):
        state[f"{layer.published}.weight"] = weights[f"{name}.weight"]
        if not layer.norm:
            state[f"{layer.published}.bias"] = weights[f"{name}.bias"]
            continue
        zeros = np.zeros(layer.outputs, np.float32)
        state[f"{layer.norm}.weight"] = zeros + 1
        state[f"{layer.norm}.bias"] = weights[f"{name}.bias"]
        state[f"{layer.norm}.running_mean"] = zeros
        state[f"{layer.norm}.running_var"] = zeros + 1 - np.float32(1e-5)
        state[f"{layer.norm}.num_batches_tracked"] = np.array(7)
    return state


def assert_equal(found, expected):
    assert found.keys() == expected.keys()
    for name, array in found.items():
        assert array.dtype == np.float32
        np.testing.assert_array_equal(array, expected[name], err_msg=name)


@pytest.fixture
def weights_file(tmp_path):
    path = tmp_path / "mine.safetensors"
    save_file(published_state(random_weights(seed=5)), path)
    return path


def test_random_weights_are_those_of_their_seed():
    hashes = [random_hash(seed=seed) for seed in (0, 0, 1)]
    assert hashes[0] == hashes[1] != hashes[2]


def test_random_weights_do_not_depend_on_the_global_generator():
    torch.manual_seed(1)
    first = random_hash()
    torch.manual_seed(2)
    assert random_hash() == first


def test_random_weights_keep_the_activations_alive(encoder, noise):
    # Some networks read levels of 0 to 255, and torchvision's a 58th of them.
    levels = 58 / encoder.architecture.preprocessing.spread[0]
    assert 0.3 < encoder.encode(noise(224, 224)).std() / levels < 30


def test_the_hash_follows_every_value_and_its_name():
    weights = random_weights()
    before = hash_arrays(weights)
    assert len(before) == 64
    weights["0.bias"][3] += 1e-6
    changed = hash_arrays(weights)
    assert changed != before
    weights["0.bias"][3] = 0.0
    assert hash_arrays(weights) == before
    renamed = {name.replace("0.bias", "1.bias"): one for name, one in weights.items()}
    assert hash_arrays(renamed) != before
    flat = {name: array.ravel() for name, array in weights.items()}
    assert hash_arrays(flat) != before


def test_the_hash_of_weights_does_not_depend_on_their_order():
    weights = random_weights()
    assert hash_arrays(dict(reversed(weights.items()))) == hash_arrays(weights)


def test_a_file_of_a_whole_network(weights_file):
    weights, label = load_weights(SQUEEZENET, str(weights_file))
    assert label == "mine.safetensors"
    assert_equal(weights, random_weights(seed=5))


@pytest.mark.parametrize("name", ["squeezenet1_1", "mobilenet_v2", "alexnet"])
def test_a_file_of_the_trunk_alone(name, tmp_path):
    """Its names lack torchvision's prefix."""
    architecture = architecture_named(name)
    path = tmp_path / "trunk.safetensors"
    expected = random_weights(architecture, seed=5)
    state = published_state(expected, architecture)
    bare = {key.removeprefix("features."): array for key, array in state.items()}
    save_file(bare, path)
    weights, _ = load_weights(architecture, str(path))
    assert_equal(weights, expected)


def test_half_precision_is_read_as_single(tmp_path):
    path = tmp_path / "half.safetensors"
    whole = random_weights(seed=5)
    half = {name: array.astype(np.float16) for name, array in whole.items()}
    save_file(half, path)
    weights, _ = load_weights(SQUEEZENET, str(path))
    assert_equal(weights, {name: one.astype(np.float32) for name, one in half.items()})


def test_counters_that_only_training_reads_are_not_read():
    architecture = architecture_named("mobilenet_v2")
    state = published_state(random_weights(architecture), architecture)
    lean = {name: array for name, array in state.items() if "num_batches" not in name}
    assert len(lean) < len(state)
    assert_equal(
        weights_of(architecture, lean, "here"), weights_of(architecture, state, "here")
    )


def test_a_format_that_numpy_lacks_is_named(tmp_path):
    path = tmp_path / "brain.safetensors"
    weights = random_weights()
    torch_save_file(
        {name: torch.from_numpy(one).bfloat16() for name, one in weights.items()}, path
    )
    with pytest.raises(BadWeights, match=r"brain\.safetensors.* format") as caught:
        make_encoder("squeezenet1_1", str(path))
    assert "float16 or float32" in caught.value.fix


@pytest.mark.parametrize("name", ["alexnet", "mobilenet_v2"])
def test_a_file_of_another_architecture(weights_file, name):
    with pytest.raises(BadWeights, match="another architecture") as caught:
        make_encoder(name, str(weights_file))
    assert str(weights_file) in str(caught.value)
    assert "features." in str(caught.value)  # the tensor that does not fit


def test_a_tensor_of_another_shape_is_named_with_both_shapes(tmp_path):
    state = published_state(random_weights())
    state["features.0.weight"] = np.zeros((64, 1, 3, 3), np.float32)
    path = tmp_path / "grey.safetensors"
    save_file(state, path)
    with pytest.raises(BadWeights) as caught:
        make_encoder("squeezenet1_1", str(path))
    message = str(caught.value)
    assert "features.0.weight is (64, 1, 3, 3), expected (64, 3, 3, 3)" in message


@pytest.mark.parametrize("kept", [0, 4, 1000, -1])
def test_a_truncated_file(weights_file, kept):
    weights_file.write_bytes(weights_file.read_bytes()[:kept])
    with pytest.raises(BadWeights, match=r"truncated") as caught:
        make_encoder("squeezenet1_1", str(weights_file))
    assert str(weights_file) in str(caught.value)


def test_a_file_that_is_not_safetensors(tmp_path):
    pickled = tmp_path / "weights.pt"
    torch.save({"features.0.weight": torch.zeros(1)}, pickled)
    for path in (pickled, tmp_path):
        with pytest.raises(BadWeights, match="is not a safetensors file") as caught:
            make_encoder("squeezenet1_1", str(path))
        assert str(path) in str(caught.value)


@pytest.fixture
def encoder_path(tmp_path, monkeypatch):
    """An encoder file as it ships, alone in a folder."""
    monkeypatch.setattr(package_weights, "FOLDER", tmp_path)
    path = encoder_file(tmp_path, SQUEEZENET.name)
    facts = {"name": "small-1", "teacher": "none"}
    write_encoder(path, SQUEEZENET, random_weights(seed=5), facts)
    return path


@pytest.mark.parametrize("by_path", [True, False])
def test_an_encoder_file_is_read_under_its_name(encoder_path, by_path):
    source = str(encoder_path) if by_path else "shipped"
    encoder = make_encoder("squeezenet1_1", source)
    assert encoder.identity.weights == "small-1"
    assert_equal(
        encoder.weights,
        {
            name: array.astype(np.float16).astype(np.float32)
            for name, array in random_weights(seed=5).items()
        },
    )
    facts = read_weights_file(encoder_path).facts
    assert (facts["architecture"], facts["teacher"]) == ("squeezenet1_1", "none")


def test_the_weights_for_locating_are_a_file_of_their_own(encoder_path):
    path = encoder_file(encoder_path.parent, SQUEEZENET.name, "locator")
    assert path.name == "locator-squeezenet1_1.safetensors"
    weights = random_weights(seed=6)
    write_encoder(path, SQUEEZENET, weights, {"name": "small-1-located"})
    encoder = make_encoder("squeezenet1_1", "locator")
    assert encoder.identity.weights == "small-1-located"
    assert make_encoder("squeezenet1_1", "shipped").identity.weights == "small-1"
    assert encoder.identity.weights_hash == (
        make_encoder("squeezenet1_1", str(path)).identity.weights_hash
    )


def test_what_was_trained_with_an_encoder_lies_beside_it(tmp_path):
    path = tmp_path / "both.safetensors"
    weights = random_weights(seed=5)
    heads = {"first": {"layer.weight": np.eye(3)}, "second": {"mean": np.ones(2)}}
    write_encoder(path, SQUEEZENET, weights, {"name": "x"}, heads)
    file = read_weights_file(path)
    for name, state in heads.items():
        found = file.group(f"{name}.")
        assert found.keys() == state.keys()
        for key, array in state.items():
            np.testing.assert_array_equal(found[key], array)
    alone = tmp_path / "alone.safetensors"
    write_encoder(alone, SQUEEZENET, weights, {"name": "x"})
    one, other = (make_encoder("squeezenet1_1", str(p)) for p in (path, alone))
    assert one.identity == other.identity


def test_half_precision_holds_what_it_has_rounded(encoder_path, tmp_path):
    encoder = make_encoder("squeezenet1_1", "shipped")
    again = tmp_path / "again.safetensors"
    write_encoder(again, SQUEEZENET, encoder.weights, {"name": "x"})
    identity = make_encoder("squeezenet1_1", str(again)).identity
    assert identity.weights_hash == encoder.identity.weights_hash


def test_an_architecture_that_does_not_ship_names_those_that_do(encoder_path):
    for source, name in (("shipped", "alexnet"), ("locator", "squeezenet1_1")):
        message = f"no {source} weights of {name}, only shipped of squeezenet1_1"
        with pytest.raises(BadWeights, match=message):
            make_encoder(name, source)
    path = encoder_file(encoder_path.parent, SQUEEZENET.name, "locator")
    encoder_path.rename(path)
    with pytest.raises(BadWeights, match="only locator of squeezenet1_1"):
        make_encoder("squeezenet1_1", "shipped")
    path.unlink()
    with pytest.raises(BadWeights, match="only nothing") as caught:
        make_encoder("squeezenet1_1", "shipped")
    assert "--weights imagenet" in caught.value.fix


def test_an_encoder_file_of_another_architecture(encoder_path):
    with pytest.raises(BadWeights, match=r"squeezenet1_1, expected alexnet") as caught:
        make_encoder("alexnet", str(encoder_path))
    assert "another architecture" in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"version": 2}, "of version 2 of tiefvision-encoder, expected version 1"),
        ({"format": "tiefvision-heads"}, "is a tiefvision-heads file, expected"),
        ({"format": None}, "does not name its format"),
    ],
)
def test_an_encoder_file_that_this_release_does_not_read(
    changes, message, encoder_path
):
    file = read_weights_file(encoder_path)
    write_weights_file(encoder_path, file.arrays, {**file.facts, **changes})
    with pytest.raises(BadWeights, match=message) as caught:
        make_encoder("squeezenet1_1", "shipped")
    assert str(encoder_path) in str(caught.value)


def test_an_encoder_file_that_lacks_a_tensor(encoder_path):
    file = read_weights_file(encoder_path)
    rest = {key: array for key, array in file.arrays.items() if key != "0.weight"}
    write_weights_file(encoder_path, rest, file.facts)
    with pytest.raises(BadWeights, match=r"lacks 0\.weight"):
        make_encoder("squeezenet1_1", "shipped")


def test_a_state_of_another_architecture_is_not_written(tmp_path):
    alexnet = architecture_named("alexnet")
    path = tmp_path / "x.safetensors"
    with pytest.raises(BadWeights, match="another architecture"):
        write_encoder(path, alexnet, random_weights(), {"name": "x"})
    assert not list(tmp_path.iterdir())


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(BadWeights, match=r"no weights file at .*gone\.safetensors"):
        make_encoder("squeezenet1_1", str(tmp_path / "gone.safetensors"))


@pytest.mark.real
@pytest.mark.skipif(
    not (SHARED / "weights").is_dir(), reason="the real weights are not there"
)
@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("mobilenet_v2", "mobilenet_v2.safetensors"),
        ("squeezenet1_1", "squeezenet1_1_features.safetensors"),
    ],
)
def test_the_real_weights_load(name, file, noise):
    path = SHARED / "weights" / file
    encoder = make_encoder(name, str(path))
    assert encoder.identity.weights == file
    stored = load_file(path)
    for key, layer in convolutions(encoder.architecture.layers):
        raw = stored[f"{layer.published}.weight"].astype(np.float32)
        if layer.norm:
            gain, spread = (
                stored[f"{layer.norm}.{part}"].astype(np.float32)
                for part in ("weight", "running_var")
            )
            raw = raw * (gain / np.sqrt(spread + 1e-5))[:, None, None, None]
        np.testing.assert_allclose(encoder.weights[f"{key}.weight"], raw, rtol=1e-5)
    cells = encoder.encode(noise(224, 224))
    assert np.isfinite(cells).all()
    assert cells.std() > 0.01
