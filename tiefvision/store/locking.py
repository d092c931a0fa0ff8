"""One writer an artifact: a lock file that goes away with its holder."""

import fcntl
import os
from pathlib import Path

from tiefvision.errors import StorageFull


def take_lock(path: Path) -> int:
    """Lock the writing of an artifact; returns what ``release_lock`` takes.

    Raises:
        StorageFull: Another process is writing it.
    """
    lock = os.open(_lock_path(path), os.O_CREAT | os.O_RDWR, 0o644)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # The last writer removed its lock between our opening and our locking it:
        # this is a lock on nothing, and the next writer would not see it.
        if os.fstat(lock).st_ino != _lock_path(path).stat().st_ino:
            raise BlockingIOError
    except OSError as error:
        os.close(lock)
        raise StorageFull(
            f"Another process is writing {path}.", "Wait for it, or stop it."
        ) from error
    return lock


def release_lock(path: Path, lock: int) -> None:
    """Let the next writer in."""
    _lock_path(path).unlink(missing_ok=True)  # while it is still ours
    os.close(lock)


def _lock_path(path: Path) -> Path:
    return path.with_name(f".{path.name}.lock")
