import pytest

from tiefvision.errors import BadUsage
from tiefvision.ranking.seed_rows import rows_of_names


@pytest.mark.parametrize(
    ("names", "row"),
    [
        ("deeprank-1,deeprank-2,deeprank-3", "deeprank x3"),
        ("deeprank-seed11,deeprank-seed12", "deeprank-seed x2"),
        ("deeprank-seed1,deeprank-seed10", "deeprank-seed x2"),
        ("deeprank,deeprank-2", "deeprank x2"),
        ("deeprank-a,deeprank-b", "deeprank x2"),
        ("1024_512-1,1024_512-2", "1024_512 x2"),
        ("deeprank-1, deeprank-2", "deeprank x2"),
    ],
)
def test_joined_names_are_one_row(names, row):
    assert rows_of_names(["cosine", names]) == {
        "cosine": ("cosine",),
        row: tuple(names.replace(" ", "").split(",")),
    }


def test_single_names_are_rows_of_their_own():
    assert rows_of_names(["lab", "cosine", "lab"]) == {
        "lab": ("lab",),
        "cosine": ("cosine",),
    }
    assert rows_of_names(["lab,", "deeprank-1,deeprank-1"]) == {
        "lab": ("lab",),
        "deeprank-1": ("deeprank-1",),
    }


@pytest.mark.parametrize("names", ["cosine,lab", "mean,max", "deeprank-1,cosine"])
def test_other_rankers_are_no_seeds(names):
    with pytest.raises(BadUsage, match=f"{names} are not training seeds"):
        rows_of_names([names])


def test_two_rows_need_two_names():
    with pytest.raises(BadUsage, match="Two rows would be called deeprank x2"):
        rows_of_names(["deeprank-1,deeprank-2", "deeprank-3,deeprank-4"])
