"""Training targets of the cells of a feature map, from labels or colours of pixels."""

from torch import Tensor
from torch.nn import functional

SAMPLE_SIDE = 4
"""Pixels of a side of a sample: a square that has one colour or one label."""


def shares_around_cells(
    shares: Tensor, cells: tuple[int, int], first_centre: int, stride: int, side: int
) -> Tensor:
    """Mean share of each class or colour in the square around the centre of each cell.

    Where a square reaches beyond the crop, only the part inside counts.

    Args:
        shares: (B, K, h, w) float, the share of each of K classes or colours in each
            sample of 4 x 4 pixels; the K shares of a sample sum to 1.
        cells: Rows and columns of the feature map.
        first_centre: Pixel of the crop, in x and in y, at the centre of the first cell.
        stride: Pixels from cell to cell; a multiple of 4.
        side: Pixels of a side of the squares; a multiple of 4.

    Returns:
        (B, K, rows, columns) float; the K shares of a cell sum to 1.
    """
    step, width = stride // SAMPLE_SIDE, side // SAMPLE_SIDE
    before = width // 2 - round(first_centre / SAMPLE_SIDE)
    below, right = (
        (count - 1) * step + width - before - samples
        for count, samples in zip(cells, shares.shape[-2:], strict=True)
    )
    around = (before, right, before, below)  # a negative padding cuts off
    totals = functional.avg_pool2d(functional.pad(shares, around), width, step)
    return totals / totals.sum(dim=1, keepdim=True)
