import json
from dataclasses import replace

import lmdb
import numpy as np
import pytest

from tiefvision.errors import MissingArtifact
from tiefvision.store.artifact import Artifact, ArtifactWriter
from tiefvision.store.header import SCHEMA, Header

HEADER = Header("encode", 1, {"border": 48}, {"photos": "d1"})
X = np.arange(6, dtype=np.float16).reshape(2, 3)


def write(path, tensors=None, records=None, header=HEADER):
    with ArtifactWriter(path, header, 0.1) as writer:
        writer.write(tensors, records)
        return writer.finish()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "a.lmdb"


def test_the_header_is_readable_json_inside_the_file(path):
    with ArtifactWriter(path, HEADER, 0.1) as writer:
        writer.write({"map/a": {"x": X}, "map/b": {"x": X[:1]}}, {"crop/a": 1})
        writer.finish(encoder={"name": "alexnet"}, details={"grid": 3})
    with (
        lmdb.open(str(path), subdir=False, readonly=True, lock=False) as environment,
        environment.begin() as transaction,
    ):
        first, text = next(iter(transaction.cursor()))
    assert first == b"\x00header"
    header = json.loads(text)
    assert len(header.pop("digest")) == 64
    assert header == {
        "schema": SCHEMA,
        "stage": "encode",
        "version": 1,
        "config": {"border": 48},
        "inputs": {"photos": "d1"},
        "encoder": {"name": "alexnet"},
        "details": {"grid": 3},
        "count": {"map": 2, "crop": 1},
        "layout": {"map.x": {"dtype": "float16", "shape": [None, 3]}},
    }


def test_records_and_tensors_can_be_read_under_any_key(path):
    keys = ["map/" + name for name in ("a b.jpg", "été/服.png", "é" * 400, "n" * 600)]
    empty = np.empty((0, 4), dtype=np.float32)
    write(path, {key: {"x": X, "none": empty} for key in keys}, {"crop/é": ["服"]})
    with Artifact(path) as artifact:
        for key in keys:
            assert artifact.has(key)
            back = artifact.tensors(key)
            np.testing.assert_array_equal(back["x"], X)
            assert back["none"].shape == (0, 4)
            np.testing.assert_array_equal(artifact.tensor(key, "x"), X)
        assert artifact.record("crop/é") == ["服"]
        assert artifact.header.count == {"map": 4, "crop": 1}


def test_the_keys_of_a_kind_are_sorted_and_without_other_kinds(path):
    write(path, None, {"map/b": 2, "map/a": 1, "mapping/a": 3, "ma/c": 4})
    with Artifact(path) as artifact:
        assert artifact.keys("map") == ["a", "b"]
        assert artifact.records("map") == [1, 2]
        assert artifact.records("nothing") == []


def test_a_missing_key_raises_key_error(path):
    write(path)
    with Artifact(path) as artifact:
        assert not artifact.has("map/a")
        with pytest.raises(KeyError, match="map/a"):
            artifact.tensors("map/a")
        with pytest.raises(KeyError, match="map/a"):
            artifact.tensor("map/a", "x")


def test_a_writer_reads_one_committed_array(path):
    with ArtifactWriter(path, HEADER, 0.1) as writer:
        writer.write({"map/a": {"x": X, "y": X[:1]}})
        np.testing.assert_array_equal(writer.tensor("map/a", "y"), X[:1])
        with pytest.raises(KeyError, match="map/b"):
            writer.tensor("map/b", "y")


def test_a_missing_artifact_is_named(path):
    with pytest.raises(MissingArtifact, match=r"a\.lmdb"):
        Artifact(path)


def test_the_digest_depends_on_content_alone(path):
    one = write(path, {"map/a": {"x": X}, "map/b": {"x": X + 1}}, {"crop/a": 1})
    with ArtifactWriter(path, replace(HEADER, config={"border": 0}), 0.1) as writer:
        writer.write(None, {"crop/a": 1, "crop/gone": 2})
        writer.write({"map/b": {"x": X}})
        writer.write({"map/b": {"x": X + 1}}, delete=("crop/gone",))
        writer.write({"map/a": {"x": X}, "derived/index": {"x": X}})
        other = writer.finish(details={"any": 1})
    assert other.digest == one.digest
    assert other.count == one.count


@pytest.mark.parametrize(
    ("tensors", "records"),
    [
        ({"map/a": {"x": X + 1}}, {"crop/a": 1}),
        ({"map/a": {"x": X.astype(np.float32)}}, {"crop/a": 1}),
        ({"map/a": {"x": X.reshape(3, 2)}}, {"crop/a": 1}),
        ({"map/a": {"y": X}}, {"crop/a": 1}),
        ({"map/b": {"x": X}}, {"crop/a": 1}),
        ({"map/a": {"x": X}}, {"crop/a": 2}),
        ({"map/a": {"x": X}}, {}),
    ],
    ids=["value", "dtype", "shape", "name", "key", "record", "fewer"],
)
def test_every_change_changes_the_digest(tmp_path, tensors, records):
    one = write(tmp_path / "a.lmdb", {"map/a": {"x": X}}, {"crop/a": 1})
    assert write(tmp_path / "b.lmdb", tensors, records).digest != one.digest


def test_several_artifacts_of_a_process_read_one_file(path):
    write(path, None, {"crop/a": 1})
    first, second = Artifact(path), Artifact(path)
    first.close()
    first.close()
    assert second.record("crop/a") == 1
    second.close()
    with Artifact(path) as third:
        assert third.record("crop/a") == 1


def test_a_reader_keeps_the_file_that_it_opened(path):
    write(path, None, {"crop/a": "old"})
    with Artifact(path) as old:
        write(path, None, {"crop/a": "new"})
        with Artifact(path) as new:
            assert (old.record("crop/a"), new.record("crop/a")) == ("old", "new")


def test_the_file_appears_at_its_path_only_when_finished(path):
    write(path, None, {"crop/a": "old"})
    with ArtifactWriter(path, HEADER, 0.1) as writer:
        writer.write(None, {"crop/a": "new"})
        with Artifact(path) as artifact:
            assert artifact.record("crop/a") == "old"
        writer.finish()
    with Artifact(path) as artifact:
        assert artifact.record("crop/a") == "new"
    assert not writer.partial.exists()


def stop_halfway(path, header=HEADER):
    with (
        pytest.raises(RuntimeError),
        ArtifactWriter(path, header, 0.1) as writer,
    ):
        writer.write({"map/a": {"x": X}}, {"crop/a": 1})
        raise RuntimeError
    assert writer.partial.exists()
    assert not path.exists()


def test_interrupted_work_is_continued(path):
    stop_halfway(path)
    with ArtifactWriter(path, HEADER, 0.1) as writer:
        assert writer.has("map/a")
        assert writer.record("crop/a") == 1
        np.testing.assert_array_equal(writer.tensors("map/a")["x"], X)
        assert not writer.has("map/b")


def test_a_partial_file_of_other_work_is_deleted(path):
    stop_halfway(path, replace(HEADER, version=2))
    with ArtifactWriter(path, HEADER, 0.1) as writer:
        assert not writer.has("map/a")
        assert writer.finish().count == {}


@pytest.mark.parametrize("content", [b"", b"nonsense" * 4096])
def test_a_damaged_partial_file_is_deleted(path, content):
    path.with_name("a.lmdb.partial").write_bytes(content)
    assert write(path, None, {"crop/a": 1}).count == {"crop": 1}
