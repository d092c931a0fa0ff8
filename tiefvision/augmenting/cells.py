"""What the cells of a map are asked for, from what stands at the pixels."""

from torch import Tensor
from torch.nn import functional

PIXELS_OF_A_SAMPLE = 4
"""Side in pixels of the squares of which one colour or one label is counted."""


def shares_around_cells(
    shares: Tensor, cells: tuple[int, int], first_centre: int, stride: int, side: int
) -> Tensor:
    """What fills the squares around the centres of cells.

    Args:
        shares: (B, kinds, h, w) of each sample of 4 x 4 pixels; they sum to 1.
        cells: Rows and columns of the map.
        first_centre: Pixel of the crop on which the first cell is centred.
        stride: Pixels from cell to cell.
        side: Pixels of a square, the parts inside the crop counting.

    Returns:
        (B, kinds, rows, columns); the kinds of a cell sum to 1.
    """
    step, width = stride // PIXELS_OF_A_SAMPLE, side // PIXELS_OF_A_SAMPLE
    before = width // 2 - round(first_centre / PIXELS_OF_A_SAMPLE)
    below, right = (
        (count - 1) * step + width - before - samples
        for count, samples in zip(cells, shares.shape[-2:], strict=True)
    )
    around = (before, right, before, below)  # negative: cut off
    totals = functional.avg_pool2d(functional.pad(shares, around), width, step)
    return totals / totals.sum(dim=1, keepdim=True)
