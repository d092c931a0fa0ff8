from tiefvision.evaluation.clusters import products_of
from tiefvision.records import Photo


def photo(item="", group=""):
    return Photo("a.jpg", 9, 9, "street", "test", item, group=group)


def test_items_groups_and_photographs_alone():
    photos = [photo("a"), photo(), photo("b"), photo("a"), photo(), photo("b")]
    assert products_of(photos).tolist() == [0, 1, 2, 0, 3, 2]
    grouped = [photo(group="x"), photo(group="y"), photo(group="x")]
    assert products_of(grouped).tolist() == [0, 1, 0]
    assert products_of([]).tolist() == []


def test_an_item_and_a_group_of_one_name_are_two_things():
    assert products_of([photo("a"), photo(group="a")]).tolist() == [0, 1]


def test_items_of_one_group_are_one_product():
    # The last one ties the items of the first and of the third together.
    photos = [photo("a"), photo("b"), photo("c", "g"), photo("c"), photo("a", "g")]
    assert products_of(photos).tolist() == [0, 1, 0, 0, 0]


def test_long_chains_are_one_product():
    photos = [photo(f"item{n // 2}", f"group{(n + 1) // 2}") for n in range(40)]
    assert set(products_of(photos).tolist()) == {0}
    assert set(products_of(photos[::-1]).tolist()) == {0}
