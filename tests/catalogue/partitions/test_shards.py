from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tiefvision.catalogue.describing import Described
from tiefvision.catalogue.living.comparing import stamp_of
from tiefvision.catalogue.partitions.partition import Partition, Photograph
from tiefvision.catalogue.partitions.shards import (
    make_shard,
    shard_path,
    shards_of,
    sweep_shards,
    take_in,
    take_leftovers,
)
from tiefvision.errors import StaleArtifact, StorageFull
from tiefvision.ranking.garments import GarmentBatch
from tiefvision.records import Crop
from tiefvision.store.artifact import ArtifactWriter
from tiefvision.store.header import Header
from tiefvision.store.locking import release_lock, take_lock
from tiefvision.store.table import Table
from tiefvision.workspace.garments import CROP
from tiefvision.workspace.provenance import file_hash

GIB = 0.1


class Ended(Exception):
    """What ends a run in the middle."""


class Describer:
    """Describes a photograph by its first pixel, and may end before some of them."""

    def __init__(self, *, ends_at=None):
        self.ends_at, self.described = ends_at, []

    def describe(self, path, photo):
        if path == self.ends_at:
            raise Ended
        self.described.append(path)
        colour = photo.pixels[0, 0].astype(np.float32).reshape(1, 3, 1, 1) + 1
        return Described(Crop(None), {CROP: GarmentBatch(maps=colour)})


@pytest.fixture
def partition(tmp_path):
    """Four photographs, of which the third is damaged."""
    photos = []
    for number, name in enumerate(["a.png", "b.png", "broken.png", "d.png"]):
        file = tmp_path / name
        Image.new("RGB", (40, 60), (number, 0, 0)).save(file)
        if name == "broken.png":
            file.write_bytes(file.read_bytes()[:40])
        stamp = stamp_of(str(file))
        photos.append(Photograph(name, str(file), file_hash(file), stamp))
    return Partition("key", ("maps",), tuple(photos))


@pytest.fixture
def table(tmp_path):
    with Table(tmp_path / "catalogue.lmdb", create=True) as made:
        yield made


def reds_of(table, key="key"):
    """The first number of each map in a table, by the content of the photograph."""
    prefix = f"map/{key}/"
    with table.read() as now:
        return {
            name: round(float(now.tensor(prefix + name, CROP)[0, 0, 0]))
            for name in now.keys(prefix)
        }


def shard_files(table):
    folder = shards_of(table.path)
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_a_shard_is_taken_in_and_tells_what_could_not_be_read(partition, table):
    folder = shards_of(table.path)
    shard = make_shard(Describer(), partition, folder, GIB)
    assert shard == shard_path(folder, partition)
    reasons = take_in(table, shard)
    assert list(reasons) == ["broken.png"]
    assert "broken.png" in reasons["broken.png"]
    a, b, _, d = (photo.content for photo in partition.photos)
    assert reds_of(table) == {a: 1, b: 2, d: 4}
    with table.read() as now:
        assert sorted(now.keys("crop/key/")) == sorted([a, b, d])
        assert now.record(f"crop/key/{a}")["box"] is None


def test_taking_in_again_changes_nothing(partition, table):
    shard = make_shard(Describer(), partition, shards_of(table.path), GIB)
    take_in(table, shard)
    with table.read() as now:
        before = list(now.contents(""))
    take_in(table, shard)
    with table.read() as now:
        assert list(now.contents("")) == before


def test_a_finished_shard_is_not_made_again(partition, tmp_path):
    first = make_shard(Describer(), partition, tmp_path / "shards", GIB)
    content = first.read_bytes()
    again = Describer()
    assert make_shard(again, partition, tmp_path / "shards", GIB) == first
    assert again.described == [] and first.read_bytes() == content


def test_a_shard_that_was_ended_is_gone_on_with(partition, tmp_path):
    folder = tmp_path / "shards"
    with pytest.raises(Ended):
        make_shard(Describer(ends_at="d.png"), partition, folder, GIB)
    assert not shard_path(folder, partition).exists()
    again = Describer()
    made = make_shard(again, partition, folder, GIB)
    assert again.described == ["d.png"]
    whole = make_shard(Describer(), partition, tmp_path / "others", GIB)
    with Table(tmp_path / "t", create=True) as one:
        take_in(one, made)
        with Table(tmp_path / "u", create=True) as other:
            take_in(other, whole)
            assert reds_of(one) == reds_of(other)


@pytest.mark.parametrize("ends_at", ["d.png", None], ids=["partial", "finished"])
def test_the_next_run_takes_in_what_an_earlier_one_left(ends_at, partition, table):
    folder = shards_of(table.path)
    with suppress(Ended):
        make_shard(Describer(ends_at=ends_at), partition, folder, GIB)
    take_leftovers(table, "key")
    a, b, _, d = (photo.content for photo in partition.photos)
    assert reds_of(table) == {a: 1, b: 2} | ({} if ends_at else {d: 4})
    assert shard_files(table) == []
    sweep_shards(table.path)
    assert not folder.exists()


def test_shards_for_other_models_wait_for_them_and_are_swept(partition, table):
    make_shard(Describer(), partition, shards_of(table.path), GIB)
    take_leftovers(table, "others")
    assert reds_of(table) == reds_of(table, "others") == {}
    assert len(shard_files(table)) == 1
    sweep_shards(table.path)
    assert not shards_of(table.path).exists()


def test_a_shard_that_a_process_makes_is_left_to_it(partition, table):
    shard = make_shard(Describer(), partition, shards_of(table.path), GIB)
    lock = take_lock(shard)
    take_leftovers(table, "key")
    sweep_shards(table.path)
    assert shard.exists() and reds_of(table) == {}
    with pytest.raises(StorageFull, match="Another process is writing"):
        shard.rename(shard.with_name("aside"))
        make_shard(Describer(), partition, shards_of(table.path), GIB)
    release_lock(lock)


def test_what_is_no_shard_or_damaged_is_deleted_and_told_nobody(partition, table):
    folder = shards_of(table.path)
    shard = make_shard(Describer(), partition, folder, GIB)
    shard.write_bytes(shard.read_bytes()[:5000])
    (folder / "x.lmdb.partial").write_bytes(b"")
    with ArtifactWriter(folder / "y.lmdb", Header("crops", 1, {}, {}), GIB) as writer:
        writer.finish()
    with pytest.raises(StaleArtifact):
        take_in(table, shard)
    take_leftovers(table, "key")
    assert shard_files(table) == [] and reds_of(table) == {}


def test_there_may_be_no_shards(table):
    take_leftovers(table, "key")
    sweep_shards(table.path)
    assert not shards_of(table.path).exists()


def test_a_photograph_that_changed_meanwhile_is_left_out_and_told(partition, table):
    folder = shards_of(table.path)
    shard = make_shard(Describer(), partition, folder, GIB)
    changed, touched = (Path(partition.photos[n].file) for n in (0, 1))
    Image.new("RGB", (40, 60), (9, 9, 9)).save(changed)
    touched.write_bytes(touched.read_bytes())
    reasons = take_in(table, shard)
    assert reasons["a.png"] == "a.png has changed meanwhile: run again."
    assert set(reasons) == {"a.png", "broken.png"}
    _, b, _, d = (photo.content for photo in partition.photos)
    assert reds_of(table) == {b: 2, d: 4}
