"""The numbers that the publications print, from the data and from the built modules."""

import itertools
import math

import pytest
import torch

from tiefvision.networks.building import build_network
from tiefvision.networks.heads import HEADS
from tiefvision.networks.layers import Conv, Flatten, output_of
from tiefvision.networks.published import Published, counts_of, plan_of
from tiefvision.networks.table import NETWORKS, SYSTEMS
from tiefvision.networks.trunks import MOBILENET, VGG16, VGG19

VGG_FROZEN = 1_735_488
"""Parameters of the blocks 1 to 3 of VGG16, and of as many convolutions of VGG19."""

MOVING = 21_888
"""Moving means and variances of MobileNet."""

# Parameters, those that are not trained, length of an embedding, MB as a paper counts.
SIZES = {
    "mildnet": (21_927_744, VGG_FROZEN, 2048, 83),
    "skip_1": (21_796_672, VGG_FROZEN, 2048, 83),
    "skip_2": (21_534_528, VGG_FROZEN, 2048, 82),
    "skip_3": (21_010_240, VGG_FROZEN, 2048, 80),
    "skip_4": (19_961_664, VGG_FROZEN, 7 * 7 * 2048, 76),
    "without_skip": (16_289_600, 0, 7 * 7 * 1024, 62),
    "without_skip_big": (19_961_664, 0, 7 * 7 * 2048, 76),
    "1024_512": (16_747_840, VGG_FROZEN, 512, 63),
    "512_512": (15_731_520, VGG_FROZEN, 512, 60),
    "512_no_dropout": (15_731_520, VGG_FROZEN, 512, 60),
    "all_trainable": (21_927_744, 0, 2048, 83),
    "mildnet_vgg19": (27_237_440, VGG_FROZEN, 2048, 103),
    "vgg16_big": (42_940_416, VGG_FROZEN, 4096, 163),
    "mobilenet": (5_328_064, MOVING, 1024, 20),
    "mobilenet_skips": (6_343_872, MOVING, 1024, 24),
    "ranknet": (68_308_224, 0, 4096, 260),
    "visnet_lrn2d": (66_537_472, 0, 4096, 253),
    "visnet": (62_998_528, 0, 4096, 240),
    "alexnet": (53_108_288, 0, 4096, 202),
    "vanila_vgg16": (14_714_688, 0, 7 * 7 * 512, 56),
    "visnet_caffe": (187_521_024, 0, 4096, 715),
    "visnet_caffe_alexnet": (110_128_704, 0, 4096, 420),
    # AlexNet, its two layers, two paths, and 7168 numbers to 4096.
    "deep_ranking": (
        2_334_080 + 37_752_832 + 16_781_312 + 37_056 + 7169 * 4096,
        0,
        4096,
        329,
    ),
    "cardigan": (42_559_744, 14_724_288, 512, 162),
}

every_network = pytest.mark.parametrize("name", NETWORKS)


@pytest.mark.parametrize("name", SIZES)
def test_a_network_has_the_published_sizes(name):
    parameters, still, embedding, megabytes = SIZES[name]
    network = NETWORKS[name]
    assert network.parameters == parameters
    assert network.trainable == parameters - still
    assert network.embedding == embedding
    assert network.megabytes == megabytes


@every_network
def test_modules_have_the_arrays_of_the_data(name):
    with torch.device("meta"):  # nothing is allocated
        module = build_network(name)
    network = NETWORKS[name]
    arrays = {
        key: tuple(tensor.shape)
        for key, tensor in module.state_dict().items()
        if not key.endswith("num_batches_tracked")
    }
    assert arrays == plan_of(network, 1.0).arrays
    assert sum(map(math.prod, arrays.values())) == network.parameters
    trained = [part.numel() for part in module.parameters() if part.requires_grad]
    assert sum(trained) == network.trainable
    images = torch.empty(2, 3, module.side, module.side, device="meta")
    assert module.to("meta")(images).shape == (2, network.embedding)


@every_network
def test_every_network_is_listed_with_its_system(name):
    network = NETWORKS[name]
    assert network.name == name
    assert network.system in SYSTEMS
    assert network.summary and not network.summary.endswith(".")


