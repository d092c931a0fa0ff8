import numpy as np
import pytest
import torch
from torch import nn

from tiefvision.distilling.students import (
    fold_student,
    is_plain,
    trainable_form,
)
from tiefvision.encoders.architectures import ARCHITECTURES, architecture_named
from tiefvision.encoders.weights import load_weights
from tiefvision.engines.layers import Convolution
from tiefvision.engines.modules import build_modules, restore_module, trained_modules
from tiefvision.errors import BadWeights

EQUAL = Convolution(8, 8, 3, padding=(1, 1))
"""A 3x3 convolution of equal width."""


def trained(layers, channels=3):
    """A student with running statistics, scales and shifts that are not trivial."""
    torch.manual_seed(0)
    student = trainable_form(layers).train()
    for _ in range(3):
        student(torch.randn(4, channels, 96, 96) * 2 + 1)
    for module in student.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias)
    return student.eval()


def test_the_folded_trunk_equals_the_student():
    architecture = architecture_named("alexnet")
    student = trained(architecture.layers)
    trunk = build_modules(architecture.layers)
    restore_module(trunk, fold_student(student), torch.device("cpu"), "here")

    crops = torch.randn(2, 3, 160, 192)
    with torch.no_grad():
        expected, found = student(crops), trunk(crops)
    assert expected.abs().max() > 0.1
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-3)


def test_3x3_convolutions_of_equal_width_have_three_branches():
    student = trainable_form((EQUAL,))
    assert len(student[0].branches) == 3


def test_the_1x1_branch_contributes_to_the_folded_weight():
    student = trained((EQUAL,), channels=8)
    whole = fold_student(student)["0.weight"].copy()
    nn.init.zeros_(student[0].branches[1].norm.weight)
    assert not np.allclose(whole, fold_student(student)["0.weight"])


PLAIN = ("alexnet", "nin")


def test_only_alexnet_and_nin_are_plain_stacks():
    plain = [name for name, one in ARCHITECTURES.items() if is_plain(one.layers)]
    assert tuple(plain) == PLAIN


@pytest.mark.parametrize("name", [name for name in ARCHITECTURES if name not in PLAIN])
def test_trunks_other_than_plain_stacks_are_refused(name):
    with pytest.raises(ValueError, match="cannot be trained this way"):
        trainable_form(ARCHITECTURES[name].layers)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_a_trunk_that_was_trained_before_folds_to_its_own_weights(name):
    architecture = architecture_named(name)
    weights, _ = load_weights(architecture, "random")
    trunk = trained_modules(architecture.layers, weights, "The start")
    assert trunk.training and all(one.requires_grad for one in trunk.parameters())
    folded = fold_student(trunk)
    assert folded.keys() == weights.keys()
    for key, array in folded.items():
        np.testing.assert_array_equal(array, weights[key])


def test_weights_of_another_architecture_are_no_start():
    weights, _ = load_weights(architecture_named("squeezenet1_1"), "random")
    with pytest.raises(BadWeights, match=r"The start.* it holds another"):
        trained_modules(architecture_named("mobilenet_v2").layers, weights, "The start")
