from collections import Counter

import pytest

from tests.triplets.sources.made import draw, photo, shop
from tiefvision.errors import BadDataset, BadUsage
from tiefvision.records import View

PHOTOS = shop({"skirt": 2, "coat": 3}, street=0)
CLASS = {one.path: one.garments[0].category for one in PHOTOS}


def test_positives_are_of_the_class_and_negatives_of_another_one():
    paths, triplets = draw("uniform", PHOTOS, positives=3, negatives=2)
    assert len(paths) == len(PHOTOS) * 3 * 2
    for query, positive, negative in paths:
        assert query != positive and CLASS[query] == CLASS[positive]
        assert CLASS[negative] != CLASS[query]
    assert not any(view.mirrored for one in triplets for view in one.views())


def test_every_positive_and_negative_is_drawn_equally_often():
    paths, _ = draw("uniform", PHOTOS, count=6000)
    of_coat = [one for one in paths if one[0] == "shop/coat01.jpg"]
    assert len(of_coat) == 6000 / 5
    positives = Counter(positive for _, positive, _ in of_coat)
    negatives = Counter(negative for _, _, negative in of_coat)
    # 1200 draws of two: a standard deviation of 17.
    assert positives.keys() == {"shop/coat00.jpg", "shop/coat02.jpg"}
    assert negatives.keys() == {"shop/skirt00.jpg", "shop/skirt01.jpg"}
    for count in (*positives.values(), *negatives.values()):
        assert abs(count - 600) < 80


def test_a_photograph_alone_in_its_class_is_its_own_positive_mirrored():
    photos = [*PHOTOS, photo("shop/hat.jpg", "hat", "hat")]
    _, triplets = draw("uniform", photos)
    (one,) = [it for it in triplets if it.anchor.path == "shop/hat.jpg"]
    assert one.positive == View("shop/hat.jpg", mirrored=True)
    assert one.negative.path != "shop/hat.jpg"


def test_the_class_may_be_the_folder_or_the_item():
    photos = [photo(f"train/{name}/{i}.jpg") for name in "ab" for i in range(3)]
    paths, _ = draw("uniform", photos, by="folder")
    assert len(paths) == 6
    for query, positive, negative in paths:
        assert query[:7] == positive[:7] != negative[:7]
    with_items = shop({"skirt": 2}, street=1)
    paths, _ = draw("uniform", with_items, by="item")
    assert {(q[-6:], p[-6:]) for q, p, _ in paths} == {
        ("00.jpg", "-0.jpg"),
        ("-0.jpg", "00.jpg"),
        ("01.jpg", "-0.jpg"),
        ("-0.jpg", "01.jpg"),
    }


def test_photographs_of_no_known_class_are_left_out():
    paths, _ = draw("uniform", [*PHOTOS, photo("shop/unknown.jpg")], negatives=9)
    assert "shop/unknown.jpg" not in {path for one in paths for path in one}


def test_one_class_is_refused_with_another_way():
    with pytest.raises(
        BadDataset, match=r"2 photographs have a category.*by=folder or by=item"
    ):
        draw("uniform", shop({"skirt": 2}, street=0))
    with pytest.raises(BadUsage, match="by colour is unknown"):
        draw("uniform", PHOTOS, by="colour")
