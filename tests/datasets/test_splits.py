import random
from collections import Counter

import pytest

from tiefvision.datasets.splits import (
    assign_splits,
    group_by_path,
    join_overlapping,
)


def test_groups_stay_whole_and_shares_are_met():
    groups = [f"item{number // 3}" for number in range(900)]
    splits = assign_splits(groups, seed=0)
    assert len(set(zip(groups, splits, strict=True))) == 300
    assert Counter(splits) == {"train": 630, "val": 90, "test": 180}


def test_uneven_groups_meet_the_shares_approximately():
    groups = [size for size in range(1, 40) for _ in range(size)]
    counts = Counter(assign_splits(groups, seed=0, val_share=0.2, test_share=0.3))
    assert counts["val"] / len(groups) == pytest.approx(0.2, abs=0.01)
    assert counts["test"] / len(groups) == pytest.approx(0.3, abs=0.01)


def test_the_order_does_not_matter_and_the_seed_does():
    groups = [f"item{number}" for number in range(100)]
    by_group = dict(zip(groups, assign_splits(groups, seed=1), strict=True))
    shuffled = random.Random(0).sample(groups, len(groups))
    assert assign_splits(shuffled, seed=1) == [by_group[group] for group in shuffled]
    assert assign_splits(groups, seed=2) != list(by_group.values())


@pytest.mark.parametrize("groups", ["abc", "abcd", "aaaaaaaaaaaaaaaaabc", "abcabcabc"])
def test_three_groups_are_enough_for_every_split(groups):
    assert set(assign_splits(groups, seed=3)) == {"train", "val", "test"}


def test_fewer_groups_train_first():
    assert assign_splits([], seed=0) == []
    assert assign_splits("aaa", seed=0) == ["train"] * 3
    assert set(assign_splits("aaab", seed=0)) == {"train", "test"}


def test_an_unwanted_split_stays_empty():
    assert "val" not in assign_splits(range(50), seed=0, val_share=0.0)


@pytest.mark.parametrize("shares", [(-0.1, 0.2), (0.5, 0.5)])
def test_shares_must_leave_some_for_training(shares):
    with pytest.raises(ValueError, match="shares"):
        assign_splits("abc", seed=0, val_share=shares[0], test_share=shares[1])


def test_groups_are_joined_by_way_of_a_third():
    groups = [("d", "e"), ("b", "a"), ("g",), ("c", "d"), ("e", "b")]
    assert join_overlapping(groups) == [("a", "b", "c", "d", "e"), ("g",)]
    assert join_overlapping(groups[::-1]) == join_overlapping(groups)
    assert join_overlapping([]) == []


def test_a_group_is_named_by_its_first_path():
    assert group_by_path([("a", "b"), ("c",)]) == {"a": "a", "b": "a", "c": "c"}
