import random
from collections import Counter

import pytest

from tiefvision.datasets.folds import assign_folds, deal_fold, split_of_fold
from tiefvision.errors import BadDataset, BadUsage
from tiefvision.records import Garment, Photo

COMMON = {"dress": 0.4, "skirt": 0.25, "coat": 0.15, "suit": 0.05}
"""Category to share of the photographs that show it."""


def wardrobe(count, seed=0):
    """Groups of one to four photographs, and the categories of each photograph."""
    draw = random.Random(seed)
    groups, categories = [], []
    while len(groups) < count:
        members = min(draw.choice((1, 1, 1, 1, 2, 4)), count - len(groups))
        groups += [f"shot{len(groups)}"] * members
        categories += [
            {name for name, share in COMMON.items() if draw.random() < share}
            for _ in range(members)
        ]
    return groups, categories


def counts_by_fold(numbers, categories, name, folds):
    found = Counter(
        number
        for number, names in zip(numbers, categories, strict=True)
        if name in names
    )
    return [found[number] for number in range(folds)]


@pytest.mark.parametrize("folds", [2, 3, 5])
def test_groups_stay_whole_and_folds_are_equal(folds):
    groups, categories = wardrobe(401)
    numbers = assign_folds(groups, categories, folds=folds, seed=0)
    assert len(set(zip(groups, numbers, strict=True))) == len(set(groups))
    sizes = Counter(numbers)
    assert set(sizes) == set(range(folds))
    assert max(sizes.values()) - min(sizes.values()) <= 1


@pytest.mark.parametrize("seed", range(5))
def test_each_fold_has_its_share_of_every_category(seed):
    groups, categories = wardrobe(400, seed)
    numbers = assign_folds(groups, categories, folds=5, seed=seed)
    for name in COMMON:
        counts = counts_by_fold(numbers, categories, name, 5)
        assert max(counts) - min(counts) <= 2, name


def test_a_category_of_five_photographs_is_once_in_each_fold():
    categories = [{"cape", "dress"} if row < 5 else {"dress"} for row in range(50)]
    numbers = assign_folds(range(50), categories, folds=5, seed=0)
    assert sorted(numbers[:5]) == [0, 1, 2, 3, 4]
    assert Counter(numbers) == dict.fromkeys(range(5), 10)


def test_photographs_without_a_garment_even_the_folds_out():
    categories = [{"dress"}] * 7 + [set()] * 8
    numbers = assign_folds(range(15), categories, folds=5, seed=0)
    assert Counter(numbers) == dict.fromkeys(range(5), 3)
    assert sorted(counts_by_fold(numbers, categories, "dress", 5)) == [1, 1, 1, 2, 2]


def test_the_order_of_the_photographs_does_not_matter_and_the_seed_does():
    groups, categories = wardrobe(120)
    numbers = assign_folds(groups, categories, folds=5, seed=1)
    order = random.Random(0).sample(range(120), 120)
    shuffled = assign_folds(
        [groups[row] for row in order],
        [categories[row] for row in order],
        folds=5,
        seed=1,
    )
    assert shuffled == [numbers[row] for row in order]
    assert assign_folds(groups, categories, folds=5, seed=2) != numbers


def test_a_group_larger_than_a_fold_has_one_to_itself():
    groups = ["all"] * 20 + list(range(10))
    numbers = assign_folds(groups, [{"dress"}] * 30, folds=3, seed=0)
    (crowded,) = set(numbers[:20])
    rest = Counter(numbers[20:])
    assert rest == {number: 5 for number in range(3) if number != crowded}


def test_no_photographs_need_no_fold():
    assert assign_folds([], [], folds=5, seed=0) == []


def test_the_fold_tests_half_the_next_validates_and_the_rest_trains():
    groups, categories = wardrobe(400)
    numbers = assign_folds(groups, categories, folds=5, seed=0)
    for fold in range(5):
        splits = split_of_fold(numbers, groups, categories, folds=5, fold=fold, seed=0)
        assert Counter(splits) == {"train": 280, "val": 40, "test": 80}
        assert len(set(zip(groups, splits, strict=True))) == len(set(groups))
        for number, split in zip(numbers, splits, strict=True):
            assert (split == "test") == (number == fold)
            assert split != "val" or number == (fold + 1) % 5


def photo(path, category="dress", **facts):
    garments = (Garment(category, (0.0, 0.0, 5.0, 5.0)),)
    return Photo(path, 9, 9, "street", "train", garments=garments, **facts)


def test_every_photograph_is_tested_once_and_relatives_stay_together():
    photos = [
        *(photo(f"{number}.jpg") for number in range(30)),
        photo("item-a.jpg", item_id="1"),
        photo("item-b.jpg", item_id="1"),
        photo("shot-a.jpg", group="1"),  # another name space than that of the items
        photo("shot-b.jpg", group="1"),
    ]
    tested = []
    for fold in range(4):
        dealt = deal_fold(photos, [("3.jpg", "item-a.jpg")], folds=4, fold=fold, seed=0)
        assert [item.path for item in dealt] == [item.path for item in photos]
        split = {item.path: item.split for item in dealt}
        assert set(split.values()) == {"train", "val", "test"}
        assert split["3.jpg"] == split["item-a.jpg"] == split["item-b.jpg"]
        assert split["shot-a.jpg"] == split["shot-b.jpg"]
        tested += [path for path, name in split.items() if name == "test"]
    assert sorted(tested) == sorted(item.path for item in photos)


def test_an_item_and_a_group_of_one_name_are_not_related():
    photos = [photo("a.jpg", item_id="1"), photo("b.jpg", group="1")]
    photos += [photo("c.jpg"), photo("d.jpg")]
    dealt = [deal_fold(photos, [], folds=2, fold=0, seed=seed) for seed in range(8)]
    assert any(a.split != b.split for a, b, *_ in dealt)


@pytest.mark.parametrize(("folds", "fold"), [(5, 5), (5, -1), (1, 0), (0, 3)])
def test_a_fold_that_does_not_exist_is_bad_usage(folds, fold):
    with pytest.raises(BadUsage, match=f"no fold {fold} of {folds}"):
        deal_fold([photo("a.jpg")], [], folds=folds, fold=fold, seed=0)


def test_too_few_unrelated_photographs_are_refused():
    photos = [photo(f"{number}.jpg", group=str(number // 10)) for number in range(20)]
    with pytest.raises(BadDataset, match=r"has 2 .* groups.*fewer --folds"):
        deal_fold(photos, [], folds=5, fold=0, seed=0)
