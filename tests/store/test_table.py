"""A table: transactions, several tables and processes on one file, limits, damage."""

import os
import resource
import sys
import threading
import time

import numpy as np
import pytest

from tiefvision.errors import BadUsage, MissingArtifact, StaleArtifact, StorageFull
from tiefvision.store import environments
from tiefvision.store.artifact import ArtifactWriter
from tiefvision.store.header import Header
from tiefvision.store.table import Table

MEBIBYTE = 1 << 20


@pytest.fixture
def path(tmp_path):
    return tmp_path / "folder" / "t.lmdb"


@pytest.fixture
def table(path):
    with Table(path, create=True) as table:
        yield table


def put(table, **records):
    with table.write() as changes:
        for key, value in records.items():
            changes.put_record(key, value)


def all_of(table, prefix="", after=""):
    with table.read() as snapshot:
        return [key for key in snapshot.keys(prefix, after) if not key.startswith("\0")]


def test_values_come_back_as_they_were_put(table):
    arrays = {"a": np.arange(6, dtype=np.float16).reshape(2, 3), "b": np.ones(2, bool)}
    with table.write() as changes:
        changes.put_record("r", {"name": "été", "none": None})
        changes.put_content("c", b"\0\xff")
        changes.put_tensors("t", arrays)
        assert changes.record("r") == {"name": "été", "none": None}  # its own changes
    with table.read() as snapshot:
        assert snapshot.record("r") == {"name": "été", "none": None}
        assert snapshot.content("c") == b"\0\xff"
        np.testing.assert_array_equal(snapshot.tensor("t", "a"), arrays["a"])
        assert (snapshot.has("c"), snapshot.has("d")) == (True, False)
        assert (snapshot.record("d", 5), snapshot.content("d")) == (5, None)
        with pytest.raises(KeyError):
            snapshot.tensor("d", "a")
    assert table.tensor("t", "b").tolist() == [True, True]
    with pytest.raises(KeyError):
        table.tensor("t", "c")


def test_a_transaction_counts_whole_or_not_at_all(table):
    put(table, a=1, b=2)
    with pytest.raises(ZeroDivisionError), table.write() as changes:
        changes.put_record("a", 3)
        assert changes.delete("b") and not changes.delete("c")
        assert 1 / 0
    with table.read() as snapshot:
        assert (snapshot.record("a"), snapshot.record("b")) == (1, 2)


def test_a_snapshot_is_the_state_of_one_moment(table, path):
    put(table, a=1)
    with table.read() as before, Table(path) as other:
        put(other, a=2, b=1)
        assert (before.record("a"), before.has("b")) == (1, False)
        with other.read() as after:
            assert (after.record("a"), after.has("b")) == (2, True)


def test_keys_with_a_prefix_are_sorted_and_begin_behind_one(table):
    put(table, **{key: key for key in ("p/b", "p/a", "p/", "p", "p0", "o/z", "p/a/x")})
    assert all_of(table, "p/") == ["", "a", "a/x", "b"]
    assert all_of(table, "p/", "a") == ["a/x", "b"]
    assert all_of(table, "p/", "a/") == ["a/x", "b"]  # a key that is not there
    assert all_of(table, "p/", "b") == []
    assert all_of(table, "q/") == []
    with table.read() as snapshot:
        assert dict(snapshot.records("p/", "a")) == {"a/x": "p/a/x", "b": "p/b"}
        assert dict(snapshot.contents("o/")) == {"z": b'J"o/z"'}


def test_at_most_so_many_keys_are_deleted(table):
    put(table, **{f"p/{number}": number for number in range(5)}, q=1)
    with table.write() as changes:
        assert changes.delete_all("p/", 3) == 3
        assert changes.delete_all("none/", 3) == 0
    assert all_of(table, "p/") == ["3", "4"]
    with table.write() as changes:
        assert changes.delete_all("p/", 3) == 2
    assert all_of(table) == ["q"]


