import torch

from tiefvision.encoders.architectures import architecture_named
from tiefvision.encoders.cost import floating_point_operations
from tiefvision.encoders.dense import DenseEncoder


def test_operations_worked_by_hand():
    trunk = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 5, stride=2), torch.nn.ReLU())
    encoder = DenseEncoder(trunk, architecture_named("alexnet"), "none")
    # 10 x 14 cells of 8 channels, each the sum of 3 * 5 * 5 products.
    assert floating_point_operations(encoder, 23, 31) == 2 * 10 * 14 * 8 * 75
    assert trunk[0].weight.device.type == "cpu"
