"""One writer an artifact: a lock file beside it, held until its process ends."""

from pathlib import Path
from typing import TYPE_CHECKING

from tiefvision.errors import StorageFull

if TYPE_CHECKING:
    from filelock import FileLock


def take_lock(path: Path) -> "FileLock":
    """Lock the writing of an artifact, without waiting.

    Args:
        path: The finished artifact; the lock file is ``.NAME.lock`` in its folder.

    Returns:
        The lock, for ``release_lock``. The system frees it when the process ends,
        even if the process is killed.

    Raises:
        StorageFull: Another process is writing the artifact.
    """
    # Imported here because it takes 35 ms, and readers of artifacts take no lock.
    from filelock import FileLock, Timeout

    # The lock belongs to the process, so another thread may close the writer.
    lock = FileLock(
        path.with_name(f".{path.name}.lock"), blocking=False, thread_local=False
    )
    try:
        lock.acquire()
    except Timeout as error:
        raise StorageFull(
            f"Another process is writing {path}.", "Wait for it, or stop it."
        ) from error
    return lock


def release_lock(lock: "FileLock") -> None:
    """Remove the lock file and let the next writer in."""
    # The file goes before the lock: afterwards a file of this name may be the next
    # writer's. A writer that locks the removed file is refused by FileLock.
    Path(lock.lock_file).unlink(missing_ok=True)
    lock.release()
