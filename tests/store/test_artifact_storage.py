"""Damaged files, full disks and files at their size limit."""

import errno
import os
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import lmdb
import numpy as np
import pytest

from tiefvision.errors import BadUsage, StaleArtifact, StorageFull
from tiefvision.store import artifact as module
from tiefvision.store.artifact import Artifact, ArtifactWriter
from tiefvision.store.header import SCHEMA, Header

HEADER = Header("encode", 1, {}, {})
BLOCK = np.arange(100_000, dtype=np.uint8)

READ = """
from pathlib import Path
from tiefvision.errors import StaleArtifact
from tiefvision.store.artifact import Artifact
refused = 0
for path in sorted(Path(folder).iterdir()):
    try:
        with Artifact(path) as artifact:
            artifact.tensors("map/9")
            artifact.records("crop")
    except StaleArtifact as error:
        assert str(path) in str(error), error
        refused += 1
print(refused)
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "a.lmdb"


def fill(path, header=HEADER, max_gib=0.1, blocks=10):
    with ArtifactWriter(path, header, max_gib) as writer:
        for number in range(blocks):
            if not writer.has(f"map/{number}"):
                writer.write({f"map/{number}": {"x": BLOCK}})
        writer.write(None, {"crop/a": 1})
        return writer.finish()


def test_a_truncated_file_is_refused_wherever_it_ends(path, tmp_path, processes):
    """In a separate process, because reading beyond a mapped file kills it."""
    fill(path)
    content = path.read_bytes()
    ends = [0, 1, 4096, 8191, 8192, 20_000, len(content) // 2, len(content) - 4096]
    (tmp_path / "cut").mkdir()
    for end in ends:
        (tmp_path / "cut" / f"{end:08d}.lmdb").write_bytes(content[:end])
    outcome = processes.run(READ, folder=tmp_path / "cut")
    assert (outcome.code, outcome.stdout) == (0, f"{len(ends)}\n"), outcome.stderr


def test_another_kind_of_file_is_refused(path):
    path.write_bytes(np.random.default_rng(0).bytes(100_000))
    with pytest.raises(StaleArtifact, match=r"a\.lmdb is not an artifact"):
        Artifact(path)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (None, "not the header"),
        (b"{", "not an artifact"),
        (replace(HEADER, schema=SCHEMA + 1).to_json().encode(), "schema"),
    ],
)
def test_an_lmdb_file_that_is_no_artifact_is_refused(path, header, message):
    with (
        lmdb.open(str(path), subdir=False, lock=False) as environment,
        environment.begin(write=True) as transaction,
    ):
        transaction.put(b"map/a", b"Jnull")
        if header:
            transaction.put(b"\x00header", header)
    with pytest.raises(StaleArtifact, match=message):
        Artifact(path)
    # A refused file must not stay open.
    assert not module._shared_environments


def test_one_writer_at_a_time(path):
    with ArtifactWriter(path, HEADER, 0.1) as writer:
        writer.write(None, {"crop/a": 1})
        with pytest.raises(StorageFull, match="Another process is writing"):
            ArtifactWriter(path, HEADER, 0.1)
        writer.finish()
    assert fill(path).count == {"map": 10, "crop": 1}


def test_a_writer_in_another_process_is_refused(path, processes):
    attempt = """
from pathlib import Path
from tiefvision.store.artifact import ArtifactWriter
from tiefvision.store.header import Header
ArtifactWriter(Path(path), Header("encode", 1, {}, {}), 0.1)
"""
    with ArtifactWriter(path, HEADER, 0.1):
        outcome = processes.run(attempt, path=path)
    assert "StorageFull: Another process is writing" in outcome.stderr
    assert processes.run(attempt, path=path).code == 0


def test_a_writer_that_fails_to_start_releases_the_lock(path, monkeypatch):
    def fail(self):
        raise lmdb.DiskError("No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(ArtifactWriter, "_open", fail)
        with pytest.raises(StorageFull, match="No space left"):
            ArtifactWriter(path, HEADER, 0.1)
    assert fill(path).count["map"] == 10


def test_at_the_size_limit_batches_are_kept_and_a_larger_limit_continues(
    path, tmp_path
):
    expected = fill(tmp_path / "b.lmdb")
    with pytest.raises(StorageFull, match=r"limit of 0\.0005 GiB.*--max-gib"):
        fill(path, max_gib=0.0005)
    assert not path.exists()
    with ArtifactWriter(path, HEADER, 0.0005) as writer:
        np.testing.assert_array_equal(writer.tensors("map/0")["x"], BLOCK)
        assert not writer.has("map/9")
    assert fill(path, max_gib=0.1).digest == expected.digest


@pytest.mark.parametrize("limit", [0.0, -1.0, float("nan"), float("inf"), 1e12])
def test_an_invalid_limit_is_refused(path, limit):
    with pytest.raises(BadUsage, match="out of range"):
        ArtifactWriter(path, HEADER, limit)


def test_a_folder_that_cannot_be_created_is_named(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageFull, match=r"file/a\.lmdb cannot be written"):
        ArtifactWriter(tmp_path / "file" / "a.lmdb", HEADER, 0.1)


FILL_DISK = """
import resource, signal
import numpy as np
from pathlib import Path
from tiefvision.store.artifact import ArtifactWriter
from tiefvision.store.header import Header
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, 500_000))
with ArtifactWriter(Path(path), Header("encode", 1, {}, {}), 0.1) as writer:
    for number in range(10):
        writer.write({f"map/{number}": {"x": np.zeros(100_000, np.uint8)}})
        print(number, flush=True)
    writer.finish()
