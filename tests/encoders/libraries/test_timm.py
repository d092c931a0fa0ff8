"""Networks of timm as encoders: the smallest of it, with random weights."""

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file

from tiefvision.encoders.architectures import architecture_named
from tiefvision.encoders.dense import DenseEncoder, make_encoder, restore_encoder
from tiefvision.encoders.weights import write_encoder
from tiefvision.engines.choice import OpenVinoEngine
from tiefvision.engines.modules import arrays_of
from tiefvision.engines.torch import TorchEngine
from tiefvision.errors import BadUsage, BadWeights

timm = pytest.importorskip("timm")

VIT, CNN = "timm:test_vit", "timm:test_resnet"
ENGINE = OpenVinoEngine(1)


@pytest.fixture(scope="module")
def encoders():
    return {name: make_encoder(name, "random", 3, ENGINE) for name in (VIT, CNN)}


@pytest.fixture(scope="module")
def register():
    """Makes networks of other forms known to timm."""
    from timm.models import register_model
    from timm.models.vision_transformer import _create_vision_transformer

    def network_with_patches(side):
        def network(pretrained=False, **options):
            size = {"img_size": 7 * side, "patch_size": side, "embed_dim": 16}
            return _create_vision_transformer(
                network.__name__, pretrained, depth=1, num_heads=2, **size, **options
            )

        network.__name__ = f"vit_of_patches_{side}"
        network.__module__ = __name__
        return f"timm:{register_model(network).__name__}"

    return network_with_patches


def test_geometry_and_preprocessing_come_from_timm():
    vit, cnn = (architecture_named(name) for name in (VIT, CNN))
    assert (vit.channels, vit.stride, vit.window) == (64, 16, 14)
    # The third of four stages: the fourth has a stride of 32 px.
    assert (cnn.channels, cnn.stride, cnn.window) == (192, 16, 14)
    assert vit.preprocessing.mean == vit.preprocessing.spread == (127.5,) * 3
    other = architecture_named("timm:resnet10t").preprocessing
    assert other.mean == pytest.approx((123.675, 116.28, 103.53))
    assert "0.485, 0.456, 0.406" in other.name


def test_a_map_is_that_of_timm(encoders, noise):
    """At the size that the network was made for, nothing is resized or cropped."""
    encoder, photo = encoders[VIT], noise(160, 160)
    network = timm.create_model("test_vit", num_classes=0).eval()
    state = {name: torch.tensor(array) for name, array in encoder.weights.items()}
    network.load_state_dict(state, strict=False)
    pixels = torch.from_numpy(photo).permute(2, 0, 1)[None].float() / 127.5 - 1
    with torch.inference_mode():
        tokens = network.forward_features(pixels)[0, network.num_prefix_tokens :]
    expected = tokens.T.reshape(64, 10, 10).numpy()
    np.testing.assert_allclose(encoder.encode(photo), expected, atol=1e-5)


def test_the_windows_of_a_convolutional_map_are_crops(encoders, noise):
    """As far as no cell reaches beyond the crop: a stain outside does not change it."""
    encoder, photo, (x, y) = encoders[CNN], noise(480, 448), (96, 112)
    dense = encoder.encode(photo)[:, 7:21, 6:20]
    own = encoder.encode(photo[y : y + 224, x : x + 224])
    stained = 255 - photo
    stained[y : y + 224, x : x + 224] = photo[y : y + 224, x : x + 224]
    clear = (encoder.encode(stained)[:, 7:21, 6:20] == dense).all(axis=0)
    assert clear[4:10, 4:10].all() and not clear[0].any()
    np.testing.assert_allclose(dense[:, clear], own[:, clear], atol=1e-5)


