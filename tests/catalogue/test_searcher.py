import threading
import time
from functools import partial

import numpy as np
import pytest

from tiefvision.catalogue.gallery import GalleryRow
from tiefvision.catalogue.reduction import Reduction, reduce_rows
from tiefvision.catalogue.searcher import Searcher
from tiefvision.catalogue.stored_gallery import StoredGallery
from tiefvision.catalogue.stored_rows import StoredRows
from tiefvision.index.hnsw import build_index
from tiefvision.ranking.garments import GarmentBatch
from tiefvision.ranking.matching import MatchCalibration
from tiefvision.ranking.similarity import unit_rows
from tiefvision.records import Crop, View

GARMENT = GarmentBatch(np.zeros((1, 1, 1, 1), np.float32))


def fan(rows):
    """Unit vectors that turn away from the first, a degree a row."""
    angles = np.deg2rad(np.arange(rows, dtype=np.float64))
    return np.stack([np.cos(angles), np.sin(angles)], 1).astype(np.float32)


def rows_of(items):
    return [
        GalleryRow(f"{row}.jpg", item, Crop(None)) for row, item in enumerate(items)
    ]


def over(rows, matching=None, prefix="", densities=None, vectors=None):
    """A searcher over rows, by default spread like a fan, for what is like the first.

    Every garment has the embedding (1, 0, ...).
    """
    vectors = fan(len(rows)) if vectors is None else vectors
    first = np.eye(1, vectors.shape[1], dtype=np.float32)
    gallery = StoredGallery(
        StoredRows(rows, prefix),
        build_index(vectors),
        lambda garments: garments.maps,
        lambda views: GarmentBatch(vectors[[int(view.path[:-4]) for view in views]]),
        kept_densities=densities,
    )
    return Searcher(lambda garments: first, gallery, matching)


def searcher(items, prefix=""):
    return over(rows_of(items), prefix=prefix)


def test_the_closest_photograph_of_each_item_is_listed():
    hits = searcher(["a", "a", "b", "a", "c"]).nearest(GARMENT, 3)
    assert [(hit.rank, hit.item, hit.photo) for hit in hits] == [
        (1, "a", "0.jpg"),
        (2, "b", "2.jpg"),
        (3, "c", "4.jpg"),
    ]
    expected = np.cos(np.deg2rad([0, 2, 4]))
    np.testing.assert_allclose([hit.similarity for hit in hits], expected, atol=1e-6)


def test_an_item_with_many_photographs_hides_no_other():
    hits = searcher(["a"] * 50 + ["b"] * 50 + ["c"]).nearest(GARMENT, 3)
    assert [hit.item for hit in hits] == ["a", "b", "c"]


@pytest.mark.parametrize(("k", "found"), [(1, 1), (2, 2), (3, 3), (1000, 3)])
def test_no_more_than_k_and_no_more_than_there_are(k, found):
    assert len(searcher(["a", "b", "c", "a"]).nearest(GARMENT, k)) == found


def test_paths_begin_in_the_folder_of_the_catalogue():
    (hit,) = searcher(["a"], "images/").nearest(GARMENT, 1)
    assert hit.photo == "images/0.jpg"


def test_a_shortlist_by_components_is_ordered_by_whole_embeddings():
    """The index confuses rows; whole embeddings, read again, put them right."""
    whole = fan(200)
    views = [View(f"{row}.jpg") for row in range(200)]

    def garments_of(asked):
        rows = [int(view.path.removesuffix(".jpg")) for view in asked]
        return GarmentBatch(whole[rows][:, :, None, None])

    def embed(garments):
        return garments.maps.reshape(len(garments.maps), 2)

    reduction, reduced = reduce_rows(views, garments_of, embed)
    assert reduced.shape == (200, 2)
    # Components alone put every row of one half at the same place.
    blurred = np.sign(reduced).astype(np.float32)
    blurred /= np.linalg.norm(blurred, axis=1, keepdims=True)
    rows, index = rows_of([*map(str, range(200))]), build_index(blurred)
    gallery = StoredGallery(StoredRows(rows), index, embed, garments_of, reduction)
    ready = Searcher(embed, gallery)
    query = GarmentBatch(whole[[7]][:, :, None, None])
    hits = ready.nearest(query, 3)
    assert hits[0].item == "7" and hits[0].similarity == pytest.approx(1.0, abs=1e-6)
    similarities = [hit.similarity for hit in hits]
    assert similarities == sorted(similarities, reverse=True)


