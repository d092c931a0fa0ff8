import pytest
import torch

from tiefvision.augmenting.cells import shares_around_cells
from tiefvision.augmenting.colours import BINS, soft_colours


def test_cells_hold_the_colours_around_their_centres():
    photo = torch.zeros(1, 3, 160, 160)
    photo[..., 80:] = 1.0  # black on the left, white on the right
    cells = shares_around_cells(soft_colours(photo), (7, 7), 31, 16, 48)
    black, white = cells[0, 0, 3], cells[0, -1, 3]
    assert cells.shape == (1, BINS, 7, 7)
    assert cells.sum(dim=1).allclose(torch.ones(7, 7))
    # Cell 3 is centred on 31 + 48 = 79 px: half of each, to a sample of 4 px.
    assert black[0].item() == pytest.approx(1.0)
    assert black[3].item() == pytest.approx(0.5, abs=0.05)
    assert white[-1].item() == pytest.approx(1.0)


def test_at_the_edge_only_what_is_inside_counts():
    white = torch.ones(1, 3, 32, 32)
    cells = shares_around_cells(soft_colours(white), (2, 2), 0, 16, 48)
    assert cells[0, -1].allclose(torch.ones(2, 2))


def test_rows_and_columns_are_told_apart():
    shares = torch.zeros(1, 2, 20, 40)
    shares[:, 0, :, :20], shares[:, 1, :, 20:] = 1.0, 1.0
    cells = shares_around_cells(shares, (3, 8), 16, 16, 24)
    assert cells.shape == (1, 2, 3, 8)
    assert cells[0, 0, :, 0].tolist() == [1.0] * 3
    assert cells[0, 1, :, 7].tolist() == [1.0] * 3