# Cells along a side behind each layer of both paths that changes them, and lengths.
PATHS = {
    "ranknet": ([56, 64, 15, 19, 4], [28, 36, 8, 10, 4], (1536, 1536)),
    "visnet_lrn2d": ([56, 13, 19, 5], [28, 6, 8, 4], (2400, 1536)),
    "alexnet": ([56, 13, 19, 5], [28, 6, 8, 4], (2400, 1536)),
    "visnet": ([14, 4], [7, 4], (1536, 1536)),
    "vgg16_big": ([14, 4], [7, 4], (1536, 1536)),
    "visnet_caffe": ([56, 15, 5], [28, 8, 5], (2400, 2400)),
    "visnet_caffe_alexnet": ([57, 15, 5], [29, 8, 5], (2400, 2400)),
    "deep_ranking": ([57, 15, 4], [29, 8, 4], (1536, 1536)),
    "cardigan": ([56, 15, 4], [28, 8, 4], (1536, 1536)),
}


@pytest.mark.parametrize("name", PATHS)
def test_shallow_paths_have_the_published_maps(name):
    *sides, lengths = PATHS[name]
    network = NETWORKS[name]
    for path, expected, length in zip(network.shallow, sides, lengths, strict=True):
        shape, seen = (3, network.side, network.side), []
        for layer in path:
            before, shape = shape, output_of(layer, shape)
            if len(shape) == 3 and shape[1:] != before[1:]:
                seen.append(shape[1])
        assert seen == expected
        assert shape == (length,)


def test_no_network_has_shallow_paths_that_nobody_checked():
    assert {name for name, one in NETWORKS.items() if one.shallow} == set(PATHS)


def test_what_is_frozen_of_vgg_are_ten_layers_of_keras():
    """The input, three pools and seven convolutions: all of VGG16's blocks 1 to 3."""
    frozen = {
        name: [
            step.name.removeprefix("deep.")
            for step in plan_of(NETWORKS[name], 1.0).steps
            if isinstance(step.layer, Conv)
            and step.name.startswith("deep.")
            and step.name in plan_of(NETWORKS[name], 1.0).frozen
        ]
        for name in ("mildnet", "mildnet_vgg19", "cardigan")
    }
    first = [*(f"block{n}.{i}" for n in (1, 2) for i in (0, 2)), "block3.0", "block3.2"]
    assert frozen["mildnet"] == frozen["mildnet_vgg19"] == [*first, "block3.4"]
    assert len(frozen["cardigan"]) == 13


@pytest.mark.parametrize(
    ("trunk", "parameters"),
    [(VGG16, 14_714_688), (VGG19, 20_024_384), (MOBILENET, 3_228_864)],
)
def test_trunks_have_the_parameters_of_keras(trunk, parameters):
    network = Published("test", "test", "test", trunk, (Flatten(),))
    assert network.parameters == parameters


def test_the_heads_of_tiefvision_have_the_published_parameters():
    sizes = {name: head.counts.parameters for name, head in HEADS.items()}
    assert sizes == {
        "tiefvision_locator": 23_855_873,
        "tiefvision_classifier": 47_843_074,
    }
    assert [head.counts.embedding for head in HEADS.values()] == [1, 2]


@pytest.mark.parametrize(
    ("name", "megabytes"),
    [("ranknet", 260), ("visnet_lrn2d", 253), ("visnet", 240), ("mildnet", 83)],
)
def test_papers_truncate_megabytes(name, megabytes):
    exact = NETWORKS[name].parameters * 4 / 2**20
    assert megabytes < exact < megabytes + 1


def test_a_narrow_network_has_fewer_channels_in_every_layer():
    narrow = counts_of(NETWORKS["mildnet"], 0.25)
    # 16, 32, 64, 128 and 128 channels; 368 numbers; two layers of 512.
    channels = (3, 16, 16, 32, 32, *(64,) * 3, *(128,) * 6)
    convolutions = sum(
        9 * inputs * outputs + outputs
        for inputs, outputs in itertools.pairwise(channels)
    )
    dense = 368 * 512 + 512 + 512 * 512 + 512
    assert narrow.parameters == convolutions + dense
    assert narrow.embedding == 512
