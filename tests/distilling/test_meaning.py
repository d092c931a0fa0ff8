import numpy as np
import pytest

from tiefvision.distilling.meaning import (
    SHRINKAGES,
    SIZES,
    Labelled,
    learn_meaning,
)
from tiefvision.errors import BadDataset

CLASSES = ("coat", "dress", "hat")
TELLING = 3
"""Directions in which classes differ, each by little beside what differs within."""


def draw(count, seed):
    """Features in which noise of no class outweighs what tells the classes."""
    generator = np.random.default_rng(seed)
    names = [CLASSES[number % 3] for number in range(count)]
    features = generator.standard_normal((count, 40)).astype(np.float32)
    features[:, TELLING:8] *= 30.0
    for row, name in enumerate(names):
        features[row, CLASSES.index(name)] += 6.0
    return Labelled(features, names)


def share_right(labelled, features):
    """Share of rows whose nearest other row is of their class."""
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    cosines = unit @ unit.T
    np.fill_diagonal(cosines, -1)
    names = np.array(labelled.classes)
    return np.mean(names[cosines.argmax(axis=1)] == names)


def test_what_differs_within_a_class_counts_less():
    training, validation, test = draw(300, 0), draw(60, 1), draw(90, 2)
    learnt = learn_meaning(training, validation)
    assert share_right(test, test.features) < 0.6
    assert share_right(test, learnt.readout(test.features)) > 0.9
    assert learnt.accuracy > 0.9
    assert learnt.shrinkage in SHRINKAGES
    assert learnt.size in SIZES
    assert learnt.readout.weight.shape == (min(learnt.size, 40), 40)
    assert learnt.readout.weight.dtype == learnt.readout.bias.dtype == np.float32


def test_the_mean_of_the_training_photographs_is_read_out_as_zero():
    training = draw(120, 3)
    readout = learn_meaning(training, draw(30, 4)).readout
    mean = readout(training.features.mean(axis=0))
    assert np.abs(mean).max() < 1e-3 * np.abs(readout(training.features)).max()


def test_the_smallest_of_equal_choices_is_kept():
    training = draw(120, 5)
    # A validation photograph that is also a training photograph is told in any way.
    same = Labelled(training.features[:1], training.classes[:1])
    found = learn_meaning(training, same)
    assert (found.shrinkage, found.size) == (SHRINKAGES[0], SIZES[0])


def test_nothing_to_learn_from_is_refused():
    none = Labelled(np.empty((0, 40), np.float32), [])
    with pytest.raises(BadDataset, match="to choose the read-out by"):
        learn_meaning(draw(30, 0), none)
    with pytest.raises(BadDataset, match="No class has two photographs"):
        learn_meaning(none, draw(30, 0))
    lone = Labelled(draw(3, 0).features, CLASSES)
    with pytest.raises(BadDataset, match="No class has two photographs"):
        learn_meaning(lone, draw(30, 0))
