import pytest
import torch

from tiefvision.augmenting.colours import (
    BINS,
    disturb_colours,
    histogram_embeddings,
    soft_colours,
)


def plain(red, green, blue, side=32):
    return torch.tensor([red, green, blue]).view(1, 3, 1, 1).expand(1, 3, side, side)


def test_a_colour_on_the_grid_fills_one_bin():
    colours = soft_colours(plain(1.0, 0.0, 1 / 3))
    assert colours.shape == (1, BINS, 8, 8)
    filled = (3 * 4 + 0) * 4 + 1  # red at level 3, green at 0, blue at 1
    assert colours[0, filled].min().item() == pytest.approx(1.0, abs=1e-5)


def test_a_colour_between_levels_is_shared_out():
    colours = soft_colours(plain(0.5, 0.0, 0.0))
    shares = colours[0, :, 0, 0]
    assert shares.sum().item() == pytest.approx(1.0)
    assert shares[[1 * 16, 2 * 16]].tolist() == pytest.approx([0.5, 0.5])


def test_histograms_tell_colours_apart_without_what_all_share():
    photos = torch.cat([plain(1.0, 0, 0), plain(1.0, 0, 0), plain(0, 0, 1.0)])
    rows = histogram_embeddings(soft_colours(photos))
    similarities = rows @ rows.T
    assert similarities[0, 1].item() == pytest.approx(1.0, abs=1e-5)
    assert similarities[0, 2].item() == pytest.approx(-1.0, abs=1e-5)


def test_disturbed_colours_stay_in_range_and_come_back_for_a_seed():
    photos = torch.rand(8, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    first, again, other = (
        disturb_colours(photos, torch.Generator().manual_seed(seed))
        for seed in (1, 1, 2)
    )
    assert first.equal(again)
    assert not first.equal(other)
    assert first.min() >= 0 and first.max() <= 1
    assert (first - photos).abs().max() > 0.05
