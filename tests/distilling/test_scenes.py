import numpy as np
import pytest
from PIL import Image

from tiefvision.distilling.scenes import (
    Scene,
    SceneRules,
    batches_of_epoch,
    draw_scenes,
    place_scene,
)

STILL = SceneRules(zoom=0.0, stretch=0.0, shift_x=0.0, shift_y=0.0)


def scene(width=60, height=90):
    """A red square on blue, labelled 3."""
    pixels = np.zeros((height, width, 3), dtype=np.uint8)
    pixels[..., 2] = 255
    pixels[20:60, 10:30] = (255, 0, 0)
    labels = np.zeros((height, width), dtype=np.uint8)
    labels[20:60, 10:30] = 3
    return Scene(Image.fromarray(pixels), Image.fromarray(labels))


def placed(seed, rules=STILL, long_side=180):
    generator = np.random.default_rng(seed)
    return place_scene(scene(), (160, 240), long_side, rules, generator)


@pytest.mark.parametrize("seed", range(6))
def test_labels_stay_on_what_they_label(seed):
    pixels, labels = placed(seed, SceneRules(zoom=0.2, stretch=0.2))
    assert pixels.shape == (240, 160, 3) and labels.shape == (60, 40)
    red = (pixels[2::4, 2::4, 0] > 200) & (pixels[2::4, 2::4, 2] < 60)
    # Edges fall between samples; nearly all others must agree.
    assert (red == (labels == 3)).mean() > 0.96
    assert red.sum() > 50


def test_without_changes_the_scene_lies_in_the_middle():
    seen = {placed(seed)[1].tobytes() for seed in range(8)}
    assert len(seen) == 2  # as it is, and mirrored
    labels = placed(0)[1]
    rows = np.flatnonzero((labels == 3).any(axis=1))
    # 90 px become 180 of 240: 30 px above, then 20 * 2; 4 px to a sample.
    assert rows[0] == pytest.approx((30 + 40) / 4, abs=1)
    assert rows[-1] == pytest.approx((30 + 120) / 4 - 1, abs=1)


def test_a_batch_has_one_size_and_every_scene_comes_once():
    scenes = [scene() for _ in range(7)]
    generator = np.random.default_rng(0)
    batches = list(draw_scenes(scenes, 3, SceneRules(), generator))
    assert [len(batch.pixels) for batch in batches] == [4, 3]
    assert batches_of_epoch(7, 3) == 2
    for batch in batches:
        height, width = batch.pixels.shape[1:3]
        assert height % 16 == width % 16 == 0
        assert batch.labels.shape[1:] == (height // 4, width // 4)
        assert 230 < height < 560 + 2 * 48 + 16
    assert batches[0].pixels.shape[1] != batches[1].pixels.shape[1]


def test_the_same_generator_draws_the_same():
    scenes = [scene() for _ in range(4)]
    once, again = (
        next(iter(draw_scenes(scenes, 4, SceneRules(), np.random.default_rng(5))))
        for _ in range(2)
    )
    assert once.pixels.equal(again.pixels) and once.seed == again.seed
