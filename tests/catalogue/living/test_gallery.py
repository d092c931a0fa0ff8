"""Densities of rows are kept as long as they are right."""

import numpy as np
import pytest

from tests.catalogue.living.made import KEY, RANKER, Rows, make_collection, new_photo
from tiefvision.catalogue.living import gallery as module
from tiefvision.catalogue.living.gallery import LiveGallery

ROWS = np.array([3, 0, 7], dtype=np.int64)


@pytest.fixture
def searched(monkeypatch):
    """Numbers of the rows whose densities are computed."""
    asked = []

    def densities_in(segments, numbers, *others):
        asked.extend(numbers.tolist())
        return original(segments, numbers, *others)

    original = module.densities_in
    monkeypatch.setattr(module, "densities_in", densities_in)
    return asked


def embed(garments):
    raise AssertionError("embeddings are in the table")


def test_each_is_computed_once_until_something_changes(table, searched):
    rows = Rows(table)
    rows.change([new_photo(f"f{number}") for number in range(12)])
    live = LiveGallery(table, RANKER, embed, KEY)
    first = live.densities(ROWS)
    assert searched == [3, 0, 7]
    np.testing.assert_array_equal(live.densities(ROWS[::-1]), first[::-1])
    live.densities(np.array([7, 5]))
    live.refresh()
    live.densities(ROWS)
    assert searched == [3, 0, 7, 5]
    rows.change([new_photo(f"g{number}") for number in range(12)])
    live.refresh()
    after = live.densities(ROWS)
    assert searched == [3, 0, 7, 5, 3, 0, 7]
    fresh = LiveGallery(table, RANKER, embed, KEY).densities(ROWS)
    np.testing.assert_array_equal(after, fresh)
    assert (after >= first).all() and (after > first).any()


def test_not_without_end(table, searched, monkeypatch):
    monkeypatch.setattr(module, "MOST_DENSITIES", 2)
    rows = Rows(table)
    rows.change([new_photo(f"f{number}") for number in range(12)])
    live = LiveGallery(table, RANKER, embed, KEY)
    first = live.densities(ROWS)
    np.testing.assert_array_equal(live.densities(ROWS), first)
    assert searched == [3, 0, 7] * 2


def test_an_empty_list(table):
    make_collection(table)
    assert LiveGallery(table, RANKER, embed, KEY).densities(ROWS[:0]).shape == (0,)
