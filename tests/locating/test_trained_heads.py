"""Classifier and regressors learn from painted maps."""

import numpy as np
import pytest
import torch

from tiefvision.boxes import iou
from tiefvision.locating.head_training import (
    Sampling,
    channel_statistics,
    classifier_task,
    draw_batch,
    regressors_task,
)
from tiefvision.locating.heads import (
    SIDES,
    BoxRegressors,
    CropClassifier,
    HeadSizes,
    presence_loss,
    set_input_statistics,
)
from tiefvision.locating.locate import locate
from tiefvision.training.loop import Schedule, fit, seeded

SIZES = HeadSizes(reduced=6, hidden=24)


@pytest.fixture(scope="module")
def trained(world):
    """The trained classifier and regressors, with the history of each."""
    with seeded(0):
        classifier = CropClassifier(3, world.window, world.categories, SIZES)
        regressors = BoxRegressors(3, world.window, len(world.categories), SIZES)
    for head in (classifier, regressors):
        statistics = channel_statistics(world.training, world.levels_of)
        set_input_statistics(head, *statistics)
    data = world.training, world.validation, world.levels_of, Sampling()
    tasks = (
        classifier_task(classifier, *data),
        regressors_task(regressors, world.categories, *data),
    )
    schedule = Schedule(epochs=15, learning_rate=0.01)
    histories = [fit(task, schedule, steps=5, seed=0) for task in tasks]
    return (classifier, regressors), histories


def every_window(world, photos):
    """All windows of the photographs whose labels are not ambiguous."""
    generator = np.random.default_rng(0)
    return draw_batch(photos, world.levels_of, world.categories, 1000, generator)


@pytest.mark.parametrize("category", range(2))
def test_the_classifier_is_better_than_a_constant(world, trained, category):
    (classifier, _), (history, _) = trained
    assert history[-1]["loss"] < 0.5 * history[1]["loss"]
    batch = every_window(world, world.validation)
    labels = batch.labels[:, category, None]
    with torch.no_grad():
        logits = classifier.network.judge_windows(
            (batch.cells - classifier.mean) / classifier.spread, batch.positions
        )[:, category, None]
    # The loss of the best constant probability.
    share = (labels > 0).sum() / (labels >= 0).sum()
    guessing = presence_loss(torch.logit(share).expand_as(logits), labels)
    assert presence_loss(logits, labels) < 0.5 * guessing


@pytest.mark.parametrize("category", range(2))
@pytest.mark.parametrize("side", range(4))
def test_each_regressor_is_better_than_a_constant(world, trained, side, category):
    (_, regressors), (_, history) = trained
    assert history[-1]["loss"] < history[1]["loss"]
    learnt, unseen = (
        every_window(world, photos) for photos in (world.training, world.validation)
    )
    usual, wanted = (
        batch.targets[batch.labels[:, category] > 0, category, side]
        for batch in (learnt, unseen)
    )
    constant = (wanted - usual.median()).abs().mean()
    full = unseen.labels[:, category] > 0
    network = regressors.network(SIDES[side])
    cells = (unseen.cells - regressors.mean) / regressors.spread
    with torch.no_grad():
        said = network.judge_windows(cells, unseen.positions[full])[:, 2 * category]
    assert (said - wanted).abs().mean() < 0.7 * constant


def best_overlap(garment, found):
    """Highest IoU with a found box of the same category."""
    boxes = [one.box_in_image for one in found if one.category == garment.category]
    return max((float(iou(box, garment.box_in_image)) for box in boxes), default=0.0)


def test_trained_heads_find_the_garments(fold, world, trained):
    """The n best boxes match the n garments; empty photographs have no boxes."""
    folded = fold(*trained[0])
    overlaps, empty = [], []
    for photo in world.validation:
        found = locate(world.levels_of(photo.path), world.side, world.side, folded)
        if photo.garments:
            found = found[: len(photo.garments)]
            overlaps += [best_overlap(garment, found) for garment in photo.garments]
        else:
            empty.append(found)
    assert empty == [()] * 3
    assert np.mean(overlaps) > 0.75


def test_trained_heads_separate_two_people(fold, world, trained):
    """Photographs 4, 9 and 14 show two garments of one category."""
    folded = fold(*trained[0])
    for photo in world.validation[4::5]:
        one, other = photo.garments
        assert one.category == other.category
        found = locate(world.levels_of(photo.path), world.side, world.side, folded)
        assert best_overlap(one, found) > 0.5
        assert best_overlap(other, found) > 0.5
