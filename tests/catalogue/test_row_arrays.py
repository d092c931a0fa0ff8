"""Items, groups and variants of rows, by row number."""

import random

import numpy as np

from tiefvision.catalogue.row_arrays import RowArrays


def arrays_of(*rows):
    """Rows (number, item, group, variant), with room for their numbers."""
    arrays = RowArrays()
    for number, *facts in rows:
        arrays.make_room(number + 1)
        arrays.add(number, *facts)
    return arrays


def test_rows_are_told_apart_by_item_and_group():
    arrays = arrays_of((0, "a", "upper", ""), (2, "b", "lower", ""), (3, "a", "", ""))
    assert arrays.alive[:4].tolist() == [True, False, True, True]
    assert not arrays.alive[4:].any()  # room for more
    assert arrays.items[0] == arrays.items[3] != arrays.items[2]
    assert np.flatnonzero(arrays.of_groups("upper", "")).tolist() == [0, 3]
    assert not arrays.of_groups("outfit").any()
    assert not RowArrays().of_groups("").any()


def test_a_removed_row_is_of_no_group_and_no_item():
    arrays = arrays_of((0, "a", "upper", "red"), (1, "a", "upper", "blue"))
    assert arrays.variants(0) == arrays.variants(1) == 2
    arrays.remove(0)
    arrays.remove(0)
    arrays.remove(99)
    assert arrays.variants(1) == 1
    assert np.flatnonzero(arrays.of_groups("upper")).tolist() == [1]
    arrays.make_room(5)
    arrays.add(4, "a", "lower", "red")
    assert arrays.items[4] == arrays.items[1]
    assert arrays.variants(4) == 2


def test_nothing_is_kept_of_items_that_are_gone():
    """A reader may live for months while items come and go."""
    arrays, draw, items = RowArrays(), random.Random(0), {}
    for number in range(2000):
        arrays.make_room(number + 1)
        items[number] = f"item {draw.randrange(number, number + 5)}"
        arrays.add(number, items[number], "", "")
        if len(items) > 10:
            gone = draw.choice(list(items))
            arrays.remove(gone)
            del items[gone]
        for first in items:
            same = arrays.items[list(items)] == arrays.items[first]
            assert same.tolist() == [item == items[first] for item in items.values()]
    assert len(arrays._item_numbers) == len(set(items.values()))
    assert len(arrays._item_names) == len(arrays._variants) == len(set(items.values()))