def test_a_reduction_comes_back_as_it_was_kept():
    views = [View(f"{row}.jpg") for row in range(20)]
    maps = unit_rows(np.random.default_rng(0).standard_normal((20, 6), np.float32))

    def garments_of(asked):
        return GarmentBatch(maps[[int(view.path[:-4]) for view in asked]])

    reduction, reduced = reduce_rows(views, garments_of, lambda it: it.maps)
    again = Reduction.from_tensors(reduction.to_tensors())
    np.testing.assert_array_equal(again.apply(maps), reduced)
    # Six numbers in six components: cosines of centred embeddings stay.
    centred = maps - again.whitening.mean
    centred /= np.linalg.norm(centred, axis=1, keepdims=True)
    np.testing.assert_allclose(reduced @ reduced.T, centred @ centred.T, atol=5e-3)


def test_a_hit_tells_its_row_and_the_box_that_was_compared():
    box = (3.0, 4.0, 50.5, 60.0)
    rows = [
        GalleryRow("0.jpg", "coat", Crop(None)),
        GalleryRow("1.jpg", "coat", Crop(box)),
        GalleryRow("2.jpg", "hat", Crop(box, "upper")),
    ]
    hits = over(rows).nearest(GARMENT, 5)
    assert [(hit.row, hit.box_in_image) for hit in hits] == [(0, None), (2, box)]


def spokes(similarities):
    """Unit vectors of these cosines to the first axis, and less to each other."""
    values = np.asarray(similarities, np.float32)
    across = np.diag(np.sqrt(1 - values**2))
    return np.concatenate([values[:, None], across], axis=1)


def grouped(groups, **calibrated):
    """A searcher over one row for each group, each of an item of its own."""
    rows = [
        GalleryRow(f"{n}.jpg", f"item{n}", Crop(None, group))
        for n, group in enumerate(groups)
    ]
    return over(rows, **calibrated)


def test_a_garment_finds_its_own_group_and_what_has_none():
    ready = grouped(["upper", "lower", "outfit", "", "lower", "outer"])
    found = [hit.item for hit in ready.nearest(GARMENT, 9, "lower")]
    assert found == ["item1", "item2", "item3", "item4"]
    assert len(ready.nearest(GARMENT, 9)) == 6
    assert ready.holds("outer") and not ready.holds("full")


def test_a_rare_group_is_found_behind_many_others():
    ready = grouped(["upper"] * 80 + ["lower"])
    (hit,) = ready.nearest(GARMENT, 1, "lower")
    assert (hit.rank, hit.item, hit.category) == (1, "item80", "lower")


def test_colours_of_one_product_are_one_line():
    rows = [
        GalleryRow("red.jpg", "coat", Crop(None), "red"),
        GalleryRow("blue.jpg", "coat", Crop(None), "blue"),
        GalleryRow("back.jpg", "coat", Crop(None), "red"),
        GalleryRow("hat.jpg", "hat", Crop(None)),
    ]
    ready = over(rows)
    hits = ready.nearest(GARMENT, 5)
    assert [(hit.photo, hit.more_variants) for hit in hits] == [
        ("red.jpg", 1),
        ("hat.jpg", 0),
    ]


def test_the_probability_of_a_match_does_not_depend_on_k():
    matching = MatchCalibration(1.0, 10.0, 3.0, -2.0)
    densities = np.linspace(0.2, 0.9, 30).astype(np.float32)
    similarities = np.linspace(0.95, 0.1, 30)
    calibrated = {"matching": matching, "densities": densities}
    ready = grouped(["upper"] * 30, vectors=spokes(similarities), **calibrated)
    alone, among = ready.nearest(GARMENT, 1)[0], ready.nearest(GARMENT, 10)[0]
    assert alone.match == pytest.approx(among.match)
    expected = matching.apply(similarities, densities)
    assert alone.match == pytest.approx(expected[0], abs=1e-4)
    assert grouped(["upper"]).nearest(GARMENT, 1)[0].match is None


