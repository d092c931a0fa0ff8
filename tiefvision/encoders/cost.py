"""The cost of encoding, counted in floating-point operations."""

import copy

import torch
from torch.utils.flop_counter import FlopCounterMode

from tiefvision.encoders.dense import DenseEncoder


def floating_point_operations(encoder: DenseEncoder, height: int, width: int) -> int:
    """Count the multiplications and additions of the convolutions of one forward pass.

    The encoder is traced without computing anything. Padding counts as if it were
    multiplied; pooling and activations do not count. Rates are therefore comparable
    with those of a matrix product.

    Args:
        encoder: encoder on any device.
        height: height of the photograph in pixels, its border included.
        width: width of the photograph in pixels, its border included.
    """
    trunk = copy.deepcopy(encoder.trunk).to("meta")
    pixels = torch.empty(1, 3, height, width, device="meta")
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        trunk(pixels)
    return int(counter.get_total_flops())
