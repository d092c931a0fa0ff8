"""Embeddings of rankers: trained again, new, dropped, and reduced as rows grow."""

from dataclasses import replace

import numpy as np
import pytest

from tests.catalogue.living.made import KEY, new_photo
from tiefvision.catalogue import gallery
from tiefvision.catalogue.living import spaces
from tiefvision.catalogue.living.collection import Collection, make_current
from tiefvision.catalogue.living.collection import put_collection as put
from tiefvision.catalogue.living.gallery import LiveGallery
from tiefvision.catalogue.living.ledger import change_rows, description_name
from tiefvision.catalogue.living.spaces import SpaceWriter, with_dimensions
from tiefvision.catalogue.living.tidying import delete_collection, tidy
from tiefvision.catalogue.living.vectors import vectors_of
from tiefvision.progress import untracked
from tiefvision.ranking.garments import GarmentBatch
from tiefvision.ranking.matching import TWIN
from tiefvision.workspace.garments import garment_tensors

SHAPE = (6, 2, 2)


def flat(garments):
    """A ranker of 24 numbers: the map itself."""
    rows = garments.maps.reshape(len(garments.maps), -1)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def turned(garments):
    """Another training of it."""
    return np.ascontiguousarray(flat(garments)[:, ::-1])


def coloured(garments):
    """A ranker of colours."""
    return garments.colours / np.linalg.norm(garments.colours, axis=1, keepdims=True)


def garment(content, colours=False):
    random = np.random.default_rng(int.from_bytes(content.encode()[-7:], "little"))
    maps = random.standard_normal((1, *SHAPE)).astype(np.float32)
    maps /= np.linalg.norm(maps, axis=1, keepdims=True)
    bins = random.random((1, 5)).astype(np.float32) if colours else np.empty((1, 0))
    return GarmentBatch(maps, bins.astype(np.float32))


class Shop:
    """A catalogue whose rankers are made up, and its photographs by their contents."""

    def __init__(self, table, rankers, digests=None, closeups=0):
        self.table, self.files, self.closeups = table, {}, closeups
        rules = {"closeups": closeups}
        self.collection = Collection(KEY, "/shop", {}, {}, rules)
        with table.write() as changes:
            put(changes, self.collection)
            make_current(changes, self.collection)
        self.use(rankers, digests)

    def use(self, rankers, digests=None):
        self.rankers = rankers
        self.writer = SpaceWriter(self.table, rankers, digests or {}, untracked)
        self.collection = self.writer.settle(self.collection)

    def describe(self, *contents, colours=False):
        for content in contents:
            name = description_name(KEY, content)
            views = {"crop": garment(content, colours)} | {
                f"closeup{number}": garment(f"{number}{content}", colours)
                for number in range(1, self.closeups + 1)
            }
            with self.table.write() as changes:
                for key, arrays in garment_tensors(name, views).items():
                    changes.put_tensors(key, arrays)
                changes.put_record(f"crop/{name}", {})

    def add(self, *contents, colours=False):
        self.describe(*contents, colours=colours)
        names = [description_name(KEY, content) for content in contents]
        vectors = self.writer.embed(self.collection, names)
        photos = [new_photo(f"/shop/{content}", content) for content in contents]
        for photo, found in zip(photos, vectors, strict=True):
            object.__setattr__(photo, "vectors", found)
        self.collection = with_dimensions(self.collection, vectors[0])
        with self.table.write() as changes:
            self.collection = change_rows(changes, self.collection, photos)
        self.collection = self.writer.grow(self.collection)
        self.files |= {f"/shop/{content}": content for content in contents}

    def vectors(self, number):
        """The embeddings of a row by space, (1, D) each."""
        spaces = self.collection.spaces.values()
        return {
            space.name: vectors_of(
                self.table, KEY, space.name, np.array([number]), space.dimension
            )
            for space in spaces
        }

    def check(self, ranker, colours=False, digest=""):
        """Searches give the exact order by whole embeddings."""
        embed = self.rankers[ranker]
        live = LiveGallery(self.table, ranker, embed, KEY, digest)
        files, contents = list(self.files), list(self.files.values())
        for content in contents[:3]:
            query = embed(garment(content, colours))
            live.refresh()
            found = live.find(query, 5, None)
            every = [
                np.concatenate(
                    [embed(garment(f"{n or ''}{c}", colours)) for c in contents]
                )
                for n in range(self.closeups + 1)
            ]
            similarities = np.max([rows @ query[0] for rows in every], axis=0)
            best = np.argsort(-similarities, kind="stable")[:5]
            shown = [f"/shop/{live.row(int(n)).photo}" for n in found.rows[0]]
            assert shown == [files[place] for place in best]
            np.testing.assert_allclose(
                found.similarities[0], similarities[best], atol=2e-3
            )

    def kinds(self):
        with self.table.read() as snapshot:
            return {
                name.rsplit("/", 1)[0].split("/", 1)[1]
                for name in snapshot.keys("vector/")
            }


@pytest.fixture
def few(monkeypatch):
    """Reduced already from 20 rows on."""
    monkeypatch.setattr(gallery, "REDUCED_FROM", 20)


def test_a_row_that_is_listed_twice_is_no_denser_for_it(few, table):
    shop = Shop(table, {"cosine": flat})
    shop.add(*numbered(0, 15))
    live = LiveGallery(table, "cosine", flat, KEY)
    before, numbers = live.densities(np.arange(3)), np.array([0, 1, 15])
    again = replace(new_photo("/shop/again.jpg", "c000"), vectors=shop.vectors(0))
    with table.write() as changes:
        change_rows(changes, shop.collection, [again])
    live.refresh()
    np.testing.assert_allclose(live.densities(numbers)[[0, 2]], before[0], rtol=1e-6)
    likeness = live.likeness(numbers[:1], numbers)
    assert likeness.shape == (1, 3)
    assert likeness[0, 0] == likeness[0, 2] > TWIN > likeness[0, 1]