"""


def test_a_full_disk_does_not_change_the_finished_artifact(path, processes):
    before = fill(path)
    outcome = processes.run(FILL_DISK, path=path)
    assert outcome.code == 1
    assert "StorageFull" in outcome.stderr
    assert f"{path} cannot be written: file too large" in outcome.stderr
    assert "ulimit -f" in outcome.stderr
    written = len(outcome.stdout.split())
    assert 1 <= written < 10
    with Artifact(path) as artifact:
        assert artifact.header.digest == before.digest
        np.testing.assert_array_equal(artifact.tensors("map/9")["x"], BLOCK)
    with ArtifactWriter(path, Header("encode", 1, {}, {}), 0.1) as writer:
        assert [writer.has(f"map/{n}") for n in range(10)] == [
            number < written for number in range(10)
        ]


@pytest.mark.parametrize(
    ("number", "advice"),
    [
        (errno.ENOSPC, "Free space on its disk"),
        (errno.EDQUOT, "quota"),
        (errno.EROFS, "can only be read"),
        (errno.EACCES, "no permission"),
        (errno.EPERM, "no permission"),
        (errno.ENOMEM, "address space.*--max-gib"),
        (errno.EMFILE, "ulimit -n"),
        (errno.EIO, "damaged, or full"),
        (errno.ESTALE, "on another machine"),
    ],
)
def test_each_error_of_a_write_has_its_own_advice(path, monkeypatch, number, advice):
    def fail(self):
        error = lmdb.Error(f"{self.partial}: {os.strerror(number)}")
        error.code = number
        raise error

    monkeypatch.setattr(ArtifactWriter, "_open", fail)
    with pytest.raises(StorageFull, match=advice) as refused:
        ArtifactWriter(path, HEADER, 0.1)
    assert refused.value.message.startswith(f"{path} cannot be written: ")
    assert ("Free space" in refused.value.fix) == (number == errno.ENOSPC)


def test_a_short_write_on_a_full_disk_asks_for_space(path, monkeypatch):
    def fail(self):
        error = lmdb.Error("mdb_txn_commit: Input/output error")
        error.code = errno.EIO
        raise error

    monkeypatch.setattr(ArtifactWriter, "_open", fail)
    full = SimpleNamespace(free=0)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: full)
    with pytest.raises(StorageFull, match=r"no space left.*Free space on its disk"):
        ArtifactWriter(path, HEADER, 0.1)


def test_an_error_of_lmdb_itself_gets_no_advice_about_disks(path, monkeypatch):
    def fail(self):
        raise lmdb.PanicError("mdb_txn_begin: MDB_PANIC")

    monkeypatch.setattr(ArtifactWriter, "_open", fail)
    with pytest.raises(StorageFull, match="MDB_PANIC") as refused:
        ArtifactWriter(path, HEADER, 0.1)
    assert not refused.value.fix


LIMITED = """
import resource
from pathlib import Path
from tiefvision.errors import StorageFull
from tiefvision.store.artifact import Artifact, ArtifactWriter
from tiefvision.store.header import Header
Artifact(Path(path)).close()  # what LMDB imports at its first use
pages = int(Path("/proc/self/statm").read_text().split()[0])
limits = {
    "address space": (resource.RLIMIT_AS, pages * 4096 + (1 << 20)),
    "open files": (resource.RLIMIT_NOFILE, 3),
}
resource.setrlimit(limits[name][0], (limits[name][1],) * 2)
for attempt in (
    lambda: ArtifactWriter(Path(path), Header("encode", 1, {}, {}), 64.0),
    lambda: Artifact(Path(path)),
):
    try:
        attempt()
    except StorageFull as error:
        print(error)
"""


@pytest.mark.skipif(
    not Path("/proc/self/statm").exists(), reason="the system does not tell its pages"
)
@pytest.mark.parametrize(
    ("name", "advice"),
    [("address space", "ulimit -v"), ("open files", "ulimit -n")],
)
def test_a_limit_is_named_for_writing_and_reading(path, processes, name, advice):
    fill(path)
    outcome = processes.run(LIMITED, path=path, name=name)
    assert outcome.code == 0, outcome.stderr
    written, read = outcome.stdout.splitlines()
    assert written.startswith(f"{path} cannot be written: ") and advice in written
    assert read.startswith(f"{path} cannot be read: ") and advice in read


def test_a_file_is_as_long_as_the_pages_that_lmdb_counts(path, monkeypatch):
    """LMDB may leave its last pages unwritten, which must not look truncated."""
    with ArtifactWriter(path, HEADER, 0.1) as writer:
        with monkeypatch.context() as patched:
            patched.setattr(module, "_expected_size", lambda environment: 1_000_000)
            writer.write(None, {"crop/a": 1})
        assert writer.partial.stat().st_size == 1_000_000
        writer.finish()
    with Artifact(path) as artifact:
        assert artifact.record("crop/a") == 1
