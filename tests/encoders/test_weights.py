import os
from pathlib import Path
from urllib.error import URLError

import pytest
import torch
from safetensors.torch import load_file, save_file

from tiefvision import weights as package_weights
from tiefvision.encoders.architectures import ARCHITECTURES, architecture_named
from tiefvision.encoders.dense import make_encoder
from tiefvision.encoders.weights import hash_weights, load_weights, write_encoder
from tiefvision.encoders.weights_files import read_weights_file, write_weights_file
from tiefvision.errors import BadWeights
from tiefvision.weights import encoder_file

SHARED = Path(os.environ.get("TIEFVISION_SHARED", "../shared"))
SQUEEZENET = architecture_named("squeezenet1_1")


def random_trunk(architecture=SQUEEZENET, seed=0):
    trunk = architecture.build()
    load_weights(trunk, architecture, "random", seed)
    return trunk


def published_state(trunk):
    """As a whole network would be saved: the trunk, and a head that it lacks."""
    state = {f"features.{name}": value for name, value in trunk.state_dict().items()}
    return state | {"classifier.1.weight": torch.zeros(10, 512, 1, 1)}


@pytest.fixture
def weights_file(tmp_path):
    path = tmp_path / "mine.safetensors"
    save_file(published_state(random_trunk(seed=5)), path)
    return path


def test_random_weights_are_those_of_their_seed():
    hashes = [hash_weights(random_trunk(seed=seed)) for seed in (0, 0, 1)]
    assert hashes[0] == hashes[1] != hashes[2]


def test_random_weights_do_not_depend_on_the_global_generator():
    torch.manual_seed(1)
    first = hash_weights(random_trunk())
    torch.manual_seed(2)
    assert hash_weights(random_trunk()) == first


def test_random_weights_keep_the_activations_alive(random_encoder, noise):
    for name in ARCHITECTURES:
        assert 0.3 < random_encoder(name).encode(noise(224, 224)).std() < 30


def test_the_hash_follows_every_value_and_its_name():
    trunk = random_trunk()
    before = hash_weights(trunk)
    assert len(before) == 64
    with torch.no_grad():
        trunk[0].bias[3] += 1e-6
    changed = hash_weights(trunk)
    assert changed != before
    with torch.no_grad():
        trunk[0].bias[3] = 0.0
    assert hash_weights(trunk) == before
    first = torch.nn.Sequential(torch.nn.ReLU(), torch.nn.Linear(1, 1))
    other = torch.nn.Sequential(torch.nn.Linear(1, 1))
    other[0].load_state_dict(first[1].state_dict())
    assert hash_weights(first) != hash_weights(other)


def test_a_file_of_a_whole_network(weights_file):
    trunk = SQUEEZENET.build()
    assert load_weights(trunk, SQUEEZENET, str(weights_file), 0) == "mine.safetensors"
    assert hash_weights(trunk) == hash_weights(random_trunk(seed=5))


def test_a_file_of_the_trunk_alone(tmp_path):
    path = tmp_path / "trunk.safetensors"
    save_file(random_trunk(seed=5).state_dict(), path)
    trunk = SQUEEZENET.build()
    load_weights(trunk, SQUEEZENET, str(path), 0)
    assert hash_weights(trunk) == hash_weights(random_trunk(seed=5))


def test_half_precision_is_read_as_single(tmp_path):
    path = tmp_path / "half.safetensors"
    whole = random_trunk(seed=5).state_dict()
    save_file({name: value.half() for name, value in whole.items()}, path)
    trunk = SQUEEZENET.build()
    load_weights(trunk, SQUEEZENET, str(path), 0)
    for name, value in trunk.state_dict().items():
        assert value.dtype == torch.float32
        assert torch.equal(value, whole[name].half().float())


def test_counters_that_only_training_reads_may_be_missing(tmp_path):
    architecture = architecture_named("mobilenet_v2")
    state = random_trunk(architecture).state_dict()
    lean = {name: value for name, value in state.items() if "num_batches" not in name}
    assert len(lean) < len(state)
    path = tmp_path / "lean.safetensors"
    save_file(lean, path)
    trunk = architecture.build()
    load_weights(trunk, architecture, str(path), 0)
    assert hash_weights(trunk) == hash_weights(random_trunk(architecture))


@pytest.mark.parametrize("name", ["alexnet", "mobilenet_v2"])
def test_a_file_of_another_architecture(weights_file, name):
    with pytest.raises(BadWeights, match="another architecture") as caught:
        make_encoder(name, str(weights_file))
    assert str(weights_file) in str(caught.value)
    assert "features." in str(caught.value)  # the tensor that does not fit


