import numpy as np
import pytest

from tiefvision.ranking.embedding_checks import BadEmbedding, checked_ranker
from tiefvision.ranking.garments import GarmentBatch
from tiefvision.records import View

VIEWS = (View("a.jpg"), View("b.jpg"), View("c.jpg"))
GARMENTS = GarmentBatch(pixels=np.zeros((3, 2, 2, 3), dtype=np.uint8), views=VIEWS)


def embedded(rows, garments=GARMENTS):
    return checked_ranker("mine", ("pixels",), lambda garments: rows)(garments)


def test_rows_become_of_unit_length():
    rows = np.array([[3.0, 4.0], [0.0, -2.0], [1e-5, 0.0]])
    found = embedded(rows)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, [[0.6, 0.8], [0, -1], [1, 0]], atol=1e-7)
    assert rows[0].tolist() == [3.0, 4.0]  # the ranker's own array stays


def test_long_rows_do_not_overflow():
    found = embedded(np.array([[3e30, 4e30]] * 3, dtype=np.float32))
    np.testing.assert_allclose(found, [[0.6, 0.8]] * 3, atol=1e-6)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (np.ones((2, 4)), "gave 2 rows where 3 were asked for, the first for a.jpg."),
        (np.ones((3, 4), int), "gave numbers of type int64, not floats, for a.jpg."),
        (np.ones(3), "gave an array of shape (3,), not (photographs, numbers)"),
        (np.ones((3, 0)), "gave an array of shape (3, 0), not (photographs, numbers)"),
        ([[1.0], [np.nan], [1.0]], "gave NaN for b.jpg."),
        ([[1.0], [1.0], [-np.inf]], "gave an infinite number for c.jpg."),
        ([[1.0], [1.0], [1e300]], "gave an infinite number for c.jpg."),
        ([[1.0], [0.0], [0.0]], "gave a vector of zeros for b.jpg."),
        (None, "gave nothing (None) for a.jpg. Return its rows."),
        ([[{}], [1.0], [1.0]], "gave numbers of type object, not floats, for a.jpg."),
        ([[1.0], [1.0, 2.0], [1.0]], "failed (ValueError: "),
    ],
)
def test_what_is_no_embedding_names_the_photograph(rows, said):
    with pytest.raises(BadEmbedding) as caught:
        embedded(rows)
    assert str(caught.value).startswith(f"Ranker mine {said}")


def test_a_ranker_sees_what_it_names_and_nothing_else():
    seen = []
    maps = np.ones((3, 2, 1, 1), dtype=np.float32)
    garments = GarmentBatch(maps=maps, pixels=GARMENTS.pixels, views=VIEWS)

    def embed(given):
        seen.append((given.maps.size, given.pixels.shape, len(given.views)))
        return np.ones((3, 1))

    checked_ranker("mine", ("pixels",), embed)(garments)
    assert seen == [(0, (3, 2, 2, 3), 3)]


def test_every_call_gives_as_many_numbers():
    lengths = iter((4, 4, 5))
    ranker = checked_ranker(
        "mine", ("pixels",), lambda garments: np.ones((3, next(lengths)))
    )
    assert ranker(GARMENTS).shape == ranker(GARMENTS).shape == (3, 4)
    with pytest.raises(BadEmbedding, match=r"gave 5 numbers, and 4 before, for a\.jpg"):
        ranker(GARMENTS)


def test_an_error_of_the_ranker_is_a_sentence():
    def fails(garments):
        raise KeyError("weights")

    with pytest.raises(BadEmbedding) as caught:
        checked_ranker("mine", ("pixels",), fails)(GARMENTS)
    assert str(caught.value) == (
        "Ranker mine failed (KeyError: 'weights') for a.jpg. -v shows where."
    )


def test_a_path_that_nobody_told_can_be_told_later():
    garments = GarmentBatch(pixels=GARMENTS.pixels)
    with pytest.raises(BadEmbedding, match="zeros for the photograph") as caught:
        embedded(np.zeros((3, 2)), garments)
    assert str(caught.value.naming({"": "q.jpg"})).endswith("zeros for q.jpg.")


def test_no_garments_give_no_rows():
    nothing = GarmentBatch(pixels=GARMENTS.pixels[:0])
    assert embedded(np.empty((0, 5)), nothing).shape == (0, 5)
