import pytest
import torch
import torchvision

from tiefvision.encoders.architectures import (
    ARCHITECTURES,
    CROP_SIDE,
    architecture_named,
)
from tiefvision.errors import TiefVisionError

SHAPES = {
    "alexnet": (256, 11, 11),
    "squeezenet1_1": (512, 13, 13),
    "mobilenet_v2": (320, 14, 14),
}


def published_trunk(name):
    features = torchvision.models.get_model(name, weights=None).features.eval()
    # MobileNetV2 ends in a 1x1 convolution of 1280 channels that is left out here.
    return features[:18] if name == "mobilenet_v2" else features


def test_the_map_of_a_crop_is_what_the_table_says(encoder, noise):
    architecture = encoder.architecture
    cells = encoder.encode(noise(CROP_SIDE, CROP_SIDE))
    assert tuple(cells.shape) == SHAPES[architecture.name]
    window = (architecture.window, architecture.window)
    assert (architecture.channels, *window) == SHAPES[architecture.name]


def test_every_stride_adds_a_cell(encoder, noise):
    architecture = encoder.architecture
    wide = encoder.encode(noise(CROP_SIDE + 3 * architecture.stride, CROP_SIDE))
    assert wide.shape[1:] == (architecture.window, architecture.window + 3)


@pytest.mark.parametrize(
    ("name", "step"), [("alexnet", 2), ("squeezenet1_1", 1), ("mobilenet_v2", 2)]
)
@torch.inference_mode()
def test_the_cells_are_those_of_the_published_network(random_encoder, name, step):
    trunk = random_encoder(name).trunk
    published = published_trunk(name)
    published.load_state_dict(trunk.state_dict())
    pixels = torch.randn(1, 3, 256, 224, generator=torch.Generator().manual_seed(1))
    expected = published(pixels)
    fine = trunk(pixels)
    # AlexNet and MobileNetV2 step 32 px as published; every second cell is theirs.
    assert expected.shape == fine[:, :, ::step, ::step].shape
    torch.testing.assert_close(
        fine[:, :, ::step, ::step], expected, atol=1e-4, rtol=1e-4
    )
    assert expected.std() > 0.1


def test_an_unknown_architecture_is_named_with_the_known():
    with pytest.raises(TiefVisionError, match=r"'vgg16'.*alexnet, squeezenet1_1"):
        architecture_named("vgg16")
    for name in ARCHITECTURES:
        assert architecture_named(name).name == name


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_the_parameters_are_those_of_the_trunk(name, random_encoder):
    trunk = random_encoder(name).trunk
    counted = sum(weights.numel() for weights in trunk.parameters())
    assert architecture_named(name).parameters == counted


def test_alexnets_parameters_worked_by_hand():
    layers = [(3, 64, 11), (64, 192, 5), (192, 384, 3), (384, 256, 3), (256, 256, 3)]
    expected = sum(ins * outs * side**2 + outs for ins, outs, side in layers)
    assert architecture_named("alexnet").parameters == expected


def test_alexnet_is_torchvisions_layer_by_layer():
    """It is written out here, as importing torchvision takes longer than locating."""
    ours = architecture_named("alexnet").build()
    published = torchvision.models.alexnet(weights=None).features
    *layers, last = map(str, ours)
    *expected, published_last = map(str, published)
    assert layers == expected
    # The last max pool alone has another stride.
    assert published_last.replace("stride=2", "stride=1") == last
    shapes = {name: weights.shape for name, weights in ours.state_dict().items()}
    assert shapes == {
        name: weights.shape for name, weights in published.state_dict().items()
    }


@torch.inference_mode()
def test_alexnet_computes_what_torchvisions_does():
    ours = architecture_named("alexnet").build().eval()
    published = torchvision.models.alexnet(weights=None).features.eval()
    ours.load_state_dict(published.state_dict())
    pixels = torch.randn(1, 3, 224, 160, generator=torch.Generator().manual_seed(0))
    expected = published[:-1](pixels)
    torch.testing.assert_close(ours[:-1](pixels), expected, atol=0, rtol=0)
    assert expected.std() > 0
    torch.testing.assert_close(
        ours(pixels)[:, :, ::2, ::2], published(pixels), atol=0, rtol=0
    )