CALIBRATION = MatchCalibration(1.0, 10.0, 0.0, -2.0)
SIMILARITIES = (0.95, 0.94, *np.linspace(0.6, 0.1, 28))


def matches_of(items, vectors, test=None):
    """The probability of a match of each item that is listed."""
    ready = over(rows_of(items), CALIBRATION, densities=np.zeros(30), vectors=vectors)
    hits = ready.nearest(GARMENT, 30, "", test)
    return {hit.item: hit.match for hit in hits}


def test_a_condition_changes_no_probability_of_a_match():
    items, vectors = [*map(str, range(30))], spokes(SIMILARITIES)
    every = matches_of(items, vectors)
    for names in ({"0"}, {"0", "1"}, {"1", "29"}):
        in_names = partial(lambda names, row: row["item"] in names, names)
        found = matches_of(items, vectors, in_names)
        assert set(found) == names
        assert found == pytest.approx({name: every[name] for name in names})


def test_a_product_that_is_listed_twice_takes_nothing_from_its_own_probability():
    vectors = spokes(SIMILARITIES)
    once = matches_of([*map(str, range(30))], vectors)["0"]
    vectors[1] = vectors[0]
    twice = matches_of([*map(str, range(30))], vectors)
    # The second of two different items lessened the lead of the first.
    assert twice["0"] == twice["1"] > once


def test_of_what_nothing_else_is_compared_with_nobody_knows_whether_it_matches():
    vectors = spokes(SIMILARITIES)[:2]
    assert matches_of(["coat"] * 2, vectors) == {"coat": None}
    vectors[1] = vectors[0]
    assert matches_of(["coat", "again"], vectors) == {"coat": None, "again": None}


def test_threads_take_turns():
    """A refresh by one would change what the other is reading."""
    ready, inside, together = over(rows_of(["a", "b"])), [], []
    find = ready.gallery.find

    class Slow:
        def __getattr__(self, name):
            return getattr(ready.gallery, name)

        def find(self, *arguments):
            inside.append(1)
            time.sleep(0.005)
            together.append(len(inside))
            inside.pop()
            return find(*arguments)

    shared = Searcher(ready.embed, Slow())
    threads = [
        threading.Thread(target=shared.nearest, args=(GARMENT, 2)) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(together) == {1} and len(together) >= 4


class Vanishing:
    """A gallery whose first rows were removed since the search."""

    def __init__(self, gallery, gone):
        self._gallery, self._gone, self.asked = gallery, gone, []

    def __getattr__(self, name):
        return getattr(self._gallery, name)

    def row(self, number):
        return None if number < self._gone else self._gallery.row(number)

    def densities(self, numbers):
        self.asked.extend(numbers.tolist())
        return self._gallery.densities(numbers)


@pytest.mark.parametrize("k", [1, 12])
def test_rows_that_go_meanwhile_make_room_for_the_next(k):
    """Nor are densities asked for of rows that decide nothing."""
    matching = MatchCalibration(1.0, 10.0, 3.0, -2.0)
    densities = np.linspace(0.2, 0.9, 60).astype(np.float32)
    similarities = np.linspace(0.95, 0.1, 60)
    rows = rows_of([*map(str, range(60))])
    whole = over(rows, matching, densities=densities, vectors=spokes(similarities))
    gallery = Vanishing(whole.gallery, gone=3)
    hits = Searcher(whole.embed, gallery, matching).nearest(GARMENT, k)
    assert [hit.item for hit in hits] == [*map(str, range(3, 3 + k))]
    assert [hit.rank for hit in hits] == [*range(1, k + 1)]
    assert gallery.asked == [*range(3, 3 + k)]
    expected = matching.apply(similarities[3:], densities[3:])
    np.testing.assert_allclose([hit.match for hit in hits], expected[:k], atol=1e-4)
