"""What LMDB and the system say about an artifact, as errors that a user can correct."""

import errno
import math
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import lmdb

from tiefvision.errors import StaleArtifact, StorageFull, TiefVisionError
from tiefvision.files import PARTIAL_SUFFIX
from tiefvision.storage import ADVICE, storage_error, storage_errors

WRITE = "cannot be written"

SCARCE = 1 << 20
"""Bytes of room below which a write was cut short for the lack of room: more than a
batch needs beyond its last whole page, and less than disks in use have."""

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
        max_gib: Size limit of the artifact in GiB.

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
        if code == errno.EIO:
            code = _cause_of_short_write(path)
        raise storage_error(path, WRITE, code, KEPT) from error


def _cause_of_short_write(path: Path) -> int:
    """Number of the error that LMDB, which tells every short write as EIO, hides."""
    if shutil.disk_usage(path.parent).free < SCARCE:
        return errno.ENOSPC
    # An artifact is written aside, a table in its place.
    for file in (path.with_name(path.name + PARTIAL_SUFFIX), path):
        if file.is_file() and _size_limit() - file.stat().st_size < SCARCE:
            return errno.EFBIG
    return errno.EIO


def _size_limit() -> float:
    """Bytes that this process may write into one file."""
    try:
        import resource
    except ImportError:  # only Unix has such limits
        return math.inf
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)[0]
    return math.inf if limit == resource.RLIM_INFINITY else limit


def _system_code(error: Exception) -> int | None:
    """Number of the system's error behind one of LMDB; None if there is none."""
    code = getattr(error, "code", None)  # earlier releases of LMDB have none
    return code if code in ADVICE else None