def numbered(start, stop):
    return [f"c{number:03}" for number in range(start, stop)]


def test_whole_embeddings_become_components_as_the_catalogue_grows(few, table):
    shop = Shop(table, {"cosine": flat})
    shop.add(*numbered(0, 19))
    assert not shop.collection.spaces["cosine"].reduced
    before = LiveGallery(table, "cosine", flat, KEY)
    shop.check("cosine")
    shop.add("x", "y")
    space = shop.collection.spaces["cosine"]
    assert (space.reduced, space.learnt_from) == (True, 21)
    assert shop.kinds() == {space.name}  # the whole ones are gone
    shop.check("cosine")
    query = flat(garment("x"))
    before.refresh()  # a reader from before
    assert before.row(int(before.find(query, 1, None).rows[0, 0])).photo == "x"

    shop.add(*numbered(30, 30 + 4 * 21 - 22))
    assert shop.collection.spaces["cosine"] == space  # not four times as many
    shop.add("z")
    assert shop.collection.spaces["cosine"].learnt_from == 4 * 21
    shop.check("cosine")


def test_components_are_learnt_anew_only_so_long(few, table, monkeypatch):
    monkeypatch.setattr(spaces, "MOST_LEARNT_FROM", 20)
    shop = Shop(table, {"cosine": flat})
    shop.add(*numbered(0, 20))
    space = shop.collection.spaces["cosine"]
    shop.add(*numbered(20, 90))
    assert shop.collection.spaces["cosine"] == space


def test_a_ranker_that_was_trained_again_gets_a_space_of_its_own(few, table):
    shop = Shop(table, {"cosine": flat, "mean": flat}, {"mean": "one"})
    shop.add(*numbered(0, 8))
    before = shop.collection.spaces
    shop.use({"cosine": flat, "mean": turned}, {"mean": "one"})
    assert shop.collection.spaces == before  # by its digest, not by what it is
    shop.use({"cosine": flat, "mean": turned}, {"mean": "two"})
    after = shop.collection.spaces
    assert after["cosine"] == before["cosine"]
    assert after["mean"].name != before["mean"].name
    assert shop.kinds() == {space.name for space in after.values()}
    shop.check("mean", digest="two")
    shop.check("cosine")


def test_a_dropped_ranker_leaves_nothing(table):
    shop = Shop(table, {"cosine": flat, "mean": turned})
    shop.add(*numbered(0, 8))
    shop.use({"cosine": flat})
    assert set(shop.collection.spaces) == {"cosine"}
    assert shop.kinds() == {shop.collection.spaces["cosine"].name}
    shop.check("cosine")


def test_a_new_ranker_finds_what_is_described_for_it(few, table):
    """Rows whose file is gone, so that a part is lacking, are passed over."""
    shop = Shop(table, {"cosine": flat})
    shop.add(*numbered(0, 25))
    with_colours = numbered(0, 20)
    shop.describe(*with_colours, colours=True)
    shop.use({"cosine": flat, "lab": coloured})
    shop.check("cosine")
    shop.files = {f"/shop/{content}": content for content in with_colours}
    shop.check("lab", colours=True)


def test_what_killed_runs_left_is_tidied_up(few, table):
    shop = Shop(table, {"cosine": flat})
    shop.add(*numbered(0, 25))
    with table.write() as changes:
        changes.put_content(f"vector/{KEY}/cosine-left/{0:016x}", b"half")
        changes.put_tensors("reduction/cosine-left", {"mean": np.zeros(2)})
        changes.put_tensors("reduction/cosine-more", {"mean": np.zeros(2)})
        changes.put_record(f"crop/{KEY}/unused", {})
        other = Collection("other", "/shop", {}, {}, {})
        put(changes, change_rows(changes, other, [new_photo("/shop/a")]))
    tidy(table)
    with table.read() as snapshot:
        left = list(snapshot.keys(""))
    assert not [key for key in left if "other" in key or "left" in key]
    assert not [key for key in left if "more" in key or "unused" in key]
    shop.check("cosine")
    delete_collection(table, KEY)
    with table.read() as snapshot:
        assert list(snapshot.keys("")) == ["\0table", "current"]


@pytest.mark.parametrize(("count", "reduced"), [(12, False), (30, True)])
def test_rows_are_found_by_their_close_ups(few, table, count, reduced):
    shop = Shop(table, {"cosine": flat}, closeups=2)
    shop.add(*numbered(0, count))
    assert shop.collection.spaces["cosine"].reduced == reduced
    shop.check("cosine")
    live = LiveGallery(table, "cosine", flat, KEY)
    closeup = flat(garment("2c007"))
    assert live.row(int(live.find(closeup, 1, None).rows[0, 0])).photo == "c007"
    # A ranker that is new gets them from the descriptions.
    shop.use({"cosine": flat, "max": turned}, {"max": "1"})
    shop.check("max", digest="1")


def test_close_ups_go_with_their_row_and_space(table):
    shop = Shop(table, {"cosine": flat}, closeups=2)
    shop.add(*numbered(0, 5))
    with table.read() as snapshot:
        assert len(list(snapshot.keys("closeups/"))) == 5
    with table.write() as changes:
        shop.collection = change_rows(changes, shop.collection, [], ["/shop/c001"])
    with table.read() as snapshot:
        assert len(list(snapshot.keys("closeups/"))) == 4
    shop.use({"max": turned})
    with table.read() as snapshot:
        names = {name.rsplit("/", 1)[0] for name in snapshot.keys("closeups/")}
    assert names == {f"{KEY}/{shop.collection.spaces['max'].name}"}
