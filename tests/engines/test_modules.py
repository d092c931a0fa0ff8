import numpy as np
import pytest
import torch
from torch import nn

from tiefvision.engines.layers import Convolution, convolutions
from tiefvision.engines.modules import (
    arrays_of,
    build_modules,
    fill_module,
    restore_module,
)
from tiefvision.errors import BadWeights


def test_modules_have_the_names_and_shapes_of_the_layers(network):
    state = build_modules(network.layers).state_dict()
    expected = {}
    for name, layer in convolutions(network.layers):
        expected |= {
            f"{name}.weight": layer.weight_shape,
            f"{name}.bias": (layer.outputs,),
        }
    assert {name: tuple(value.shape) for name, value in state.items()} == expected


def test_uneven_padding_goes_left_and_above_first():
    (layer,) = build_modules((Convolution(1, 1, 3, padding=(0, 2)),))
    with torch.no_grad():
        nn.init.constant_(layer.weight, 1.0)
        nn.init.constant_(layer.bias, 0.0)
        sums = layer(torch.ones(1, 1, 3, 3))
    expected = [[9.0, 6.0, 3.0], [6.0, 4.0, 2.0], [3.0, 2.0, 1.0]]
    assert sums[0, 0].tolist() == expected


def test_a_module_is_filled_from_half_precision():
    module, other = nn.Linear(2, 1), nn.Linear(2, 1)
    halves = {name: one.astype(np.float16) for name, one in arrays_of(other).items()}
    fill_module(module, halves | {"more": np.zeros(1)}, "here")
    assert module.weight.dtype == torch.float32
    assert torch.equal(module.weight, other.weight.half().float())


def test_a_filled_module_shares_no_memory_with_the_arrays():
    module = nn.Linear(2, 1)
    arrays = {"weight": np.ones((1, 2), np.float32), "bias": np.ones(1, np.float32)}
    for array in arrays.values():
        array.flags.writeable = False  # as views of a file are
    fill_module(module, arrays, "here")
    with torch.no_grad():
        module.weight.zero_()
    assert arrays["weight"].all()


def test_what_does_not_fit_a_module_is_named():
    module = nn.Linear(2, 1)
    before = module.weight.clone()
    bias = {"bias": np.zeros(1)}
    with pytest.raises(BadWeights, match=r"here lacks head\.weight"):
        fill_module(module, bias, "here", "head.")
    with pytest.raises(
        BadWeights, match=r"head\.weight is \(3, 3\), expected \(1, 2\)"
    ):
        fill_module(module, bias | {"weight": np.ones((3, 3))}, "here", "head.")
    assert torch.equal(module.weight, before)


def test_counters_that_only_training_reads_may_be_missing():
    module, other = nn.BatchNorm2d(3), nn.BatchNorm2d(3)
    other.running_mean.normal_()
    other.num_batches_tracked.fill_(7)
    arrays = arrays_of(other)
    lean = {name: one for name, one in arrays.items() if "num_batches" not in name}
    assert len(lean) < len(arrays)
    fill_module(module, lean, "here")
    assert torch.equal(module.running_mean, other.running_mean)
    assert int(module.num_batches_tracked) == 0
    fill_module(module, arrays, "here")
    assert int(module.num_batches_tracked) == 7


def test_a_restored_module_evaluates_and_has_the_weights():
    module, other = nn.Linear(2, 1), nn.Linear(2, 1)
    restored = restore_module(
        module.train(), arrays_of(other), torch.device("cpu"), "here"
    )
    assert restored is module
    assert not module.training
    assert torch.equal(module.weight, other.weight)
