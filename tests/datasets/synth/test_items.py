from collections import Counter

import numpy as np
import pytest

from tiefvision.datasets.synth.cuts import CATEGORIES
from tiefvision.datasets.synth.items import (
    FAMILY_SIZE,
    deal_families,
    draw_item,
    siblings,
)


def goods(count, seed=0):
    return [draw_item(seed, number) for number in range(count)]


def test_members_of_a_family_differ_in_one_thing_only():
    for first in range(0, 40, FAMILY_SIZE):
        base, pattern, colours, cut = (draw_item(0, first + n) for n in range(4))
        assert pattern.cut == colours.cut == base.cut != cut.cut
        assert pattern.material.palette == base.material.palette
        assert pattern.material.pattern != base.material.pattern
        assert colours.material.palette != base.material.palette
        assert colours.material.pattern == base.material.pattern
        assert colours.material.period == base.material.period
        assert cut.material == base.material


def test_no_two_items_are_the_same():
    described = {(item.cut, item.material) for item in goods(120)}
    assert len(described) == 120


def test_several_items_share_each_colour():
    bases = np.array([item.material.palette.base for item in goods(120)])
    distance = np.abs(bases[:, None] - bases[None]).max(axis=2)
    alike = (distance < 0.08).sum(axis=1) - 1
    assert np.median(alike) >= 5


def test_all_categories_occur():
    assert {item.cut.category for item in goods(20)} == set(CATEGORIES)


def test_names_are_unique_and_say_the_category():
    names = [item.item_id for item in goods(40)]
    assert len(set(names)) == 40
    assert names[0] == f"{draw_item(0, 0).cut.category}-0000"


def test_another_seed_gives_other_items():
    assert all(draw_item(0, n).material != draw_item(1, n).material for n in range(8))


def test_siblings_stop_at_the_last_item():
    assert siblings(draw_item(0, 5), 100) == (4, 6, 7)
    assert siblings(draw_item(0, 4), 6) == (5,)
    assert siblings(draw_item(0, 4), 5) == ()


def test_families_are_dealt_in_their_shares():
    items = goods(120)
    split_of = deal_families(items, val_share=0.1, test_share=0.3)
    counts = Counter(split_of[item.family] for item in items)
    assert counts == {"train": 72, "val": 12, "test": 36}
    for split in ("train", "test"):
        there = {i.cut.category for i in items if split_of[i.family] == split}
        assert there == set(CATEGORIES)


def test_three_families_are_enough_for_three_splits():
    split_of = deal_families(goods(12), val_share=0.1, test_share=0.3)
    assert set(split_of.values()) == {"train", "val", "test"}


def test_a_split_without_a_share_stays_empty():
    split_of = deal_families(goods(80), val_share=0.0, test_share=0.5)
    assert Counter(split_of.values()) == {"train": 10, "test": 10}


def test_shares_must_leave_some_for_training():
    with pytest.raises(ValueError, match="leave none"):
        deal_families(goods(4), val_share=0.5, test_share=0.5)
