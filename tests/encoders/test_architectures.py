import numpy as np
import pytest
import torch
import torchvision
from torch.utils.flop_counter import FlopCounterMode

from tiefvision.encoders.architectures import (
    ARCHITECTURES,
    CROP_SIDE,
    STRIDE,
    architecture_named,
)
from tiefvision.encoders.nin import FINE_POOL, OLD_POOL, nin
from tiefvision.encoders.weights import weights_of
from tiefvision.engines.layers import (
    convolutions,
    count_operations,
    output_shape,
    run_layers,
)
from tiefvision.engines.modules import build_modules, restore_module
from tiefvision.errors import TiefVisionError

SHAPES = {
    "alexnet": (256, 11, 11),
    "squeezenet1_1": (512, 13, 13),
    "mobilenet_v2": (320, 14, 14),
    "efficientnet_lite0": (320, 14, 14),
    "efficientnet_lite2": (352, 14, 14),
    "nin": (384, 11, 11),
}

TORCHVISIONS = ("alexnet", "squeezenet1_1", "mobilenet_v2")

each_architecture = pytest.mark.parametrize(
    "architecture", ARCHITECTURES.values(), ids=ARCHITECTURES
)


def published_trunk(name):
    """torchvision's trunk, its weights and the statistics of its normalisation random.

    torch's own initial weights let activations fade, and its statistics are 0 and 1.
    """
    torch.manual_seed(2)
    features = torchvision.models.get_model(name, weights=None).features.eval()
    with torch.no_grad():
        for module in features.modules():
            if isinstance(module, torch.nn.Conv2d):
                torch.nn.init.kaiming_normal_(module.weight)
                if module.bias is not None:
                    module.bias.normal_(0, 0.1)
            elif isinstance(module, torch.nn.BatchNorm2d):
                module.weight.uniform_(0.5, 1.5)
                module.bias.normal_(0, 0.5)
                module.running_mean.normal_(0, 0.5)
                module.running_var.uniform_(0.5, 2.0)
    return features


def arrays_of_features(features):
    """The weights of a trunk under the names of torchvision's files."""
    state = features.state_dict()
    return {f"features.{name}": value.numpy() for name, value in state.items()}


def test_the_map_of_a_crop_is_what_the_table_says(encoder, noise):
    architecture = encoder.architecture
    cells = encoder.encode(noise(CROP_SIDE, CROP_SIDE))
    assert cells.shape == SHAPES[architecture.name]
    window = (architecture.window, architecture.window)
    assert (architecture.channels, *window) == SHAPES[architecture.name]


def test_every_stride_adds_a_cell(encoder, noise):
    architecture = encoder.architecture
    wide = encoder.encode(noise(CROP_SIDE + 3 * architecture.stride, CROP_SIDE))
    assert wide.shape[1:] == (architecture.window, architecture.window + 3)


@each_architecture
@pytest.mark.parametrize("size", [(224, 224), (97, 131), (240, 351)])
def test_shape_and_operations_are_those_that_torch_counts(architecture, size):
    # On the meta device nothing is computed, but every operation is counted.
    with torch.device("meta"):
        trunk = build_modules(architecture.layers)
        pixels = torch.empty((1, 3, *size))
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        cells = trunk(pixels)
    shape = (3, *size)
    assert output_shape(architecture.layers, shape) == tuple(cells.shape[1:])
    assert count_operations(architecture.layers, shape) == counter.get_total_flops()


@pytest.mark.parametrize(
    ("name", "step"), [("alexnet", 2), ("squeezenet1_1", 1), ("mobilenet_v2", 2)]
)
@torch.inference_mode()
def test_the_cells_are_those_of_the_published_network(name, step):
    published = published_trunk(name)
    architecture = architecture_named(name)
    weights = weights_of(architecture, arrays_of_features(published), "torchvision")
    trunk = restore_module(
        build_modules(architecture.layers), weights, torch.device("cpu"), "here"
    )
    # MobileNetV2 ends in a 1x1 convolution of 1280 channels that is left out here.
    features = published[:18] if name == "mobilenet_v2" else published
    pixels = torch.randn(1, 3, 256, 224, generator=torch.Generator().manual_seed(1))
    expected, fine = features(pixels), trunk(pixels)
    # AlexNet and MobileNetV2 step 32 px as published; every second cell is theirs.
    same = fine[:, :, ::step, ::step]
    assert expected.shape == same.shape
    assert expected.std() > 0.1
    torch.testing.assert_close(same, expected, atol=1e-4, rtol=1e-3)


def test_an_unknown_architecture_is_named_with_the_known():
    with pytest.raises(TiefVisionError, match=r"'vgg16'.*alexnet, squeezenet1_1"):
        architecture_named("vgg16")
    for name in ARCHITECTURES:
        assert architecture_named(name).name == name


@each_architecture
def test_the_parameters_are_those_of_the_trunk(architecture):
    trunk = build_modules(architecture.layers)
    counted = sum(values.numel() for values in trunk.parameters())
    assert architecture.parameters == counted


