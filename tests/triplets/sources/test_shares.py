from collections import Counter

import numpy as np
import pytest

from tests.triplets.sources.made import draw, noise, photo, shop
from tiefvision.errors import BadDataset, BadUsage
from tiefvision.triplets.sources import SAMPLINGS
from tiefvision.triplets.sources.shares import (
    Ranks,
    SharesSettings,
    scale_ranks,
    shares_notes,
)

PHOTOS = shop({"skirt": 30, "coat": 20}, street=1)
OF = {one.path: one for one in PHOTOS}
ROW = {one.path: number for number, one in enumerate(PHOTOS)}
TABLES = {"one": noise(PHOTOS), "other": noise(PHOTOS, 1)}


def rank_of(query, path, table):
    """Rank from 1 of a shop photograph among those of the query's class."""
    row = table[ROW[query]]
    others = [
        row[ROW[other.path]]
        for other in PHOTOS
        if other.source == "shop"
        and other.garments == OF[query].garments
        and other.path != query
    ]
    return sum(one > row[ROW[path]] for one in others) + 1


def test_candidates_come_from_the_ranks_of_the_scorer():
    settings = {"nearest": 3, "after": 10, "until": 15, "in_class": 1}
    paths, triplets = draw("shares", PHOTOS, TABLES, count=200, **settings)
    found = Counter()
    for (query, positive, negative), one in zip(paths, triplets, strict=True):
        table = TABLES[one.source]
        assert OF[query].source == "shop"
        assert rank_of(query, positive, table) <= 3
        assert 11 <= rank_of(query, negative, table) <= 15
        found[one.source] += 1
    assert found.total() == 200 and min(found.values()) > 70


def test_shares_of_in_class_negatives_and_of_wild_triplets():
    shares = {"in_class": 0.3, "wild": 0.2, "count": 2000}
    paths, triplets = draw("shares", PHOTOS, TABLES, **shares)
    wild = [one for one in triplets if one.source == "wild"]
    assert len(wild) == 400
    for one in wild:
        query, positive = OF[one.anchor.path], OF[one.positive.path]
        assert (query.source, positive.source) == ("street", "shop")
        assert query.item_id == positive.item_id
    in_class = sum(OF[q].garments == OF[n].garments for q, _, n in paths)
    # A standard deviation of 20.
    assert abs(in_class - 600) < 90


def test_a_scorer_without_weight_proposes_nothing():
    _, triplets = draw("shares", PHOTOS, TABLES, weights="0,2", count=50)
    assert {one.source for one in triplets} == {"other"}


def test_out_of_class_negatives_are_uniform():
    photos = shop({"skirt": 3, "coat": 4}, street=0)
    tables = {"one": noise(photos)}
    paths, _ = draw("shares", photos, tables, in_class=0, count=7000)
    found = Counter(negative for query, _, negative in paths if "skirt" in query)
    assert len(found) == 4
    # 3000 draws of four: a standard deviation of 24.
    assert all(abs(count - 750) < 120 for count in found.values())


@pytest.mark.parametrize(
    ("others", "ranks"),
    [
        (5000, Ranks(200, 500, 1000)),
        (1000, Ranks(200, 500, 1000)),
        (100, Ranks(20, 50, 100)),
        (3, Ranks(1, 2, 3)),
        (1, Ranks(1, 1, 1)),  # no in-class negative beside the positive
        (0, Ranks(1, 1, 0)),
    ],
)
def test_ranks_are_scaled_to_the_class(others, ranks):
    assert scale_ranks(SharesSettings(), others) == ranks


def test_a_small_catalogue_is_told():
    (note,) = shares_notes(PHOTOS, SharesSettings())
    assert note.startswith("2 of 2 classes have fewer than 1001 photographs")
    assert "with 30, positives are among the nearest 6" in note
    assert not shares_notes(PHOTOS, SharesSettings(nearest=1, after=2, until=19))
    no_street = shop({"skirt": 30}, street=0)
    settings = SAMPLINGS["engineered"].with_settings({})
    assert "there are no wild triplets" in shares_notes(no_street, settings)[1]


def test_what_does_not_exist_is_replaced_by_the_other_kind():
    one_class = shop({"skirt": 4}, street=0)
    paths, _ = draw("shares", one_class, {"one": noise(one_class)}, in_class=0)
    assert len(paths) == 4
    lone = [*one_class, photo("shop/hat.jpg", "hat", "hat")]
    _, triplets = draw("shares", lone, {"one": noise(lone)}, in_class=1)
    (hat,) = [one for one in triplets if one.anchor.path == "shop/hat.jpg"]
    assert hat.positive.mirrored and "skirt" in hat.negative.path


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(BadUsage, match="not in ascending order"):
        draw("shares", PHOTOS, TABLES, nearest=600)
    one = shop({"skirt": 1}, street=1)
    with pytest.raises(BadDataset, match="No query has a negative"):
        draw("shares", one, {"one": np.ones((2, 2), np.float32)})
