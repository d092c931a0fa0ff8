import pytest
import torch

from tiefvision.engines.layers import (
    Activation,
    Branches,
    Convolution,
    MaxPool,
    Residual,
    cells_along,
    convolutions,
    count_operations,
    count_parameters,
    output_shape,
)
from tiefvision.engines.modules import build_modules

NESTED = (
    Convolution(3, 8, 5, 2),
    Activation(),
    Residual(
        (Convolution(8, 2, 1), Activation(), Convolution(2, 8, 3, padding=(1, 1)))
    ),
    Branches(((Convolution(8, 4, 1),), (Activation(), Convolution(8, 6, 1)))),
)


def test_convolutions_are_named_by_their_position():
    named = dict(convolutions(NESTED))
    assert list(named) == ["0", "2.0", "2.2", "3.0.0", "3.1.1"]
    assert named["2.2"] is NESTED[2].body[2]
    assert next(name for name, _ in convolutions(NESTED, "7.")) == "7.0"


def test_parameters_worked_by_hand():
    assert count_parameters(NESTED[:1]) == 8 * 3 * 25 + 8
    assert count_parameters((Convolution(6, 6, 3, groups=6),)) == 6 * 9 + 6
    assert count_parameters(NESTED) == 608 + (16 + 2) + (144 + 8) + (32 + 4) + (48 + 6)


def test_the_parameters_are_those_of_torch(network):
    trunk = build_modules(network.layers)
    expected = sum(values.numel() for values in trunk.parameters())
    assert count_parameters(network.layers) == expected


def test_operations_worked_by_hand():
    layers = (Convolution(3, 8, 5, 2), Activation())
    # 10 x 14 cells of 8 channels, each the sum of 3 * 5 * 5 products.
    assert output_shape(layers, (3, 23, 31)) == (8, 10, 14)
    assert count_operations(layers, (3, 23, 31)) == 2 * 10 * 14 * 8 * 75
    # Of six channels each reads itself alone.
    depthwise = (Convolution(6, 6, 3, padding=(1, 1), groups=6),)
    assert count_operations(depthwise, (6, 4, 5)) == 2 * 4 * 5 * 6 * 9


def test_operations_of_nested_layers_are_summed():
    cells = 10 * 14
    multiplications = cells * (8 * 75 + 8 * 2 + 2 * 8 * 9 + 8 * 4 + 8 * 6)
    assert count_operations(NESTED, (3, 23, 31)) == 2 * multiplications
    assert output_shape(NESTED, (3, 23, 31)) == (10, 10, 14)


def test_shapes_are_those_of_torch(network, maps):
    with torch.inference_mode():
        expected = build_modules(network.layers)(torch.from_numpy(maps))
    assert output_shape(network.layers, maps.shape[1:]) == tuple(expected.shape[1:])


@pytest.mark.parametrize("ceil", [False, True])
@pytest.mark.parametrize(("kernel", "stride"), [(3, 2), (2, 2), (3, 1), (5, 3)])
def test_squares_are_counted_as_torch_counts_them(kernel, stride, ceil):
    layer = MaxPool(kernel, stride, ceil)
    pool = torch.nn.MaxPool2d(kernel, stride, ceil_mode=ceil)
    for rows in range(7, 40):
        expected = pool(torch.zeros(1, 1, rows, 9)).shape[1:]
        assert output_shape((layer,), (1, rows, 9)) == tuple(expected)


@pytest.mark.parametrize(
    ("kernel", "stride", "padding", "dilation"),
    [(3, 2, (1, 1), 1), (11, 4, (2, 2), 1), (3, 1, (2, 2), 2), (5, 3, (0, 0), 1)],
)
def test_cells_are_counted_as_torch_counts_them(kernel, stride, padding, dilation):
    layer = torch.nn.Conv2d(1, 1, kernel, stride, padding[0], dilation)
    for size in range(11, 30):
        expected = layer(torch.zeros(1, 1, size, 11)).shape[2]
        assert cells_along(size, kernel, stride, padding, dilation) == expected
