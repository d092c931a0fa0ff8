import math

import numpy as np
import pytest
import torch

from tiefvision.boxes import area, intersection, iou
from tiefvision.locating.folded import fold_heads
from tiefvision.locating.heads import (
    BoxRegressors,
    CropClassifier,
    HeadSizes,
    standardise_inputs,
)
from tiefvision.locating.locate import locate
from tiefvision.locating.training import (
    Annotated,
    Sampling,
    channel_statistics,
    classifier_task,
    count_steps,
    draw_batch,
    regressors_task,
)
from tiefvision.locating.windows import (
    BACKGROUND,
    Level,
    assign_windows,
    windows_in_image,
)
from tiefvision.records import Garment
from tiefvision.training import Schedule, fit, seeded

CATEGORIES = ("coat", "hat")
SIDE = 560  # of every photograph, in pixels
STRIDE, WINDOW, BORDER = 56, 4, 112  # four cells are the 224 px of a window
SIZES = HeadSizes(reduced=6, hidden=24)


def painted_level(garments, generator):
    """A map whose cells say how much of them each category covers, and noise."""
    count = (SIDE + 2 * BORDER) // STRIDE
    y0, x0 = np.mgrid[:count, :count] * STRIDE - BORDER
    cells = np.stack([x0, y0, x0 + STRIDE, y0 + STRIDE], axis=-1)
    channels = [generator.normal(0, 0.1, (count, count))]
    for category in CATEGORIES:
        covered = np.zeros((count, count))
        for garment in garments:
            if garment.category == category:
                covered += intersection(cells, garment.box_in_image) / area(cells)
        channels.append(covered)
    tensor = torch.from_numpy(np.stack(channels)).half()  # as artifacts keep maps
    return Level(tensor, 1.0, 1.0, STRIDE, WINDOW, (BORDER, BORDER))


def make_photos(count, seed):
    """Photographs with at most one garment each, and their maps."""
    generator = np.random.default_rng(seed)
    photos, maps = [], {}
    for number in range(count):
        sides = generator.uniform(150, 300, 2)
        corner = generator.uniform(0, SIDE - sides)
        box = tuple(float(value) for value in (*corner, *(corner + sides)))
        category = CATEGORIES[number % 2]
        garments = (Garment(category, box),) if number % 5 else ()
        photos.append(Annotated(f"{seed}-{number}.jpg", garments))
        maps[photos[-1].path] = [painted_level(garments, generator)]
    return photos, maps


@pytest.fixture(scope="module")
def world():
    training, maps = make_photos(40, seed=0)
    validation, more = make_photos(15, seed=1)
    maps |= more
    return training, validation, maps.__getitem__


def draw(photos, levels_of, windows, seed=0):
    generator = np.random.default_rng(seed)
    return draw_batch(photos, levels_of, CATEGORIES, windows, generator)


def test_a_batch_is_balanced(world):
    training, _, levels_of = world
    for photo in training[:10]:
        labels = draw([photo], levels_of, windows=6).labels
        assert (labels == 0).sum() == 6
        assert (labels > 0).sum() == (6 if photo.garments else 0)


def test_windows_are_drawn_once_and_by_the_seed(world):
    training, _, levels_of = world
    photos = training[:3]
    batch = draw(photos, levels_of, windows=5)
    assert len({tuple(row) for row in batch.positions.tolist()}) == len(batch.positions)
    assert torch.equal(draw(photos, levels_of, 5).positions, batch.positions)
    assert not torch.equal(
        draw(photos, levels_of, 5, seed=1).positions, batch.positions
    )