def test_alexnets_parameters_worked_by_hand():
    layers = [(3, 64, 11), (64, 192, 5), (192, 384, 3), (384, 256, 3), (256, 256, 3)]
    expected = sum(ins * outs * side**2 + outs for ins, outs, side in layers)
    assert architecture_named("alexnet").parameters == expected


def test_alexnet_is_torchvisions_layer_by_layer():
    """It is written out here, as importing torchvision takes longer than locating."""
    ours = build_modules(architecture_named("alexnet").layers)
    published = torchvision.models.alexnet(weights=None).features
    *layers, last = (str(layer).replace(", inplace=True", "") for layer in ours)
    *expected, published_last = (
        str(layer).replace("inplace=True", "") for layer in published
    )
    assert layers == expected
    # The last max pool alone has another stride.
    assert published_last.replace("stride=2", "stride=1") == last
    shapes = {name: values.shape for name, values in ours.state_dict().items()}
    assert shapes == {
        name: values.shape for name, values in published.state_dict().items()
    }


@torch.inference_mode()
def test_alexnet_computes_what_torchvisions_does():
    ours = build_modules(architecture_named("alexnet").layers).eval()
    published = torchvision.models.alexnet(weights=None).features.eval()
    ours.load_state_dict(published.state_dict())
    pixels = torch.randn(1, 3, 224, 160, generator=torch.Generator().manual_seed(0))
    expected = published[:-1](pixels)
    torch.testing.assert_close(ours[:-1](pixels), expected, atol=0, rtol=0)
    assert expected.std() > 0
    torch.testing.assert_close(
        ours(pixels)[:, :, ::2, ::2], published(pixels), atol=0, rtol=0
    )


@pytest.mark.parametrize(
    ("side", "old", "fine"),
    [(224, 6, 11), (2240, 69, 137), (3360, 104, 207), (448, 13, 25), (672, 20, 39)],
)
def test_tiefvisions_encoder_has_the_cells_that_its_code_asserts(side, old, fine):
    for last, cells in ((OLD_POOL, old), (FINE_POOL, fine)):
        shape = output_shape(nin(last), (3, side, side))
        assert shape == (384, cells, cells)
    assert fine == 2 * old - 1


def test_tiefvisions_encoder_has_the_published_parameters():
    assert architecture_named("nin").parameters == 1_980_608


def test_a_file_of_nin_has_the_names_of_caffes_model_zoo():
    architecture = architecture_named("nin")
    arrays = {}
    for number, (_, layer) in enumerate(convolutions(architecture.layers)):
        arrays[f"{layer.published}.weight"] = np.full(layer.weight_shape, number)
        arrays[f"{layer.published}.bias"] = np.zeros(layer.outputs)
    names = ["conv1", "cccp1", "cccp2", "conv2", "cccp3", "cccp4", "conv3"]
    assert [*dict.fromkeys(name.split(".")[0] for name in arrays)][:7] == names
    weights = weights_of(architecture, arrays, "the file")
    found = [array.mean() for name, array in weights.items() if "weight" in name]
    assert found == list(range(9))


def test_the_finer_cells_of_nin_are_twice_as_many_of_the_old_ones():
    pixels = torch.randn(1, 3, 224, 192, generator=torch.Generator().manual_seed(0))
    torch.manual_seed(0)
    fine = build_modules(nin()).eval()
    old = build_modules(nin(OLD_POOL)).eval()
    old.load_state_dict(fine.state_dict())
    with torch.inference_mode():
        expected, found = old(pixels), fine(pixels)
    rows, columns = (side // 2 for side in found.shape[2:])
    torch.testing.assert_close(
        found[:, :, : 2 * rows : 2, : 2 * columns : 2],
        expected[:, :, :rows, :columns],
    )
    assert expected.std() > 0


class Centres:
    """Operations on the pixel on which the first cell is centred, and on the stride."""

    def convolve(self, name, layer, value):
        centre, stride = value
        reach = layer.dilation * (layer.kernel - 1)
        centre += stride * (reach // 2 - layer.padding[0])
        return centre, stride * layer.stride

    def activate(self, layer, value):
        return value

    def pool(self, layer, value):
        centre, stride = value
        return centre + stride * ((layer.kernel - 1) // 2), stride * layer.stride

    def add(self, first, second):
        assert first == second
        return first

    def join(self, values):
        assert len(set(values)) == 1
        return values[0]


@each_architecture
def test_centre_and_stride_are_those_of_the_table(architecture):
    centre = run_layers(architecture.layers, (0, 1), Centres())
    assert centre == (architecture.first_centre, STRIDE)


def test_normalisation_has_the_constant_of_the_published_weights():
    torchs = torch.nn.BatchNorm2d(1).eps
    assert {name: one.norm_eps for name, one in ARCHITECTURES.items()} == {
        **dict.fromkeys((*TORCHVISIONS, "nin"), torchs),
        **dict.fromkeys(("efficientnet_lite0", "efficientnet_lite2"), 1e-3),
    }
