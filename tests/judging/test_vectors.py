from dataclasses import replace

import numpy as np
import pytest

from tiefvision.errors import BadDataset, BadUsage
from tiefvision.evaluation.ranked_lists import average_precision
from tiefvision.evaluation.searches import Search
from tiefvision.judging.given_vectors import register_vectors
from tiefvision.judging.results import run_search
from tiefvision.judging.vectors import (
    VectorRanker,
    lacking,
    missing_counts,
    unanswered,
    with_photos,
)
from tiefvision.ranking import own
from tiefvision.ranking.embedding_checks import BadEmbedding
from tiefvision.ranking.garments import GarmentBatch
from tiefvision.ranking.registry import ranker_kind
from tiefvision.records import Photo, View

PHOTOS = [
    Photo(f"{source}/{item}{number}.jpg", 10, 10, source, "test", item)
    for source, item, number in (
        ("street", "a", 1),
        ("street", "b", 1),
        ("street", "c", 1),
        ("shop", "a", 1),
        ("shop", "a", 2),
        ("shop", "b", 1),
        ("shop", "c", 1),
        ("shop", "c", 2),
    )
]
STREET = [photo for photo in PHOTOS if photo.source == "street"]
SHOP = [photo for photo in PHOTOS if photo.source == "shop"]
SEARCH = Search(
    "item",
    tuple(View(photo.path) for photo in STREET),
    tuple(photo.item_id for photo in STREET),
    tuple(View(photo.path) for photo in SHOP),
    tuple(photo.item_id for photo in SHOP),
)


@pytest.fixture(autouse=True)
def _nothing_loaded(monkeypatch):
    monkeypatch.setattr(own, "_LOADED", {})


def garments_of(views):
    return GarmentBatch(views=views)


@pytest.fixture
def made(tmp_path):
    """Writes a file of vectors with the names of its rows; returns NAME=FILE."""

    def write(vectors, table, name="made", file="made"):
        path = tmp_path / f"{file}.npy"
        np.save(path, np.asarray(vectors, dtype=np.float64))
        path.with_suffix(".csv").write_text(f"photo,item\n{table}")
        return f"{name}={path}"

    return write


def ranker_of(*given):
    (name,) = register_vectors(given)
    embed = ranker_kind(name).build({}, {})
    return with_photos({name: embed}, PHOTOS)[name]


TABLE = (
    "street/a1.jpg,\nimages/street/b1.jpg,\nshop/a1.jpg,\nshop/a2.jpg,\n,b\n,c\n"
    "elsewhere.jpg,\n"
)
ROWS = [[3, 4], [0, 2], [1, 0], [0, 1], [5, 5], [-1, 0], [0, 0]]
"""Nothing of street/c1.jpg; the photographs of c share a vector."""


def test_rows_belong_to_photographs_or_to_items(made):
    ranker = ranker_of(made(ROWS, TABLE))
    half = np.sqrt(0.5)
    expected = [
        *([0.6, 0.8], [0, 1], [0, 0]),
        *([1, 0], [0, 1], [half, half], [-1, 0], [-1, 0]),
    ]
    views = [View(photo.path) for photo in PHOTOS]
    found = ranker(garments_of(views))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-6)
    lacks = [False, False, True, *[False] * 5]
    assert ranker.lacks(views).tolist() == lacks  # an item's is no street photograph's
    assert lacking(ranker, views).tolist() == lacks
    assert lacking(ranker, views[:2]) is None
    assert missing_counts({"made": ranker}, SEARCH) == {
        "made": {"queries": 1, "gallery": 0}
    }


def test_the_search_is_that_of_the_vectors_against_a_loop(made):
    ranker = ranker_of(made(ROWS, TABLE))
    (result,) = run_search(SEARCH, {"made": ranker}, garments_of)
    result = result.with_misses(unanswered(ranker, SEARCH))
    # a: cosines .6 .8 .99 -.6 -.6, so item a is second. b: 0 1 .7 0 0, so it is second.
    assert result.ranks.tolist() == [2, 2, 0]
    assert result.closest[0].tolist() == [2, 1, 0, 3, 4]


