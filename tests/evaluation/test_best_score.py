import pytest

from tiefvision.evaluation.best_score import best_score
from tiefvision.evaluation.localisation import Located
from tiefvision.records import Garment, Photo

PHOTO = Photo("a.jpg", 100, 100, "street", "val")


def coat(x, score=1.0):
    return Garment("coat", (x, 0.0, x + 10.0, 10.0), score)


def located(wanted, found):
    return Located(PHOTO, tuple(map(coat, wanted)), tuple(coat(*one) for one in found))


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        # F1 is 2/3 at 0.9 (1 right of 1, 2 wanted), 1/2 at 0.7, 4/5 at 0.5, 2/3 at 0.1.
        ([(0, 0.9), (60, 0.7), (30, 0.5), (80, 0.1)], 0.5),
        # 2/3 at 0.9, 2/4 at 0.8.
        ([(0, 0.9), (60, 0.8)], 0.9),
        # Boxes of one score are believed together.
        ([(0, 0.4), (60, 0.4), (30, 0.4)], 0.4),
        ([(60, 0.9)], None),
        ([], None),
    ],
)
def test_the_score_is_that_of_the_largest_f1(found, expected):
    assert best_score([located([0, 30], found)]) == expected


def test_photographs_are_judged_together():
    one, other = located([0], [(0, 0.3)]), located([0], [(60, 0.6), (0, 0.2)])
    # 0 at 0.6, 1/2 at 0.3, 4/5 at 0.2
    assert best_score([one, other]) == 0.2
    assert best_score([]) is None