def test_a_tensor_of_another_shape_is_named_with_both_shapes(tmp_path):
    state = published_state(random_trunk())
    state["features.0.weight"] = torch.zeros(64, 1, 3, 3)
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
    state = random_trunk(seed=5).state_dict()
    write_encoder(path, "squeezenet1_1", state, {"name": "small-1", "teacher": "none"})
    return path


@pytest.mark.parametrize("by_path", [True, False])
def test_an_encoder_file_is_read_under_its_name(encoder_path, by_path):
    source = str(encoder_path) if by_path else "shipped"
    encoder = make_encoder("squeezenet1_1", source)
    assert encoder.identity.weights == "small-1"
    for name, value in random_trunk(seed=5).state_dict().items():
        assert torch.equal(encoder.trunk.state_dict()[name], value.half().float())
    facts = read_weights_file(encoder_path).facts
    assert (facts["architecture"], facts["teacher"]) == ("squeezenet1_1", "none")


def test_the_weights_for_locating_are_a_file_of_their_own(encoder_path):
    path = encoder_file(encoder_path.parent, SQUEEZENET.name, "locator")
    assert path.name == "locator-squeezenet1_1.safetensors"
    state = random_trunk(seed=6).state_dict()
    write_encoder(path, "squeezenet1_1", state, {"name": "small-1-located"})
    encoder = make_encoder("squeezenet1_1", "locator")
    assert encoder.identity.weights == "small-1-located"
    assert make_encoder("squeezenet1_1", "shipped").identity.weights == "small-1"
    assert encoder.identity.weights_hash == (
        make_encoder("squeezenet1_1", str(path)).identity.weights_hash
    )


def test_what_was_trained_with_an_encoder_lies_beside_it(tmp_path):
    path = tmp_path / "both.safetensors"
    trunk = random_trunk(seed=5)
    heads = {"first": {"layer.weight": torch.eye(3)}, "second": {"mean": torch.ones(2)}}
    write_encoder(path, "squeezenet1_1", trunk.state_dict(), {"name": "x"}, heads)
    file = read_weights_file(path)
    for name, state in heads.items():
        found = file.group(f"{name}.")
        assert found.keys() == state.keys()
        assert all(found[key].float().equal(value) for key, value in state.items())
    alone = tmp_path / "alone.safetensors"
    write_encoder(alone, "squeezenet1_1", trunk.state_dict(), {"name": "x"})
    one, other = (make_encoder("squeezenet1_1", str(p)) for p in (path, alone))
    assert one.identity == other.identity


def test_half_precision_holds_what_it_has_rounded(encoder_path, tmp_path):
    encoder = make_encoder("squeezenet1_1", "shipped")
    again = tmp_path / "again.safetensors"
    write_encoder(again, "squeezenet1_1", encoder.trunk.state_dict(), {"name": "x"})
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
    write_weights_file(encoder_path, file.tensors, {**file.facts, **changes})
    with pytest.raises(BadWeights, match=message) as caught:
        make_encoder("squeezenet1_1", "shipped")
    assert str(encoder_path) in str(caught.value)


def test_an_encoder_file_that_lacks_a_tensor(encoder_path):
    file = read_weights_file(encoder_path)
    rest = {key: value for key, value in file.tensors.items() if key != "0.weight"}
    write_weights_file(encoder_path, rest, file.facts)
    with pytest.raises(BadWeights, match=r"lacks 0\.weight"):
        make_encoder("squeezenet1_1", "shipped")


def test_a_state_of_another_architecture_is_not_written(tmp_path):
    state = random_trunk().state_dict()
    with pytest.raises(BadWeights, match="another architecture"):
        write_encoder(tmp_path / "x.safetensors", "alexnet", state, {"name": "x"})
    assert not list(tmp_path.iterdir())


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(BadWeights, match=r"no weights file at .*gone\.safetensors"):
        make_encoder("squeezenet1_1", str(tmp_path / "gone.safetensors"))


@pytest.mark.parametrize("name", list(ARCHITECTURES))
def test_without_a_network_imagenet_weights_say_what_else_there_is(
    name, monkeypatch, tmp_path
):
    def refuse(*args, **kwargs):
        raise URLError("no route to host")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))  # where earlier downloads lie
    monkeypatch.setattr(torch.hub, "download_url_to_file", refuse)
    with pytest.raises(BadWeights, match="no route to host") as caught:
        make_encoder(name, "imagenet")
    assert name in str(caught.value)
    assert "--weights random" in caught.value.fix


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
    stored = load_file(path)["features.0.weight" if "squeeze" in name else FIRST]
    loaded = next(iter(encoder.trunk.state_dict().values()))
    assert torch.equal(loaded, stored.float())
    cells = encoder.encode(noise(224, 224))
    assert cells.isfinite().all()
    assert cells.std() > 0.01


FIRST = "features.0.0.weight"
