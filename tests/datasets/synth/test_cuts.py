import numpy as np
import pytest

from tiefvision.datasets.synth.cuts import (
    CATEGORIES,
    HEM_Y,
    Cut,
    draw_cut,
    recut,
)


@pytest.mark.parametrize("category", CATEGORIES)
def test_hems_run_from_the_shortest_to_the_longest(category):
    shortest, longest = HEM_Y[category]
    assert Cut(category, length=0.0).hem_y == shortest
    assert Cut(category, length=1.0).hem_y == longest


@pytest.mark.parametrize("category", CATEGORIES)
def test_a_recut_garment_is_plainly_another(category):
    rng = np.random.default_rng(0)
    for _ in range(20):
        cut = draw_cut(rng, category)
        other = recut(cut, rng)
        assert other.category == category
        assert abs(other.length - cut.length) == pytest.approx(0.45)
        for share in (other.length, other.sleeves, other.flare):
            assert 0.0 <= share <= 1.0


def test_coats_have_long_sleeves_and_a_collar():
    coat = draw_cut(np.random.default_rng(3), "coat")
    assert (coat.sleeves, coat.neckline, coat.buttons) == (1.0, "collar", True)
    assert recut(coat, np.random.default_rng(3)).sleeves == 1.0
