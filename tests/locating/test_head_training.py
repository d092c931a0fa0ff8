import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from tiefvision.locating.head_training import (
    AnnotatedPhoto,
    Sampling,
    channel_statistics,
    classifier_task,
    count_steps,
    draw_batch,
    regressors_task,
    window_targets,
)
from tiefvision.locating.heads import BoxRegressors, CropClassifier, HeadSizes
from tiefvision.locating.windows import (
    BACKGROUND,
    Level,
    assign_windows,
    windows_in_image,
)
from tiefvision.records import Garment
from tiefvision.training.loop import Schedule, fit, seeded

CATEGORIES = ("coat", "hat")


def draw(world, photos, windows, seed=0):
    generator = np.random.default_rng(seed)
    return draw_batch(photos, world.levels_of, world.categories, windows, generator)


def test_a_batch_is_balanced(world):
    """As many windows with a garment of any category as without any."""
    for photo in world.training[:10]:
        labels = draw(world, [photo], windows=6).labels
        assert (labels == 0).all(dim=1).sum() == 6
        full = (labels > 0).any(dim=1)
        assert full.sum() == len(labels) - 6 == (6 if photo.garments else 0)


def targets_by_loop(windows, garments):
    """Label and box of the held garment, for each window and category."""
    for window in windows:
        x0, y0, x1, y1 = window
        row = []
        for category in CATEGORIES:
            own = [one for one in garments if one.category == category]
            (held,) = assign_windows(window[None], own)
            if held < 0:
                row.append((0 if held == BACKGROUND else -1, [0, 0, 0, 0]))
                continue
            box = own[held].box_in_image
            across, down = (x0 + x1) / 2, (y0 + y1) / 2
            units = [
                (value - (down if k % 2 else across)) / (y1 - y0 if k % 2 else x1 - x0)
                for k, value in enumerate(box)
            ]
            row.append((1, units))
        yield row


@pytest.mark.parametrize("seed", range(3))
def test_labels_and_targets_against_a_loop(seed):
    generator = np.random.default_rng(seed)
    corners = generator.uniform(-50, 450, (60, 2))
    sides = generator.uniform(80, 400, (60, 2))
    windows = np.concatenate([corners, corners + sides], axis=1)
    names = ("coat", "hat", "coat", "belt", "hat")
    places = generator.uniform(0, 400, (5, 2, 2))
    garments = [
        Garment(name, (*corner, *(corner + 50 + sides / 2)))
        for name, (corner, sides) in zip(names, places, strict=True)
    ]
    labels, targets = window_targets(windows, garments, CATEGORIES)
    assert labels.dtype == np.int8
    assert labels.shape == (60, 2)
    assert targets.shape == (60, 2, 4)
    assert set(labels.ravel()) == {-1, 0, 1}
    assert ((labels > 0).all(axis=1)).any()  # several in one window
    expected = targets_by_loop(windows, garments)
    for number, row in enumerate(expected):
        for column, (label, target) in enumerate(row):
            assert labels[number, column] == label
            assert targets[number, column] == pytest.approx(target)


def test_labels_and_targets_of_a_photograph_without_garments():
    labels, targets = window_targets(np.array([[0.0, 0, 9, 9]] * 3), (), CATEGORIES)
    assert labels.tolist() == [[0, 0]] * 3
    assert not targets.any()


def test_windows_are_drawn_once_and_by_the_seed(world):
    photos = world.training[:3]
    batch = draw(world, photos, windows=5)
    assert len({tuple(row) for row in batch.positions.tolist()}) == len(batch.positions)
    assert torch.equal(draw(world, photos, 5).positions, batch.positions)
    assert not torch.equal(draw(world, photos, 5, seed=1).positions, batch.positions)


def test_the_windows_of_a_batch_against_a_loop(world):
    """If more windows are asked for than exist, all of them are drawn."""
    photos = world.training[:10]
    batch = draw(world, photos, windows=1000)
    assert batch.cells.dtype == batch.targets.dtype == torch.float32
    drawn = {
        tuple(cells): (labels, targets)
        for cells, labels, targets in zip(
            batch.positions.tolist(),
            batch.labels.tolist(),
            batch.targets.numpy(),
            strict=True,
        )
    }
    offset, left_out = 0, 0
    for photo in photos:
        (level,) = world.levels_of(photo.path)
        _, height, width = level.cells.shape
        flat = torch.from_numpy(np.float32(level.cells)).flatten(1).T
        assert len(flat) == height * width
        assert torch.equal(batch.cells[offset : offset + len(flat)], flat)
        rows = targets_by_loop(windows_in_image(level), photo.garments)
        for number, row in enumerate(rows):
            labels = [label for label, _ in row]
            if 1 not in labels and -1 in labels:
                left_out += 1
                continue
            top, left = divmod(number, level.columns)
            cells = tuple(
                offset + (top + y) * width + left + x
                for y in range(world.window)
                for x in range(world.window)
            )
            said, targets = drawn.pop(cells)
            assert said == labels
            expected = np.array([target for _, target in row])
            assert targets == pytest.approx(expected, abs=1e-6)
        offset += height * width
    assert not drawn
    assert left_out > 0


