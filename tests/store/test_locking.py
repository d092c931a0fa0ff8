"""One writer an artifact, between processes and after a process was killed."""

import fcntl
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tiefvision.errors import StorageFull
from tiefvision.store.locking import release_lock, take_lock

ROOT = Path(__file__).parents[2]

HOLD = """
import sys
from pathlib import Path
from tiefvision.store.locking import release_lock, take_lock
lock = take_lock(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.readline()
release_lock(lock)
print("released", flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "a.lmdb"


def lock_files(path):
    return [file.name for file in path.parent.iterdir()]


def start(path):
    """A process that takes the lock, and releases it when it reads a line."""
    return subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_the_second_of_two_processes_is_refused_until_the_first_releases(path):
    with start(path) as first:
        assert first.stdout.readline() == "held\n"
        with start(path) as second:
            _, complaint = second.communicate()
        assert second.returncode == 1
        assert f"StorageFull: Another process is writing {path}." in complaint
        assert lock_files(path) == [".a.lmdb.lock"]
        first.stdin.write("\n")
        first.stdin.flush()
        assert first.stdout.readline() == "released\n"
        assert not lock_files(path)
        with start(path) as third:  # while the first still runs
            assert third.communicate("\n\n") == ("held\nreleased\n", "")
        first.communicate("\n")
    assert not lock_files(path)


def test_the_lock_of_a_killed_process_is_free(path):
    with start(path) as holder:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(StorageFull, match="Another process is writing"):
            take_lock(path)
        holder.kill()
    assert lock_files(path) == [".a.lmdb.lock"]
    lock = take_lock(path)
    with pytest.raises(StorageFull, match="Another process is writing"):
        take_lock(path)
    release_lock(lock)
    assert not lock_files(path)


def test_a_file_that_its_holder_removes_meanwhile_is_no_lock(path, monkeypatch):
    """It has no name, so the next writer would make another one and lock that."""
    flock = fcntl.flock

    def remove_and_lock(file, how):
        (path.parent / ".a.lmdb.lock").unlink(missing_ok=True)
        flock(file, how)

    with monkeypatch.context() as patched:
        patched.setattr(fcntl, "flock", remove_and_lock)
        with pytest.raises(StorageFull, match="Another process is writing"):
            take_lock(path)
    release_lock(take_lock(path))


def test_releasing_leaves_the_file_of_the_next_writer(path, monkeypatch):
    """Between the removal of a lock file and its release another writer may come."""
    first = take_lock(path)
    with monkeypatch.context() as patched:
        patched.setattr(first, "release", lambda: None)
        release_lock(first)
    second = take_lock(path)
    first.release()
    with pytest.raises(StorageFull, match="Another process is writing"):
        take_lock(path)
    release_lock(second)
    assert not lock_files(path)


def test_another_thread_may_release(path):
    lock = take_lock(path)
    thread = threading.Thread(target=release_lock, args=(lock,))
    thread.start()
    thread.join()
    release_lock(take_lock(path))
