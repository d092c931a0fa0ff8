import pytest

from tests.triplets.sources.made import draw, photo, shop
from tiefvision.errors import BadDataset
from tiefvision.records import View

PHOTOS = shop({"skirt": 5, "coat": 3}, street=2)
OF = {one.path: one for one in PHOTOS}


def test_every_pair_of_an_item_gets_negatives_of_its_category():
    paths, _ = draw("vertical", PHOTOS)
    # A street photograph of a skirt has 4 other skirts, one of a coat 2 other coats.
    assert len(paths) == 10 * 4 + 6 * 2 == len(set(paths))
    for query, positive, negative in paths:
        assert (OF[query].source, OF[positive].source) == ("street", "shop")
        assert OF[query].item_id == OF[positive].item_id != OF[negative].item_id
        assert OF[negative].source == "shop"
        assert OF[negative].garments == OF[positive].garments


def test_the_number_of_negatives_bounds_those_of_a_pair():
    paths, _ = draw("vertical", PHOTOS, negatives=3)
    assert len(paths) == 10 * 3 + 6 * 2
    paths, _ = draw("vertical", PHOTOS, count=40)
    assert len(paths) == 40
    queries = [query for query, _, _ in paths]
    assert {queries.count(query) for query in queries} == {2, 3}  # 16 pairs, in turn


def test_the_category_of_an_item_is_that_of_its_shop_photographs():
    outfit = photo("street/x.jpg", "outfit", "skirt00", "street")
    paths, _ = draw("vertical", [*PHOTOS, outfit])
    negatives = {n for query, _, n in paths if query == outfit.path}
    assert negatives == {f"shop/skirt0{number}.jpg" for number in range(1, 5)}


def test_without_street_photographs_two_photographs_of_an_item_are_a_pair():
    views = [
        photo(f"{item}-{view}.jpg", "skirt", item) for item in "ab" for view in (1, 2)
    ]
    paths, _ = draw("vertical", views)
    assert len(paths) == 4 * 2
    assert all(q[0] == p[0] != n[0] and q != p for q, p, n in paths)


def test_without_items_a_photograph_is_its_own_positive_mirrored():
    alone = [photo(f"{number}.jpg") for number in range(3)]
    _, triplets = draw("vertical", alone)
    assert len(triplets) == 3 * 2
    for one in triplets:
        assert one.positive == View(one.anchor.path, mirrored=True)
        assert one.negative.path != one.anchor.path


def test_no_negative_at_all_is_refused():
    with pytest.raises(BadDataset, match="No category holds photographs of two items"):
        draw("vertical", shop({"skirt": 1, "coat": 1}))