def test_long_keys_are_told_apart(table):
    first, second = "p/" + "é" * 600, "p/" + "é" * 600 + "x"
    put(table, **{first: 1, second: 2})
    with table.read() as snapshot:
        assert (snapshot.record(first), snapshot.record(second)) == (1, 2)
        assert len(list(snapshot.keys("p/"))) == 2


def test_tables_of_one_file_share_what_is_open(table, path):
    with Table(path) as other, Table(path) as third:
        put(other, a=1)
        assert all_of(third) == all_of(table) == ["a"]
    other.close()  # a second time
    put(table, b=1)
    assert all_of(table) == ["a", "b"]
    with pytest.raises(ValueError, match="is closed"), other.read():
        pass


def test_a_file_that_replaced_another_is_another_table(table, path):
    put(table, old=1)
    assert table.is_current
    path.unlink()
    path.with_name("t.lmdb-lock").unlink()
    assert not table.is_current
    with Table(path, create=True) as new:
        put(new, new=1)
        assert (all_of(table), all_of(new)) == (["old"], ["new"])
        assert new.is_current and not table.is_current
    assert not new.is_current  # a closed one holds nothing


READ = """
from tiefvision.store.table import Table
from pathlib import Path
with Table(Path(path)) as table, table.read() as now:
    print(now.record("a"), flush=True)
"""


def test_another_process_sees_what_was_committed(processes, table, path):
    for value in (1, 2):
        put(table, a=value)
        assert processes.run(READ, path=path).stdout == f"{value}\n"


def test_a_forked_process_opens_the_file_anew(table, path):
    """The environment of the parent would be of no use, and must stay as it is."""
    put(table, a=1)
    child = os.fork()
    if child == 0:
        code = 1
        try:
            with Table(path) as own:
                put(own, b=2)
                code = 0 if all_of(own) == ["a", "b"] else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    put(table, c=3)
    assert all_of(table) == ["a", "b", "c"]


HOLD = """
import sys, time
from tiefvision.store.table import Table
from pathlib import Path
table = Table(Path(path))
with getattr(table, how)() as state:
    if how == "write":
        state.put_record("half", 1)
    print("holding", flush=True)
    time.sleep(60)
"""


def holding(processes, path, how):
    """A process within a transaction."""
    process = processes.start(HOLD, path=path, how=how)
    while not process.printed():
        assert process.is_alive()
        time.sleep(0.002)
    return process


def test_a_killed_writer_leaves_nothing_half_done_and_no_lock(processes, table, path):
    put(table, a=1)
    holding(processes, path, "write").kill()
    put(table, b=1)
    assert all_of(table) == ["a", "b"]


def test_slots_of_killed_readers_are_free_again(processes, path, monkeypatch):
    monkeypatch.setattr(environments, "MOST_READERS", 3)
    with Table(path, create=True) as table:
        put(table, a=1)
        for _ in range(4):
            holding(processes, path, "read").kill()
            assert all_of(table) == ["a"]


def test_pages_that_a_killed_reader_kept_are_used_again(processes, table, path):
    """A long-lived writer, which opens the file only once, must not let it grow."""
    block = os.urandom(MEBIBYTE)

    def rewrite():
        for _ in range(4):
            with table.write() as changes:
                changes.put_content("block", block)

    rewrite()
    process = holding(processes, path, "read")
    rewrite()
    kept = table.size
    process.kill()
    for _ in range(4):
        rewrite()
    assert table.size <= kept + MEBIBYTE


def test_a_missing_file_and_an_unusable_limit_are_told(path):
    with pytest.raises(MissingArtifact, match=r"There is no t\.lmdb in "):
        Table(path)
    assert not path.parent.exists()
    with pytest.raises(BadUsage, match="out of range"):
        Table(path, create=True, max_gib=0)


