import numpy as np
import pytest
from PIL import Image

from tiefvision.augmenting.scenes import (
    CompositionRules,
    Scene,
    close_up,
    compose,
    side_by_side,
)
from tiefvision.records import Garment

WIDTH, HEIGHT = 80, 120
COAT, HAT = (20, 30, 60, 90), (30, 4, 50, 24)


def scene(colour=200, size=(WIDTH, HEIGHT), garments=(("coat", COAT), ("hat", HAT))):
    """A grey coat and a red hat on blue, labelled 1 and 2."""
    pixels = np.zeros((HEIGHT, WIDTH, 3), dtype=np.uint8)
    pixels[..., 2] = 255
    labels = np.zeros((HEIGHT, WIDTH), dtype=np.uint8)
    for number, (box, paint) in enumerate([(COAT, (colour,) * 3), (HAT, (255, 0, 0))]):
        x0, y0, x1, y1 = box
        pixels[y0:y1, x0:x1] = paint
        labels[y0:y1, x0:x1] = number + 1
    image, marks = Image.fromarray(pixels), Image.fromarray(labels)
    scales = np.array([size[0] / WIDTH, size[1] / HEIGHT] * 2)
    found = tuple(
        Garment(name, tuple(np.array(box) * scales)) for name, box in garments
    )
    return Scene(
        image.resize(size, Image.Resampling.NEAREST),
        marks.resize(size, Image.Resampling.NEAREST),
        found,
    )


def box_of_label(labels, number):
    down, across = np.nonzero(np.asarray(labels) == number)
    return across.min(), down.min(), across.max() + 1, down.max() + 1


@pytest.mark.parametrize("times", [1.0, 1.5, 2.5])
@pytest.mark.parametrize("seed", range(6))
def test_a_close_up_shows_a_part_with_its_boxes_cut_at_the_edges(seed, times):
    part = close_up(scene(), times, np.random.default_rng(seed))
    assert part.image.size == (round(WIDTH / times), round(HEIGHT / times))
    assert part.labels.size == part.image.size
    numbers = {"coat": 1, "hat": 2}
    for garment in part.garments:
        number = numbers[garment.category]
        assert garment.box_in_image == box_of_label(part.labels, number)
    # Labels are cropped like the image.
    grey = (np.asarray(part.image) == 200).all(axis=-1)
    assert (grey == (np.asarray(part.labels) == 1)).all()


def test_close_ups_lose_what_they_hardly_show():
    parts = [close_up(scene(), 2.0, np.random.default_rng(seed)) for seed in range(40)]
    shown = [tuple(one.category for one in part.garments) for part in parts]
    assert {("coat",), ("coat", "hat")} == set(shown)
    for part, names in zip(parts, shown, strict=True):
        visible = (np.asarray(part.labels) == 2).sum() / (20 * 20)
        assert ("hat" in names) == (visible >= 0.35)


def test_a_close_up_without_garments_is_the_scene():
    nothing = scene(garments=())
    assert close_up(nothing, 2.5, np.random.default_rng(0)) is nothing


def test_neighbours_stand_beside_each_other_at_one_height():
    both = side_by_side(scene(), scene(colour=90, size=(160, 240)))
    assert both.image.size == both.labels.size == (2 * WIDTH, HEIGHT)
    assert [one.category for one in both.garments] == ["coat", "hat"] * 2
    at_right = tuple(np.array(COAT) + np.array([WIDTH, 0, WIDTH, 0]))
    assert both.garments[0].box_in_image == COAT
    assert both.garments[2].box_in_image == pytest.approx(at_right)
    labels = np.asarray(both.labels)
    assert box_of_label(labels[:, :WIDTH], 1) == COAT
    assert box_of_label(labels[:, WIDTH:], 1) == COAT
    assert both.image.getpixel((40, 60)) == (200,) * 3
    assert both.image.getpixel((WIDTH + 40, 60)) == (90,) * 3


@pytest.mark.parametrize(
    ("close", "pairs", "width"), [(0.0, 0.0, WIDTH), (0.0, 1.0, 2 * WIDTH)]
)
def test_a_batch_keeps_its_scenes_or_gives_each_a_neighbour(close, pairs, width):
    scenes = [scene(colour=colour) for colour in (60, 120, 180)]
    rules = CompositionRules(close=close, pairs=pairs)
    composed = compose(scenes, rules, np.random.default_rng(0))
    assert [one.image.width for one in composed] == [width] * 3
    colours = [one.image.getpixel((40, 60))[0] for one in composed]
    assert colours == [60, 120, 180]
    if pairs:
        beside = [one.image.getpixel((WIDTH + 40, 60))[0] for one in composed]
        assert beside == [120, 180, 60]


def test_kinds_of_batches_come_as_often_as_the_rules_say():
    generator = np.random.default_rng(0)
    rules = CompositionRules(close=0.3, closest=4.0, pairs=0.2)
    widths = [compose([scene()], rules, generator)[0].image.width for _ in range(400)]
    closer = [width for width in widths if width < WIDTH]
    assert min(closer) < WIDTH / 3 and max(closer) > WIDTH * 0.9
    assert np.mean([width > WIDTH for width in widths]) == pytest.approx(0.2, abs=0.05)
    assert len(closer) / 400 == pytest.approx(0.3, abs=0.05)
