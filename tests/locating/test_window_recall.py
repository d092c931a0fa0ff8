import numpy as np
import pytest

from tiefvision.evaluation.localisation import Located
from tiefvision.locating import window_recall as proposals
from tiefvision.locating.votes import WindowPredictions
from tiefvision.locating.window_recall import WINDOWS, window_recall
from tiefvision.progress import untracked
from tiefvision.records import Garment, Photo

RIGHT, WRONG = (0.0, 0.0, 10.0, 10.0), (50.0, 50.0, 60.0, 60.0)


class Heads:
    categories = ("coat", "outfit")


def photo(path, *categories):
    wanted = tuple(Garment(category, RIGHT) for category in categories)
    return Located(Photo(path, 80, 80, "street", "test"), wanted, ())


def predictions(ranks):
    """Twelve windows; ``ranks`` has the rank of the right one for each category."""
    probabilities = np.zeros((12, 2))
    boxes = np.tile(WRONG, (12, 2, 1))
    for column, rank in enumerate(ranks):
        # Shuffled, because recall depends on probabilities and not on positions.
        order = np.random.default_rng(column).permutation(12)
        probabilities[order, column] = np.linspace(0.9, 0.1, 12)
        boxes[order[rank], column] = RIGHT
    return WindowPredictions(
        probabilities, boxes, np.ones((12, 2, 4)), np.zeros((12, 2))
    )


@pytest.fixture
def judged(monkeypatch):
    """Ranks of the windows that are right for coat and outfit, by photograph."""
    ranks = {"first": (0, 11), "ninth": (8, 0), "late": (10, 3)}
    monkeypatch.setattr(
        proposals, "judge_levels", lambda path, heads, rules: predictions(ranks[path])
    )


def test_recall_at_k_windows_by_hand(judged):
    photos = [photo("first", "coat", "outfit"), photo("ninth", "coat"), photo("late")]
    recall = window_recall(photos, lambda path: path, Heads(), untracked)
    assert recall == {
        "outfit": {"1": 0.0, "10": 0.0, "100": 1.0, "1000": 1.0},
        "garments": {"1": 0.5, "10": 1.0, "100": 1.0, "1000": 1.0},
    }
    assert list(recall) == ["outfit", "garments"]
    assert [int(count) for count in recall["outfit"]] == list(WINDOWS)


def test_without_annotated_garments_there_is_no_recall(judged):
    assert window_recall([photo("late")], lambda path: path, Heads(), untracked) == {}