def test_labels_and_targets_against_a_loop(world):
    """With more windows asked for than there are, every one must turn up."""
    training, _, levels_of = world
    photos = training[:6]
    batch = draw(photos, levels_of, windows=1000)
    assert batch.cells.dtype == torch.float32
    drawn = {
        tuple(cells): (label, target)
        for cells, label, target in zip(
            batch.positions.tolist(),
            batch.labels.tolist(),
            batch.targets.tolist(),
            strict=True,
        )
    }
    offset = 0
    for photo in photos:
        (level,) = levels_of(photo.path)
        _, height, width = level.cells.shape
        flat = level.cells.permute(1, 2, 0).reshape(height * width, -1).float()
        assert torch.equal(batch.cells[offset : offset + len(flat)], flat)
        boxes = windows_in_image(level)
        held = assign_windows(boxes, photo.garments)
        for number, (box, garment) in enumerate(zip(boxes, held, strict=True)):
            row, column = divmod(number, level.columns)
            cells = tuple(
                offset + (row + y) * width + column + x
                for y in range(WINDOW)
                for x in range(WINDOW)
            )
            if garment == BACKGROUND:
                assert drawn.pop(cells) == (0, [0, 0, 0, 0])
            elif garment >= 0:
                label, target = drawn.pop(cells)
                wanted = photo.garments[garment]
                assert CATEGORIES[label - 1] == wanted.category
                x0, y0, x1, y1 = box
                centre = (x0 + x1) / 2, (y0 + y1) / 2
                expected = [
                    (value - centre[k % 2]) / (x1 - x0)
                    for k, value in enumerate(wanted.box_in_image)
                ]
                assert target == pytest.approx(expected, abs=1e-6)
        offset += height * width
    assert not drawn


def unsure_photo(levels=1):
    """A photograph of a single window that shares 36 % of a garment: no example."""
    garment = Garment("coat", (90.0, 90.0, 314.0, 314.0))
    level = Level(torch.rand(3, WINDOW, WINDOW), 1.0, 1.0, STRIDE, WINDOW, (0, 0))
    photo = Annotated("unsure.jpg", (garment,))
    return photo, lambda path: [level] * levels


def test_a_photograph_that_teaches_nothing():
    photo, levels_of = unsure_photo(levels=2)
    batch = draw([photo], levels_of, windows=5)
    assert batch.positions.shape == (0, WINDOW**2)
    assert batch.labels.shape == (0,)
    assert batch.targets.shape == (0, 4)
    assert len(batch.cells) == 2 * WINDOW**2


def small_heads():
    with seeded(0):
        return (
            CropClassifier(3, WINDOW, CATEGORIES, SIZES),
            BoxRegressors(3, WINDOW, SIZES),
        )


def tasks_of(classifier, regressors, training, validation, levels_of, sampling=None):
    sampling = sampling or Sampling(photos=8, windows=12)
    return (
        classifier_task(classifier, training, validation, levels_of, sampling),
        regressors_task(
            regressors, CATEGORIES, training, validation, levels_of, sampling
        ),
    )


@pytest.mark.parametrize("which", [0, 1])
def test_training_on_nothing_leaves_the_weights_whole(which):
    photo, levels_of = unsure_photo()
    heads = small_heads()
    task = tasks_of(*heads, [photo], [photo], levels_of)[which]
    history = fit(task, Schedule(2, 0.01), steps=1, seed=0)
    assert [row["loss"] for row in history[1:]] == [0, 0]
    for parameter in heads[which].parameters():
        assert parameter.isfinite().all()


def test_photographs_without_garments_do_not_move_the_regressors(world):
    training, _, levels_of = world
    empty = [photo for photo in training if not photo.garments]
    _, task = tasks_of(*small_heads(), empty, [], levels_of)
    (batch,) = task.batches(np.random.default_rng(0))
    assert len(batch.labels) == len(empty) * 12  # all of them background
    figures = task.loss(batch)
    assert figures["loss"].item() == figures["error"].item() == 0.0
    figures["loss"].backward()
    assert not any(parameter.grad.any() for parameter in task.module.parameters())


def test_an_epoch_takes_every_photograph_once(world):
    training, _, levels_of = world
    read = []
    sampling = Sampling(photos=7, windows=2)
    classifier, regressors = small_heads()

    def reading(path):
        read.append(path)
        return levels_of(path)

    task, _ = tasks_of(classifier, regressors, training, [], reading, sampling)
    batches = list(task.batches(np.random.default_rng(0)))
    assert sorted(read) == sorted(photo.path for photo in training)
    assert read != [photo.path for photo in training]  # in another order
    assert len(batches) == count_steps(training, sampling) == 6