def test_a_missing_photograph_of_the_gallery_cannot_be_found(made):
    table = TABLE.replace(",b\n", "nowhere,b\n").replace("shop/a1.jpg", "gone.jpg")
    ranker = ranker_of(made(ROWS, table))
    assert missing_counts({"made": ranker}, SEARCH) == {
        "made": {"queries": 1, "gallery": 2}
    }
    # All of b has none; of a the second photograph is still there.
    assert unanswered(ranker, SEARCH).tolist() == [False, True, True]
    (result,) = run_search(SEARCH, {"made": ranker}, garments_of)
    assert result.closest[0].tolist() == [1, 3, 4, -1, -1]
    assert result.farthest[0].tolist() == [4, 3, 1, -1, -1]
    assert result.ranks[0] == 1
    # shop/a1 counts as relevant and comes last, behind the others without a vector.
    hits = np.array([[True, False, False, False, True]])
    assert result.lists["average_precision"][0] == pytest.approx(
        average_precision(hits)[0]
    )


def test_several_files_of_one_name_are_one_ranker(made):
    first = made(ROWS[:2], "street/a1.jpg,\nstreet/b1.jpg,\n", file="queries")
    second = made(ROWS[2:4], ",a\n,b\n", file="gallery")
    ranker = ranker_of(first, second)
    assert len(ranker.rows) == 2 + 3
    shorter = made([[1.0]], ",c\n", file="third", name="other")
    with pytest.raises(
        BadDataset, match=r"two lengths: 2 in .*queries.*, 1 in|and 1 in"
    ):
        register_vectors([first.replace("made=", "other="), shorter])


def test_duplicates_are_named(made):
    twice = "shop/a1.jpg,\nimages/shop/a1.jpg,\n"
    with pytest.raises(BadDataset, match=r"made has two vectors of shop/a1\.jpg\."):
        ranker_of(made(ROWS[:2], twice))


def test_an_item_twice_is_named(made):
    with pytest.raises(BadDataset, match=r"made has two vectors of b\."):
        ranker_of(made(ROWS[:2], ",b\n,b\n"))


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ([np.nan, 1], r"made gave NaN for shop/a1\.jpg"),
        ([0, 0], r"made gave a vector of zeros for shop/a1\.jpg"),
        ([np.inf, 0], r"made gave an infinite number for shop/a1\.jpg"),
    ],
)
def test_a_row_that_is_no_direction_names_the_photograph(made, row, said):
    with pytest.raises(BadEmbedding, match=said):
        ranker_of(made([[1, 0], row], "street/a1.jpg,\nshop/a1.jpg,\n"))


def test_rows_that_nobody_needs_may_be_anything(made):
    assert ranker_of(made([[1, 0], [np.nan, 0]], "street/a1.jpg,\nx.jpg,\n"))


def test_names_of_another_dataset_are_told(made):
    with pytest.raises(BadDataset, match=r"names 'x\.jpg', and no photograph or item"):
        ranker_of(made([[1, 0]], "x.jpg,\n"))


def test_altered_views_have_no_vectors(made):
    ranker = ranker_of(made(ROWS, TABLE))
    view = View("street/a1.jpg")
    for other in (replace(view, mirrored=True), replace(view, alteration=1)):
        with pytest.raises(BadUsage, match="searched with altered views"):
            ranker(garments_of([view, other]))


@pytest.mark.parametrize("text", ["x", "=x.npy", "x=", "a/b=x.npy", "a b=x.npy"])
def test_another_form_is_refused(text):
    with pytest.raises(BadUsage, match="is not NAME=FILE"):
        register_vectors([text])


@pytest.mark.parametrize("name", ["cosine", "deeprank-mine", "photos", "catalogue"])
def test_names_of_other_things_are_refused(made, name):
    with pytest.raises(BadUsage, match=f"{name}: {name} is the name of a ranker or"):
        register_vectors([made(ROWS, TABLE, name=name)])


def test_the_digest_is_of_vectors_and_names(made):
    digests = set()
    for rows, table in (
        (ROWS, TABLE),
        (ROWS[::-1], TABLE),
        (ROWS, TABLE.replace(",c", ",d")),
    ):
        register_vectors([made(rows, table)])
        digests.add(ranker_kind("made").digest)
    assert len(digests) == 3


def test_without_a_dataset_it_knows_no_photograph(made):
    register_vectors([made(ROWS, TABLE)])
    ranker = ranker_kind("made").build({}, {})
    assert isinstance(ranker, VectorRanker)
    assert ranker.lacks([View("street/a1.jpg")]).all()
