"""What LMDB and the system say about an artifact, as errors that a user can correct."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import lmdb

from tiefvision.errors import StaleArtifact, StorageFull, TiefVisionError
from tiefvision.storage import ADVICE, storage_error, storage_errors

WRITE = "cannot be written"

KEPT = "what was written is kept"
"""Said where a write fails: batches are committed one by one."""


def reading_error(path: Path, error: Exception) -> TiefVisionError:
    """Makes the error about an artifact that cannot be opened, for the caller to raise.

    Returns:
        StorageFull if the system is at fault (no permission, too little address space),
        StaleArtifact if the file is.
    """
    code = _system_code(error)
    if code is not None:
        return storage_error(path, "cannot be read", code)
    return StaleArtifact(f"{path} is not an artifact: {str(error).rstrip('.')}.")


@contextmanager
def writing_errors(path: Path, max_gib: float) -> Iterator[None]:
    """Turns the errors of a block that writes an artifact into sentences.

    Args:
        path: The finished artifact.
        max_gib: Its size limit in GiB.

    Raises:
        StorageFull: The block raised an error of LMDB or of the system.
    """
    try:
        with storage_errors(path, WRITE, KEPT):
            yield
    except lmdb.MapFullError as error:
        raise StorageFull(
            f"{path} would exceed its size limit of {max_gib:g} GiB; {KEPT}.",
            "Run again with a larger --max-gib.",
        ) from error
    except lmdb.Error as error:
        code = _system_code(error)
        if code is None:
            raise StorageFull(f"{path} {WRITE} ({error}); {KEPT}.") from error
        raise storage_error(path, WRITE, code, KEPT) from error


def _system_code(error: Exception) -> int | None:
    """Number of the system's error behind one of LMDB; None if there is none."""
    code = getattr(error, "code", None)  # earlier releases of LMDB have none
    return code if code in ADVICE else None
