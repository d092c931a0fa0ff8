import numpy as np
import pytest

from tiefvision.index import closeups as module
from tiefvision.index.closeups import order_by_closeups
from tiefvision.index.neighbours import Neighbours, search_exactly


def unit(generator, *shape):
    rows = generator.standard_normal(shape).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)


class Shop:
    """Photographs with three close-ups each."""

    def __init__(self, count=60, seed=0):
        generator = np.random.default_rng(seed)
        self.whole = unit(generator, count, 8)
        self.closeups = unit(generator, count, 3, 8)
        self.query = unit(generator, 1, 8)
        self.asked = []

    def closeups_of(self, numbers):
        self.asked.append(numbers)
        return self.closeups[numbers]

    def found(self, count):
        return search_exactly(self.query, self.whole, count)

    def best(self, rows):
        """The highest similarity of each row, by a loop."""
        return [
            max(
                float(self.whole[row] @ self.query[0]),
                *(float(part @ self.query[0]) for part in self.closeups[row]),
            )
            for row in rows
        ]


def test_each_row_is_as_similar_as_the_closest_of_its_photograph_and_close_ups():
    shop = Shop()
    ordered = order_by_closeups(shop.found(60), shop.query, shop.closeups_of, 10)
    best = np.array(shop.best(range(60)))
    assert ordered.rows[0].tolist() == np.argsort(-best, kind="stable")[:10].tolist()
    np.testing.assert_allclose(
        ordered.similarities[0], np.sort(best)[::-1][:10], atol=1e-6
    )
    assert ordered.similarities.dtype == np.float32


def test_only_a_shortlist_is_read(monkeypatch):
    monkeypatch.setattr(module, "CLOSEUP_SHORTLIST", 7)
    shop = Shop()
    found = shop.found(20)
    ordered = order_by_closeups(found, shop.query, shop.closeups_of, 20)
    assert [numbers.tolist() for numbers in shop.asked] == [found.rows[0, :7].tolist()]
    values = dict(zip(found.rows[0].tolist(), found.similarities[0], strict=True))
    values |= zip(found.rows[0, :7].tolist(), shop.best(found.rows[0, :7]), strict=True)
    own = [values[row] for row in ordered.rows[0].tolist()]
    np.testing.assert_allclose(ordered.similarities[0], own, atol=1e-6)
    assert own == sorted(own, reverse=True)


def test_what_was_found_is_not_changed():
    shop = Shop()
    found = shop.found(20)
    before = found.similarities.copy()
    order_by_closeups(found, shop.query, shop.closeups_of, 5)
    np.testing.assert_array_equal(found.similarities, before)


@pytest.mark.parametrize("count", [0, 1])
def test_few_rows(count):
    shop = Shop()
    found = Neighbours(
        np.arange(count, dtype=np.int64)[None], np.zeros((1, count), dtype=np.float32)
    )
    ordered = order_by_closeups(found, shop.query, shop.closeups_of, 5)
    assert ordered.rows.tolist() == [[*range(count)]]


def test_equal_rows_are_in_the_order_of_their_numbers():
    shop = Shop()
    shop.whole[:], shop.closeups[:] = shop.query[0], shop.query[0]
    found = Neighbours(np.array([[5, 2, 9]]), np.full((1, 3), 0.5, np.float32))
    ordered = order_by_closeups(found, shop.query, shop.closeups_of, 3)
    assert ordered.rows.tolist() == [[2, 5, 9]]
    assert (ordered.similarities <= 1).all()  # float16 can round beyond 1
