import pytest
import torch
from torch import nn

from tiefvision.distilling.students import fold_student, trainable_form
from tiefvision.encoders.architectures import ARCHITECTURES, architecture_named


def trained(trunk, channels=3):
    """A student with running statistics, scales and shifts that are not trivial."""
    torch.manual_seed(0)
    student = trainable_form(trunk).train()
    for _ in range(3):
        student(torch.randn(4, channels, 96, 96) * 2 + 1)
    for module in student.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias)
    return student.eval()


def test_the_folded_trunk_equals_the_student():
    architecture = architecture_named("alexnet")
    student = trained(architecture.build())
    trunk = architecture.build().eval()

    trunk.load_state_dict(fold_student(student))

    crops = torch.randn(2, 3, 160, 192)
    with torch.no_grad():
        expected, found = student(crops), trunk(crops)
    assert expected.abs().max() > 0.1
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-3)


def test_3x3_convolutions_of_equal_width_have_three_branches():
    student = trainable_form(nn.Sequential(nn.Conv2d(8, 8, 3, 1, 1)))
    assert len(student[0].branches) == 3


def test_the_1x1_branch_contributes_to_the_folded_weight():
    student = trained(nn.Sequential(nn.Conv2d(8, 8, 3, 1, 1)), channels=8)
    whole = fold_student(student)["0.weight"].clone()
    nn.init.zeros_(student[0].branches[1].norm.weight)
    assert not torch.allclose(whole, fold_student(student)["0.weight"])


@pytest.mark.parametrize("name", ["mobilenet_v2", "squeezenet1_1"])
def test_trunks_other_than_plain_stacks_are_refused(name):
    with pytest.raises(ValueError, match="cannot be trained this way"):
        trainable_form(ARCHITECTURES[name].build())
