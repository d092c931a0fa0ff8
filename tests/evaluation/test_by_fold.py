import pytest

from tiefvision.evaluation.by_fold import MEAN, rows_by_fold, spread_of

FOLDS = [
    {
        "coat": {"photographs": 30, "ap50": 0.4},
        "dress": {"photographs": 40, "ap50": 0.8},
        "outfit": {"photographs": 90, "ap50": 1.0},
    },
    {
        "coat": {"photographs": 35, "ap50": 0.6},
        "dress": {"photographs": 41, "ap50": 0.7},
        "vest": {"photographs": 3, "ap50": 0.1},
        "outfit": {"photographs": 90, "ap50": 0.9},
    },
    {"dress": {"photographs": 44, "ap50": None}},
]


def rows(least=60):
    found = rows_by_fold(FOLDS, ["ap50"], least, excluded=("outfit",))
    return {row.name: row for row in found}


def test_mean_and_deviation_by_hand():
    spread = spread_of([0.2, None, 0.4, 0.6])
    assert spread.mean == pytest.approx(0.4)
    assert spread.deviation == pytest.approx(0.2)  # sqrt((0.04 + 0 + 0.04) / 2)
    assert spread.values == (0.2, None, 0.4, 0.6)
    assert spread_of([0.3]).deviation == 0.0
    assert spread_of([None]) is None


def test_every_category_has_a_row_over_the_folds_that_show_it():
    assert list(rows()) == ["coat", "dress", "outfit", "vest", MEAN]
    dress = rows()["dress"]
    assert dress.count == 40 + 41 + 44
    assert dress.figures["ap50"].values == (0.8, 0.7, None)
    assert rows()["vest"].figures["ap50"].values == (None, 0.1, None)


def test_the_mean_is_over_common_garments_fold_by_fold():
    mean = rows()[MEAN]
    assert mean.count == 2  # coat and dress; the outfit is no garment, vests are rare
    assert mean.figures["ap50"].values == pytest.approx((0.6, 0.65, None))
    assert rows(least=3)[MEAN].figures["ap50"].values[1] == pytest.approx(1.4 / 3)


def test_no_category_is_common_enough():
    assert rows(least=1000)[MEAN].count == 0
    assert rows(least=1000)[MEAN].figures == {}
