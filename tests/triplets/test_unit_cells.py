import pytest
import torch
from torch.nn.functional import conv2d

from tiefvision.triplets.unit_cells import BLOCK, mix_cells, unit_cells


def draw(*shape, dtype=torch.float32):
    generator = torch.Generator().manual_seed(sum(shape))
    return torch.randn(shape, generator=generator, dtype=dtype).requires_grad_()


def plainly(weight, bias, maps):
    return unit_cells(conv2d(maps, weight, bias))


@pytest.mark.parametrize("views", [1, BLOCK, 2 * BLOCK + 3])
def test_mix_cells_against_convolution_and_normalisation(views):
    one, other = ([draw(5, 4, 1, 1), draw(5), draw(views, 4, 2, 3)] for _ in range(2))
    pull = draw(views, 30).detach()
    mixed, expected = mix_cells(*one), plainly(*other)
    torch.testing.assert_close(mixed, expected, atol=1e-6, rtol=1e-5)
    (mixed * pull).sum().backward()
    (expected * pull).sum().backward()
    for ours, theirs in zip(one, other, strict=True):
        torch.testing.assert_close(ours.grad, theirs.grad, atol=1e-5, rtol=1e-5)


def test_mix_cells_worked_by_hand():
    weight = torch.tensor([[0.0, 2.0], [1.0, 0.0]]).view(2, 2, 1, 1)
    maps = torch.tensor([4.0, 1.0]).view(1, 2, 1, 1)  # mixed to 2 + 1 and 4 + 0
    mixed = mix_cells(weight, torch.tensor([1.0, 0.0]), maps)
    assert mixed.tolist() == [pytest.approx([0.6, 0.8])]


def test_gradients_against_finite_differences():
    double = torch.float64
    inputs = [
        draw(3, 2, 1, 1, dtype=double),
        draw(3, dtype=double),
        draw(BLOCK + 1, 2, 1, 2, dtype=double),
    ]
    assert torch.autograd.gradcheck(mix_cells, inputs)


def test_cells_of_zeros_stay_zero_with_finite_gradients():
    maps = draw(2, 4, 2, 2).detach()
    maps[0, :, 1, 1] = 0
    weight, bias = draw(4, 4, 1, 1), torch.zeros(4, requires_grad=True)
    mixed = mix_cells(weight, bias, maps)
    assert not mixed.view(2, 4, 2, 2)[0, :, 1, 1].any()
    mixed.sum().backward()
    assert weight.grad.isfinite().all()


def test_no_maps_and_maps_in_channels_last_format():
    weight, bias = draw(4, 4, 1, 1), draw(4)
    assert mix_cells(weight, bias, torch.empty(0, 4, 2, 2)).shape == (0, 16)
    maps = draw(3, 4, 2, 2).detach()
    turned = maps.contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(
        mix_cells(weight, bias, turned), mix_cells(weight, bias, maps)
    )


def test_unit_cells_worked_by_hand():
    maps = torch.tensor([[3.0, 0.0], [4.0, 0.0]]).view(1, 2, 1, 2)  # one cell is zero
    expected = [value / 2**0.5 for value in (0.6, 0.0, 0.8, 0.0)]
    assert unit_cells(maps).tolist() == [pytest.approx(expected)]
