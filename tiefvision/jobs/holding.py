"""One job at a time in a workspace: a lock that the processes of a job share.

The lock belongs to an open file, which a process inherits. The system frees it when the
last process of the job has ended, however it ended; so it also tells whether a job
lives, which the number of a process, given to another one some day, does not.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tiefvision.errors import BadUsage, TiefVisionError

HELD = "held"

PATIENCE = 1.0
"""Seconds for which a new job tries to get the lock: whoever asks whether a job lives
has it for some microseconds."""


class JobRunning(TiefVisionError):
    """Another job runs in the workspace, and only one can at a time."""


@contextmanager
def holding(folder: Path, job: str) -> Iterator[int]:
    """Keep other jobs out while a block runs, and beyond it while a child does.

    Args:
        folder: Folder of all jobs; created if missing.
        job: Id of the job.

    Yields:
        Descriptor of the locked file, for ``pass_fds`` of a process. The lock is free
        when all copies of the descriptor are closed.

    Raises:
        JobRunning: A job runs.
        OSError: The folder cannot be written; the error names it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder / HELD, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        _wait_for_lock(descriptor, folder)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, job.encode(), 0)
        yield descriptor
    finally:
        os.close(descriptor)


def held_by(folder: Path) -> str:
    """Id of the job that runs; "" for none."""
    try:
        descriptor = os.open(folder / HELD, os.O_RDONLY)
    except OSError:  # no job has run yet
        return ""
    try:
        # Shared, so that several can ask at once.
        if _lock(descriptor, exclusive=False):
            return ""
        return os.pread(descriptor, 100, 0).decode(errors="replace")
    finally:
        os.close(descriptor)


def _wait_for_lock(descriptor: int, folder: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while not _lock(descriptor, exclusive=True):
        if time.monotonic() > deadline:
            running = os.pread(descriptor, 100, 0).decode(errors="replace")
            raise JobRunning(
                f"A job is running in {folder.parent}: {running}. Only one can run at "
                "a time.",
                "Wait for it, or stop it.",
            )
        time.sleep(0.01)


def _lock(descriptor: int, *, exclusive: bool) -> bool:
    """Take the lock without waiting; whether it was free."""
    try:
        import fcntl
    except ImportError as error:  # Windows
        raise BadUsage("Jobs need Linux or macOS.") from error
    kind = fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH
    with suppress(BlockingIOError):
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        return True
    return False
