import torch
from torch import nn

from tiefvision.benchmarks.operations import count_operations
from tiefvision.benchmarks.original_heads import OriginalHeads


def test_a_multiplication_and_an_addition_count_as_two():
    one, two = torch.zeros(3, 5), torch.zeros(5, 7)
    assert count_operations(lambda: one @ two) == 2 * 3 * 5 * 7


def test_a_convolution_by_hand():
    layer = nn.Conv2d(3, 4, 5, groups=1)
    assert count_operations(lambda: layer(torch.zeros(1, 3, 9, 8))) == (
        2 * (5 * 4) * 4 * (3 * 5 * 5)
    )


@torch.inference_mode()
def count_in_inference_mode(work):
    return count_operations(work)


def test_operations_in_inference_mode_are_counted():
    layer = nn.Conv2d(3, 4, 5)
    cells = torch.zeros(1, 3, 9, 8)
    assert count_in_inference_mode(lambda: layer(cells)) == 2 * 20 * 4 * 75


def test_the_original_heads_have_the_published_cost():
    """43 GFLOP over the 25 x 25 cells of a 448 px photograph, 15 x 15 windows."""
    with torch.device("meta"):
        heads = OriginalHeads(256, 11)
        cells = torch.empty(1, 256, 25, 25)
    judged = heads(cells)
    assert [tuple(part.shape[1:]) for part in judged] == [(2, 15, 15)] + 4 * [
        (1, 15, 15)
    ]
    classifier = 256 * 121 * 1024 + 1024 * 256 + 256 * 2
    regressor = 256 * 121 * 512 + 512 * 128 + 128
    operations = count_operations(lambda: heads(cells))
    assert operations == 2 * 225 * (classifier + 4 * regressor)
    assert round(operations / 1e9) == 43
