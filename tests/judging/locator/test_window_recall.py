import numpy as np
import pytest

from tiefvision.evaluation.localisation import Located
from tiefvision.judging.locator import window_recall as proposals
from tiefvision.judging.locator.window_recall import WINDOWS, window_recall
from tiefvision.locating.votes import WindowPredictions
from tiefvision.progress import untracked
from tiefvision.records import Garment, Photo

RIGHT, WRONG = (0.0, 0.0, 10.0, 10.0), (50.0, 50.0, 60.0, 60.0)


class Heads:
    categories = ("coat", "outfit")


def photo(path, *categories):
    wanted = tuple(Garment(category, RIGHT) for category in categories)
    return Located(Photo(path, 80, 80, "street", "test"), wanted, ())


def predictions(ranks):
    """Twelve windows, of which for each category the one of this rank is right."""
    probabilities = np.zeros((12, 2))
    boxes = np.tile(WRONG, (12, 2, 1))
    for column, rank in enumerate(ranks):
        # Shuffled: what counts is how sure a window is, not where it stands.
        order = np.random.default_rng(column).permutation(12)
        probabilities[order, column] = np.linspace(0.9, 0.1, 12)
        boxes[order[rank], column] = RIGHT
    return WindowPredictions(
        probabilities, boxes, np.ones((12, 2, 4)), np.zeros((12, 2))
    )


@pytest.fixture
def judged(monkeypatch):
    """Photographs by path: ranks of the windows that are right for coat and outfit."""
    ranks = {"first": (0, 11), "ninth": (8, 0), "late": (10, 3)}
    monkeypatch.setattr(
        proposals, "judge_levels", lambda path, heads, rules: predictions(ranks[path])
    )


def test_recall_by_the_windows_surest_of_a_category(judged):
    photos = [photo("first", "coat", "outfit"), photo("ninth", "coat"), photo("late")]
    recall = window_recall(photos, lambda path: path, Heads(), untracked)
    assert recall == {
        "outfit": {"1": 0.0, "10": 0.0, "100": 1.0, "1000": 1.0},
        "garments": {"1": 0.5, "10": 1.0, "100": 1.0, "1000": 1.0},
    }
    assert list(recall) == ["outfit", "garments"]
    assert [int(count) for count in recall["outfit"]] == list(WINDOWS)


def test_where_nothing_is_wanted_there_is_no_recall(judged):
    assert window_recall([photo("late")], lambda path: path, Heads(), untracked) == {}