@pytest.mark.parametrize("create", [False, True])
def test_a_table_of_another_schema_is_refused_and_kept(create, path, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(environments, "SCHEMA", 0)
        with Table(path, create=True) as table:
            put(table, a=1)
    with pytest.raises(StaleArtifact, match="written by an earlier release"):
        Table(path, create=create)
    monkeypatch.setattr(environments, "SCHEMA", 0)
    with Table(path) as table:
        assert all_of(table) == ["a"]


def test_an_artifact_of_an_earlier_release_is_no_table(path):
    with ArtifactWriter(path, Header("catalogue", 1, {}, {}), 0.1) as writer:
        writer.write(records={"row/0": {"item": "a"}})
        writer.finish()
    before = path.read_bytes()
    for create in (False, True):
        with pytest.raises(StaleArtifact, match="written by an earlier release"):
            Table(path, create=create)
    assert path.read_bytes() == before


@pytest.mark.parametrize("create", [False, True])
def test_an_empty_file_is_an_empty_table(create, path):
    """As a process leaves it that is killed just after it has made it."""
    path.parent.mkdir()
    path.touch()
    with Table(path, create=create) as table:
        assert all_of(table) == []
        put(table, a=1)
        assert all_of(table) == ["a"]


@pytest.mark.parametrize("content", [b"x", b"text " * 5000, bytes(40_000)])
def test_another_file_is_no_table(content, path):
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(StaleArtifact, match=r"t\.lmdb"):
        Table(path)
    assert path.read_bytes() == content


def test_a_folder_in_its_place_is_told(path):
    path.mkdir(parents=True)
    with pytest.raises(StorageFull, match=r"t\.lmdb cannot be written"):
        Table(path, create=True)


READ_ALL = """
from tiefvision.errors import TiefVisionError
from tiefvision.store.table import Table
from pathlib import Path
try:
    with Table(Path(path)) as table, table.read() as now:
        for key, content in now.contents("p/"):
            assert len(content) == 900
except TiefVisionError as error:
    print(type(error).__name__)
"""


@pytest.mark.parametrize("kept", [1, 4096, 8192, 12_288, 40_000, -4096, -1])
def test_a_file_that_was_cut_is_told_and_ends_no_process(kept, processes, path):
    with Table(path, create=True) as table, table.write() as changes:
        for number in range(100):
            changes.put_content(f"p/{number:03}", bytes([number]) * 900)
    os.truncate(path, kept if kept > 0 else path.stat().st_size + kept)
    outcome = processes.run(READ_ALL, path=path)
    assert outcome.code == 0, outcome.stderr
    assert outcome.stdout in ("StaleArtifact\n", "")
    if 0 < kept < 40_000:
        assert outcome.stdout == "StaleArtifact\n"


AS_NOBODY = """
import os
from tiefvision.errors import TiefVisionError
from tiefvision.store.table import Table
from pathlib import Path
if os.geteuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
try:
    with Table(Path(path)) as table:
        with table.read() as now:
            print(now.record("a"))
        with table.write() as changes:
            changes.put_record("a", 2)
except TiefVisionError as error:
    print(error)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes somebody else")
@pytest.mark.parametrize("locked", ["file", "folder"])
def test_who_may_only_read_is_told_so(locked, processes, tmp_path):
    folder = tmp_path
    while folder != folder.parent and folder.stat().st_uid == 0:
        if not folder.stat().st_mode & 0o001:
            folder.chmod(0o755)  # pytest's own folders
        folder = folder.parent
    path = tmp_path / "t.lmdb"
    with Table(path, create=True) as table:
        put(table, a=1)
        path.chmod(0o644)
        if locked == "file":
            path.with_name("t.lmdb-lock").chmod(0o666)
        outcome = processes.run(AS_NOBODY, path=path)
        assert outcome.code == 0, outcome.stderr
        *found, told = outcome.stdout.splitlines()
        assert found == (["1"] if locked == "file" else [])
        assert "permission" in told.lower()
        with table.read() as now:
            assert now.record("a") == 1


def test_a_full_map_undoes_the_batch_and_a_larger_one_goes_on(path):
    def fill(table, blocks):
        with table.write() as changes:
            for number in range(blocks):
                changes.put_content(f"b/{number}", bytes(100_000))

    with Table(path, create=True, max_gib=0.001) as table:
        put(table, a=1)
        with pytest.raises(StorageFull, match=r"size limit of 0\.001 GiB; .* is kept"):
            fill(table, 20)
        assert all_of(table) == ["a"]
        fill(table, 5)  # the table can be used on
    with Table(path, max_gib=0.01) as table:
        fill(table, 20)
        assert len(all_of(table)) == 21


def test_a_disk_that_fills_up_undoes_the_batch(table, path):
    """A file may not grow beyond a limit here, as it could not on a full disk."""
    put(table, a=1)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, limits[1]))
    try:
        with pytest.raises(StorageFull) as told, table.write() as changes:
            changes.put_content("b", bytes(MEBIBYTE))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert "cannot be written: file too large; what was written is kept" in str(told)
    assert all_of(table) == ["a"]
    put(table, c=1)
    with Table(path) as other:
        assert all_of(other) == ["a", "c"]


def test_a_larger_limit_counts_while_the_file_is_open(path):
    with Table(path, create=True, max_gib=0.001) as small:
        put(small, a=1)
        with Table(path, max_gib=0.01) as large, large.write() as changes:
            changes.put_content("b", bytes(4 * MEBIBYTE))
        assert all_of(small) == ["a", "b"]


GROW = """
from tiefvision.store.table import Table
from pathlib import Path
with Table(Path(path), max_gib=0.1) as table, table.write() as changes:
    changes.put_content(f"b/{number}", bytes(4 << 20))
"""


def test_a_map_follows_what_other_processes_write(processes, path):
    with Table(path, create=True, max_gib=0.001) as table:
        for number in range(3):
            assert processes.run(GROW, path=path, number=number).code == 0
            if number != 1:  # once it is the writer who finds the map too small
                assert f"b/{number}" in all_of(table)
            put(table, a=number)
        assert all_of(table) == ["a", "b/0", "b/1", "b/2"]


def test_a_map_waits_for_the_transactions_of_its_process(processes, path):
    """It must not move under a thread that reads."""
    entered, leave = threading.Event(), threading.Event()

    with Table(path, create=True, max_gib=0.001) as table:
        put(table, a="x" * 1000)

        def read_slowly():
            with table.read() as now:
                entered.set()
                leave.wait()
                seen.append(now.record("a"))

        seen = []
        thread = threading.Thread(target=read_slowly)
        thread.start()
        entered.wait()
        assert processes.run(GROW, path=path, number=0).code == 0
        other = threading.Thread(target=lambda: seen.append(len(all_of(table))))
        other.start()
        other.join(0.05)
        assert not seen
        leave.set()
        thread.join()
        other.join()
    assert sorted(seen, key=str) == [2, "x" * 1000]


LITTLE_ADDRESS_SPACE = """
import resource
from tiefvision.store.table import Table
from pathlib import Path
pages = int(Path("/proc/self/statm").read_text().split()[0])
most = pages * 4096 + (3 << 30)
resource.setrlimit(resource.RLIMIT_AS, (most, most))
with Table(Path(path)) as table, Table(Path(path)) as second:
    with table.write() as changes:
        changes.put_record("b", 1)
    with second.read() as now:
        print(list(now.keys("")))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="counts the pages of Linux")
def test_little_address_space_is_enough(processes, table, path):
    put(table, a=1)
    outcome = processes.run(LITTLE_ADDRESS_SPACE, path=path)
    assert outcome.code == 0, outcome.stderr
    assert "'a', 'b'" in outcome.stdout
