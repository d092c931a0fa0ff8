"""What holds for every sampling, and the settings of all."""

import numpy as np
import pytest

from tests.triplets.sources.made import draw, noise, shop
from tiefvision.errors import BadUsage
from tiefvision.triplets.sources import SAMPLINGS, sampling_named
from tiefvision.triplets.sources.sampling import (
    ScorerSettings,
    combine_scorers,
    describe_settings,
    repeat_rows,
    scorer_weights,
)

PHOTOS = shop({"skirt": 6, "coat": 4, "dress": 1}, street=2)
ITEM = {one.path: one.item_id for one in PHOTOS}
TABLES = {"cosine": noise(PHOTOS), "lab": noise(PHOTOS, 1)}

every_sampling = pytest.mark.parametrize("name", SAMPLINGS)


@every_sampling
def test_the_same_seed_draws_the_same_triplets_and_another_one_others(name):
    first = draw(name, PHOTOS, TABLES, seed=3, count=50)[0]
    assert first == draw(name, PHOTOS, TABLES, seed=3, count=50)[0]
    assert first != draw(name, PHOTOS, TABLES, seed=4, count=50)[0]
    assert len(first) == 50


@every_sampling
def test_no_negative_shows_the_item_of_the_query_or_of_the_positive(name):
    paths, triplets = draw(name, PHOTOS, TABLES, count=300)
    for (query, positive, negative), one in zip(paths, triplets, strict=True):
        assert ITEM[negative] not in (ITEM[query], ITEM[positive])
        # A positive that is the query is its mirror image, as in a triplets.csv.
        assert one.positive.mirrored == (query == positive)
        assert not one.anchor.mirrored and not one.negative.mirrored


@every_sampling
def test_a_sampling_says_what_it_is(name):
    sampling = SAMPLINGS[name]
    assert sampling.name == name and sampling.source
    assert sampling.summary and not sampling.summary.endswith(".")
    for item in describe_settings(sampling.settings).values():
        assert item.text
        if item.kind is not str:
            assert item.parse(str(item.default)) == item.default


def test_an_unknown_sampling_is_refused_with_those_there_are():
    with pytest.raises(BadUsage) as caught:
        sampling_named("hard")
    assert caught.value.fix == f"Use {', '.join(SAMPLINGS)}."


def test_settings_are_read_from_text():
    settings = SAMPLINGS["uniform"].with_settings({"by": "item", "negatives": "4"})
    assert (settings.by, settings.negatives, settings.positives) == ("item", 4, 1)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"margin": "1"}, "uniform has no setting margin. Use count, by, positives"),
        ({"negatives": "0"}, "negatives=0 is no whole number of 1 or more"),
        ({"negatives": "1.5"}, "negatives=1.5 is no whole number"),
        ({"count": "-1"}, "count=-1 is no whole number of 0 or more"),
    ],
)
def test_wrong_settings_are_named(given, said):
    with pytest.raises(BadUsage, match=said):
        SAMPLINGS["uniform"].with_settings(given)


def test_scorers_are_combined_by_their_weights():
    tables = {
        name: np.full((2, 2), value, np.float32)
        for name, value in {"a": 1, "b": 3}.items()
    }
    assert combine_scorers(tables, ScorerSettings()).tolist() == [[2, 2], [2, 2]]
    weighted = combine_scorers(tables, ScorerSettings(weights="3,1"))
    assert weighted.tolist() == [[1.5, 1.5], [1.5, 1.5]]
    for text in ("1", "1,x", "1,-1", "0,0", "1,nan"):
        with pytest.raises(BadUsage, match="no weights of a, b"):
            scorer_weights(tables, ScorerSettings(weights=text))
    with pytest.raises(BadUsage, match="needs a scorer"):
        scorer_weights({}, ScorerSettings())


def test_rows_come_in_turn_and_none_again_before_all_did():
    generator = np.random.default_rng(0)
    assert repeat_rows(2, 3, 0, generator).tolist() == [0, 0, 0, 1, 1, 1]
    drawn = repeat_rows(3, 3, 7, generator)
    assert len(drawn) == 7
    assert sorted(drawn[:3]) == sorted(drawn[3:6]) == [0, 1, 2]
