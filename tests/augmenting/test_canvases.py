import numpy as np
import pytest
from PIL import Image

from tiefvision.augmenting.canvases import (
    SceneRules,
    batches_of_epoch,
    draw_scenes,
    place_scene,
)
from tiefvision.augmenting.scenes import UNLABELLED, CompositionRules, Scene
from tiefvision.encoders.architectures import CROP_SIDE
from tiefvision.records import Garment

ALONE = CompositionRules(close=0.0, pairs=0.0)
STILL = SceneRules(zoom=0.0, stretch=0.0, shift_x=0.0, shift_y=0.0)


def scene(width=60, height=90, times=1):
    """A red square on blue with label 3 and its box, enlarged ``times`` times."""
    pixels = np.zeros((height, width, 3), dtype=np.uint8)
    pixels[..., 2] = 255
    pixels[20:60, 10:30] = (255, 0, 0)
    labels = np.zeros((height, width), dtype=np.uint8)
    labels[20:60, 10:30] = 3
    images = (
        Image.fromarray(array.repeat(times, axis=0).repeat(times, axis=1))
        for array in (pixels, labels)
    )
    box = (10.0 * times, 20.0 * times, 30.0 * times, 60.0 * times)
    return Scene(*images, (Garment("coat", box),))


def placed(seed, rules=STILL, long_side=180, times=1):
    generator = np.random.default_rng(seed)
    seen = scene(times=times)
    return place_scene(seen, (160, 240), long_side, rules, generator)


def red_parts(pixels):
    """The box in pixels around what is redder than the nearly grey border."""
    red = pixels[..., 0].astype(int) > pixels[..., 2] + 30.0
    down, across = np.flatnonzero(red.any(axis=1)), np.flatnonzero(red.any(axis=0))
    return across[0], down[0], across[-1] + 1, down[-1] + 1


@pytest.mark.parametrize("seed", range(6))
def test_labels_stay_on_what_they_label(seed):
    pixels, labels, _ = placed(seed, SceneRules(zoom=0.2, stretch=0.2))
    assert pixels.shape == (240, 160, 3) and labels.shape == (60, 40)
    red = (pixels[2::4, 2::4, 0] > 200) & (pixels[2::4, 2::4, 2] < 60)
    # Edges fall between samples; nearly all others must agree.
    assert (red == (labels == 3)).mean() > 0.96
    assert red.sum() > 50


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"zoom": 0.2},
        {"stretch": 0.3},
        {"shift_x": 0.1, "shift_y": 0.1},
        {"zoom": 0.1, "stretch": 0.2, "shift_x": 0.1, "shift_y": 0.1},
    ],
    ids="_".join,
)
@pytest.mark.parametrize("times", [1, 9])  # enlarged, and shrunk in two steps
def test_boxes_stay_on_what_they_mark(change, times):
    still = {"zoom": 0.0, "stretch": 0.0, "shift_x": 0.0, "shift_y": 0.0}
    rules = SceneRules(**still | change)
    sides = []
    for seed in range(6):
        pixels, _, (garment,) = placed(seed, rules, times=times)
        assert garment.category == "coat"
        assert garment.box_in_image == pytest.approx(red_parts(pixels), abs=1.01)
        sides.append(garment.box_in_image[0] < 80)
    assert len(set(sides)) == 2, "some must be mirrored, some not"


def test_a_box_follows_its_garment_out_of_the_canvas():
    lefts = []
    for seed in range(20):
        rules = SceneRules(zoom=0.0, stretch=0.0, shift_x=1.0, shift_y=0.0)
        x0, y0, x1, y1 = placed(seed, rules)[2][0].box_in_image
        assert (x1 - x0, y0, y1) == pytest.approx((40, 70, 150))
        lefts.append(x0)
    assert min(lefts) < 0 and max(lefts) > 120


def test_without_changes_the_scene_lies_in_the_middle():
    seen = {placed(seed)[1].tobytes() for seed in range(8)}
    assert len(seen) == 2  # as it is, and mirrored
    labels = placed(0)[1]
    rows = np.flatnonzero((labels == 3).any(axis=1))
    # 90 px become 180 of 240: 30 px above, then 20 * 2; 4 px to a sample.
    assert rows[0] == pytest.approx((30 + 40) / 4, abs=1)
    assert rows[-1] == pytest.approx((30 + 120) / 4 - 1, abs=1)


def test_what_nobody_labelled_stays_so():
    image = Image.new("RGB", (60, 90))
    unlabelled = Scene(image, Image.new("L", image.size, UNLABELLED))
    generator = np.random.default_rng(0)
    _, labels, _ = place_scene(unlabelled, (160, 240), 180, STILL, generator)
    assert (labels[8:-8, 10:-10] == UNLABELLED).all()
    assert set(np.unique(labels)) == {0, UNLABELLED}  # around it is the ground


def test_a_batch_has_one_size_and_every_scene_comes_once():
    scenes = [
        Scene(seen.image, seen.labels, (Garment(str(number), (10, 20, 30, 60)),))
        for number, seen in enumerate([scene()] * 7)
    ]
    generator = np.random.default_rng(0)
    batches = list(draw_scenes(scenes, 3, SceneRules(compositions=ALONE), generator))
    assert [len(batch.pixels) for batch in batches] == [4, 3]
    assert batches_of_epoch(7, 3) == 2
    for batch in batches:
        height, width = batch.pixels.shape[1:3]
        assert height % 16 == width % 16 == 0
        assert batch.labels.shape[1:] == (height // 4, width // 4)
        assert 230 < height < 560 + 2 * 48 + 16
        for pixels, (garment,) in zip(batch.pixels, batch.garments, strict=True):
            red = red_parts(pixels.numpy())
            assert garment.box_in_image == pytest.approx(red, abs=1.01)
    assert batches[0].pixels.shape[1] != batches[1].pixels.shape[1]
    shown = [one.category for batch in batches for (one,) in batch.garments]
    assert sorted(shown) == [str(number) for number in range(7)]


@pytest.mark.parametrize(("width", "height"), [(40, 400), (400, 40)])
def test_a_narrow_photograph_has_room_for_a_window(width, height):
    image = Image.new("RGB", (width, height))
    narrow = Scene(image, Image.new("L", image.size))
    rules = SceneRules(compositions=ALONE)
    (batch,) = draw_scenes([narrow], 1, rules, np.random.default_rng(0))
    assert min(batch.pixels.shape[1:3]) == CROP_SIDE


def test_the_same_generator_draws_the_same():
    scenes = [scene() for _ in range(4)]
    once, again = (
        next(iter(draw_scenes(scenes, 4, SceneRules(), np.random.default_rng(5))))
        for _ in range(2)
    )
    assert once.pixels.equal(again.pixels) and once.seed == again.seed
    assert once.garments == again.garments
