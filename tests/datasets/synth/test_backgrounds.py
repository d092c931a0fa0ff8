import numpy as np
import pytest

from tiefvision.datasets.synth.backgrounds import street, studio, with_shadow

SIZE = (120, 160)


def test_a_studio_is_light_and_even():
    for seed in range(10):
        ground = studio(np.random.default_rng(seed), SIZE)
        assert ground.shape == (3, 160, 120)
        assert ground.min() > 0.8
        assert ground.max() <= 1.0
        assert ground.std() < 0.05


def test_streets_are_cluttered_and_differ():
    streets = [street(np.random.default_rng(seed), SIZE, 100) for seed in range(6)]
    for ground in streets:
        assert ground.shape == (3, 160, 120)
        assert ground.dtype == np.float32
        assert 0.0 <= ground.min() < ground.max() <= 1.0
        assert ground[:, :100].std() > 0.03
    assert np.abs(streets[0] - streets[1]).mean() > 0.03


def test_the_same_numbers_give_the_same_street():
    first, second = (street(np.random.default_rng(4), SIZE, 90) for _ in range(2))
    assert np.array_equal(first, second)


def test_a_shadow_darkens_below_its_outline_only():
    ground = np.full((3, 160, 120), 0.8, dtype=np.float32)
    outline = np.array([[30.0, 30], [90, 30], [90, 90], [30, 90]])
    shaded = with_shadow(ground, [outline], 3.0, 0.5)
    assert shaded[:, 60, 60] == pytest.approx([0.4] * 3, abs=0.01)
    assert shaded[:, 140, 60] == pytest.approx([0.8] * 3)