@pytest.fixture
def unsure(world):
    """A photograph with two ambiguous windows, which share 36 % of a coat."""
    garment = Garment("coat", (90.0, 90.0, 314.0, 314.0))
    shape = 3, world.window, world.window
    levels = [
        Level(torch.rand(shape).numpy(), 1.0, 1.0, 56, world.window, (0, 0))
        for _ in range(2)
    ]
    photos = [AnnotatedPhoto("unsure.jpg", (garment,))]
    return replace(
        world, training=photos, validation=photos, levels_of=lambda path: levels
    )


def test_a_photograph_with_only_ambiguous_windows_gives_an_empty_batch(unsure):
    batch = draw(unsure, unsure.training, windows=5)
    assert batch.positions.shape == (0, unsure.window**2)
    assert batch.labels.shape == (0, 2)
    assert batch.targets.shape == (0, 2, 4)
    assert len(batch.cells) == 2 * unsure.window**2


def tasks_of(world, sampling=None):
    """Tasks of training small heads on a world."""
    sizes = HeadSizes(reduced=6, hidden=24)
    with seeded(0):
        classifier = CropClassifier(3, world.window, world.categories, sizes)
        regressors = BoxRegressors(3, world.window, len(world.categories), sizes)
    data = world.training, world.validation, world.levels_of, sampling or Sampling()
    return (
        classifier_task(classifier, *data),
        regressors_task(regressors, world.categories, *data),
    )


@pytest.mark.parametrize("which", [0, 1])
def test_training_on_empty_batches_keeps_the_weights_finite(unsure, which):
    task = tasks_of(unsure)[which]
    history = fit(task, Schedule(2, 0.01), steps=1, seed=0)
    assert [row["loss"] for row in history[1:]] == [0, 0]
    for parameter in task.module.parameters():
        assert parameter.isfinite().all()


def test_photographs_without_garments_do_not_move_the_regressors(world):
    empty = [photo for photo in world.training if not photo.garments]
    _, task = tasks_of(replace(world, training=empty))
    (batch,) = task.batches(np.random.default_rng(0))
    assert batch.labels.shape == (len(empty) * Sampling().windows, 2)
    assert not batch.labels.any()
    figures = task.loss(batch)
    assert figures["loss"].item() == figures["error"].item() == 0.0
    figures["loss"].backward()
    assert not any(parameter.grad.any() for parameter in task.module.parameters())


def test_regressors_learn_only_from_windows_with_a_garment(world):
    _, task = tasks_of(replace(world, training=world.training[:8]))
    (batch,) = task.batches(np.random.default_rng(0))
    held = batch.labels > 0
    full = held.any(dim=1)
    assert 0 < full.sum() < len(full)
    assert (held.sum(dim=1) == 1).any() and (held.sum(dim=1) == 2).any()
    expected = task.module.loss(
        batch.cells, batch.positions[full], batch.targets[full], held[full]
    )
    figures = task.loss(batch)
    assert torch.equal(figures["loss"], expected[0])
    assert torch.equal(figures["error"], expected[1])


def test_an_epoch_reads_every_photograph_once(world):
    read = []

    def reading(path):
        read.append(path)
        return world.levels_of(path)

    sampling = Sampling(photos=7, windows=2)
    task, _ = tasks_of(replace(world, levels_of=reading), sampling)
    batches = list(task.batches(np.random.default_rng(0)))
    paths = [photo.path for photo in world.training]
    assert sorted(read) == sorted(paths)
    assert read != paths  # in another order
    assert len(batches) == count_steps(world.training, sampling) == 6


def test_steps_of_an_epoch():
    steps = [count_steps([None] * n, Sampling(photos=8)) for n in (0, 1, 8, 9, 16)]
    assert steps == [0, 1, 1, 2, 2]


def test_without_validation_photographs_no_figure_selects_the_weights(world):
    for task in tasks_of(replace(world, validation=[])):
        assert task.validate is None
        assert task.selection_figure == ""


def test_validation_is_the_same_every_time(world):
    for task in tasks_of(world):
        task.module.eval()
        assert task.validate() == task.validate()
        assert math.isfinite(task.validate()[task.selection_figure])


def test_channel_statistics_against_all_cells(world):
    mean, spread = channel_statistics(world.training, world.levels_of)
    cells = torch.cat(
        [
            torch.from_numpy(np.float32(level.cells)).flatten(1)
            for photo in world.training
            for level in world.levels_of(photo.path)
        ],
        dim=1,
    )
    torch.testing.assert_close(mean, cells.mean(1), atol=1e-5, rtol=1e-4)
    expected = cells.std(1, correction=0)
    torch.testing.assert_close(spread, expected, atol=1e-5, rtol=1e-4)


def test_channel_statistics_of_a_channel_far_from_zero():
    """The variance is a difference of large sums, which float32 would lose."""
    cells = 1000 + torch.rand(1, 50, 50).numpy() / 10
    level = Level(cells, 1.0, 1.0, 56, 4, (0, 0))
    mean, spread = channel_statistics([AnnotatedPhoto("p", ())], lambda path: [level])
    assert mean.item() == pytest.approx(1000.05, abs=0.01)
    assert spread.item() == pytest.approx(0.1 / math.sqrt(12), rel=0.05)