@pytest.mark.parametrize("name", [VIT, CNN])
def test_maps_have_whole_cells_of_photographs_of_any_size(name, encoders, noise):
    encoder = encoders[name]
    for width, height in ((224, 224), (333, 300), (240, 239), (9, 40)):
        cells = max(height // 16, 1), max(width // 16, 1)
        assert encoder.encode(noise(width, height)).shape[1:] == cells
    framed = encoder.encode(noise(100, 60), (48, 82))
    assert framed.shape[1:] == (14, 12)
    assert framed.dtype == np.float32 and np.isfinite(framed).all()


def test_random_weights_follow_the_seed_and_leave_torch_alone(encoders):
    before = torch.random.get_rng_state()
    again = make_encoder(VIT, "random", 3, ENGINE)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert again.identity == encoders[VIT].identity
    assert again.identity.weights == "random (seed 3)"
    other = make_encoder(VIT, "random", 4, ENGINE)
    assert other.identity.weights_hash != again.identity.weights_hash


def test_engines_and_a_restored_encoder_give_equal_maps(encoders, noise):
    encoder, photo = encoders[CNN], noise(240, 224)
    expected = encoder.encode(photo)
    identity = encoder.identity.to_dict()
    engine = TorchEngine(torch.device("cpu"))
    restored = restore_encoder(identity, encoder.weights, engine)
    assert restored.identity == encoder.identity
    np.testing.assert_array_equal(restored.encode(photo), expected)
    rounded = DenseEncoder(
        encoder.architecture, encoder.weights, "", ENGINE, "bfloat16"
    )
    assert not np.array_equal(rounded.encode(photo), expected)
    np.testing.assert_allclose(rounded.encode(photo), expected, atol=0.05)


def test_a_file_of_timm_is_read_as_far_as_the_map(tmp_path, noise):
    """The whole network with its classifier, whatever the number of classes."""
    torch.manual_seed(5)
    network = timm.create_model("test_resnet", num_classes=7).eval()
    save_file(arrays_of(network), tmp_path / "r.safetensors")
    encoder = make_encoder(CNN, str(tmp_path / "r.safetensors"), engine=ENGINE)
    assert encoder.identity.weights == "r.safetensors"
    assert not any(name.startswith(("fc.", "layer4.")) for name in encoder.weights)
    photo = noise(224, 224)
    pixels = torch.from_numpy(photo).permute(2, 0, 1)[None].float() / 127.5 - 1
    with torch.inference_mode():
        maps = network.forward_intermediates(pixels, intermediates_only=True)
    np.testing.assert_allclose(encoder.encode(photo), maps[3][0], atol=1e-5)


def test_an_encoder_file_of_this_project_is_read_again(encoders, tmp_path):
    encoder, path = encoders[VIT], tmp_path / "e.safetensors"
    write_encoder(path, encoder.architecture, encoder.weights, {"name": "mine"})
    found = make_encoder(VIT, str(path), engine=ENGINE)
    assert found.identity.weights == "mine"
    for name, array in encoder.weights.items():
        np.testing.assert_array_equal(found.weights[name], array.astype(np.float16))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda arrays: arrays.pop("norm.weight"), "lacks norm.weight"),
        (lambda arrays: arrays.update(more=np.zeros(2)), "holds more, which timm:"),
        (
            lambda arrays: arrays.update(cls_token=np.zeros((1, 1, 3))),
            "cls_token is (1, 1, 3), expected (1, 1, 64)",
        ),
    ],
)
def test_weights_that_do_not_fit_are_refused_by_name(change, said, encoders, tmp_path):
    arrays = {name: np.array(part) for name, part in encoders[VIT].weights.items()}
    change(arrays)
    save_file(arrays, tmp_path / "v.safetensors")
    with pytest.raises(BadWeights) as error:
        make_encoder(VIT, str(tmp_path / "v.safetensors"), engine=ENGINE)
    assert said in str(error.value)


@pytest.mark.parametrize("source", ["shipped", "locator", "imagenet"])
def test_nothing_is_downloaded_unless_asked_for(source):
    with pytest.raises(BadWeights, match=r"FILE\.safetensors, hub .* or random"):
        make_encoder(VIT, source, engine=ENGINE)