def test_steps_of_an_epoch():
    steps = [count_steps([None] * n, Sampling(photos=8)) for n in (0, 1, 8, 9, 16)]
    assert steps == [0, 1, 1, 2, 2]


def test_without_validation_there_is_no_figure_to_watch(world):
    training, _, levels_of = world
    for task in tasks_of(*small_heads(), training, [], levels_of):
        assert task.validate is None
        assert task.better == ""


def test_validation_is_the_same_every_time(world):
    training, validation, levels_of = world
    for task in tasks_of(*small_heads(), training, validation, levels_of):
        assert task.validate() == task.validate()
        assert math.isfinite(task.validate()[task.better])


def test_channel_statistics_against_all_cells(world):
    training, _, levels_of = world
    mean, spread = channel_statistics(training, levels_of)
    cells = torch.cat(
        [
            level.cells.flatten(1).float()
            for photo in training
            for level in levels_of(photo.path)
        ],
        dim=1,
    )
    torch.testing.assert_close(mean, cells.mean(1), atol=1e-5, rtol=1e-4)
    expected = cells.std(1, correction=0)
    torch.testing.assert_close(spread, expected, atol=1e-5, rtol=1e-4)


def test_channel_statistics_of_a_channel_far_from_zero():
    """The difference of two large sums: single precision would lose it."""
    level = Level(1000 + torch.rand(1, 50, 50) / 10, 1.0, 1.0, STRIDE, WINDOW, (0, 0))
    mean, spread = channel_statistics([Annotated("p", ())], lambda path: [level])
    assert mean.item() == pytest.approx(1000.05, abs=0.01)
    assert spread.item() == pytest.approx(0.1 / math.sqrt(12), rel=0.05)


@pytest.fixture(scope="module")
def trained(world):
    """Both heads, trained on the painted maps, and their histories."""
    training, validation, levels_of = world
    heads = small_heads()
    for head in heads:
        standardise_inputs(head, *channel_statistics(training, levels_of))
    tasks = tasks_of(*heads, training, validation, levels_of)
    schedule = Schedule(epochs=15, learning_rate=0.01)
    return heads, [fit(task, schedule, steps=5, seed=0) for task in tasks]


def test_the_classifier_learns(world, trained):
    _, validation, levels_of = world
    (classifier, _), (history, _) = trained
    assert history[-1]["loss"] < 0.5 * history[1]["loss"]
    batch = draw(validation, levels_of, windows=1000)
    share = batch.labels.bincount(minlength=3) / len(batch.labels)
    with torch.no_grad():
        loss = classifier.loss(batch.cells, batch.positions, batch.labels)
    guessing = -(share * share.log()).sum()  # the best that one answer for all gives
    assert loss < 0.5 * guessing


def test_the_regressors_learn(world, trained):
    training, validation, levels_of = world
    (_, regressors), (_, history) = trained
    assert history[-1]["loss"] < history[1]["loss"]
    learnt, unseen = (
        draw(photos, levels_of, windows=1000) for photos in (training, validation)
    )
    usual = learnt.targets[learnt.labels > 0].median(dim=0).values
    full = unseen.labels > 0
    constant = (unseen.targets[full] - usual).abs().mean()
    with torch.no_grad():
        _, error = regressors.loss(
            unseen.cells, unseen.positions[full], unseen.targets[full]
        )
    assert error < 0.6 * constant


def test_trained_heads_find_the_garment(world, trained):
    _, validation, levels_of = world
    (classifier, regressors), _ = trained
    overlaps, empty = [], []
    for photo in validation:
        levels = levels_of(photo.path)
        found = locate(levels, SIDE, SIDE, fold_heads(classifier, regressors))
        if photo.garments:
            (wanted,) = photo.garments
            best = max(
                (float(iou(g.box_in_image, wanted.box_in_image)), g.category)
                for g in found
            )
            overlaps.append(best[0])
            assert best[1] == wanted.category
        else:
            empty.append(found)
    assert empty == [()] * 3
    assert np.mean(overlaps) > 0.7
