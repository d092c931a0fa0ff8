"""What encoding costs: the arithmetic that an architecture cannot do without."""

import copy

import torch
from torch.utils.flop_counter import FlopCounterMode

from tiefvision.encoders.dense import DenseEncoder


def floating_point_operations(encoder: DenseEncoder, height: int, width: int) -> int:
    """Multiplications and additions of the convolutions of one pass.

    Nothing is computed. Padding counts as if it were multiplied, and pooling and
    activations not at all, so that rates compare with those of a matrix product.

    Args:
        encoder: On any device.
        height: Pixels of the photograph, its border included.
        width: Pixels of the photograph, its border included.
    """
    trunk = copy.deepcopy(encoder.trunk).to("meta")
    pixels = torch.empty(1, 3, height, width, device="meta")
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        trunk(pixels)
    return int(counter.get_total_flops())