def test_a_hub_is_asked_through_timm(encoders, monkeypatch):
    from tiefvision.encoders.libraries import loading

    asked = []

    def give(name, pretrained):
        asked.append((name, pretrained))
        return timm.create_model("test_vit")

    monkeypatch.setattr(loading, "build_network", give)
    encoder = make_encoder(VIT, "hub", engine=ENGINE)
    assert asked == [("test_vit", True)]
    assert encoder.identity.weights == "hub"
    assert encoder.weights.keys() == encoders[VIT].weights.keys()

    def fail(name, pretrained):
        raise OSError("no network")

    monkeypatch.setattr(loading, "build_network", fail)
    with pytest.raises(BadWeights, match="cannot be downloaded: no network"):
        make_encoder(VIT, "hub", engine=ENGINE)


@pytest.mark.parametrize(("side", "window"), [(14, 16), (32, 7), (8, 28)])
def test_patches_of_other_sizes_divide_a_crop(side, window, register, noise):
    encoder = make_encoder(register(side), "random", engine=ENGINE)
    assert encoder.architecture.stride == side
    assert encoder.architecture.window == window
    assert encoder.encode(noise(224, 300)).shape == (16, 300 // side, window)


def test_networks_that_do_not_fit_the_locator_are_refused(register):
    with pytest.raises(BadUsage, match=r"224 x 224 px \(.* patch size \(10\)"):
        architecture_named(register(10))
    with pytest.raises(BadUsage, match="its cells lie 56 px apart, and have to divide"):
        architecture_named(register(56))
    with pytest.raises(BadUsage, match=r"256 x 320 px \(.*model \(224\)"):
        architecture_named("timm:mixer_s32_224")


def test_an_unknown_name_is_refused_with_similar_ones():
    with pytest.raises(BadUsage, match=r"Did you mean .*timm:test_vit"):
        architecture_named("timm:tst_vit")
    with pytest.raises(BadUsage, match=r"no network called 'test_vit\.wrong'"):
        architecture_named("timm:test_vit.wrong")


def test_a_missing_library_is_named_with_its_extra(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "timm", None)
    with pytest.raises(BadUsage, match=r"pip install 'tiefvision\[timm\]'"):
        architecture_named("timm:test_vit3")


def test_a_network_beyond_the_memory_is_refused(encoders, monkeypatch):
    from tiefvision.encoders.libraries import architecture

    monkeypatch.setattr(architecture, "free_memory", lambda device: 10**6)
    encoder = DenseEncoder(
        encoders[VIT].architecture, encoders[VIT].weights, "", ENGINE
    )
    with pytest.raises(BadWeights, match=r"timm:test_vit takes 0.0 GiB of memory"):
        encoder.encode(np.zeros((32, 32, 3), np.uint8))
    monkeypatch.setattr(architecture, "free_memory", lambda device: None)
    assert encoder.encode(np.zeros((32, 32, 3), np.uint8)).shape == (64, 2, 2)


def test_operations_are_counted_by_hand():
    """A patch is 3 x 16 x 16 numbers, and each gives 64 channels, for 14 x 14 cells."""
    vit = architecture_named(VIT)
    crop, twice = (vit.count_operations((3, 224, width)) for width in (224, 448))
    embedding = 2 * 14 * 14 * 64 * 3 * 16 * 16
    # Six blocks: queries, keys, values, projection, and twice 3 x 64 hidden numbers.
    tokens = 14 * 14 + 1
    layers = 6 * tokens * 2 * (4 * 64 * 64 + 2 * 64 * 192)
    attention = 6 * 2 * 2 * tokens**2 * 64
    assert crop == pytest.approx(embedding + layers + attention, rel=1e-3)
    assert twice > 2 * crop  # for attention is quadratic
