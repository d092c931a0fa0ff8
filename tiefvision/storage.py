"""Errors of the operating system about a file, as sentences with what helps."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tiefvision.errors import StorageFull, reason_of

_NETWORK_DISK = "Its disk is on another machine: see that it is mounted, and run again."

_IN_THE_WAY = "A file is where a folder is needed, or the other way round: move it."

_BY_NAME = {
    "ENOSPC": "Free space on its disk, or use a folder on another disk, and run again.",
    "EDQUOT": "Your quota on its disk is used up: delete files of yours there, or use "
    "a folder on another disk, and run again.",
    "EROFS": "Its disk can only be read: use a folder on another disk.",
    "EACCES": "You have no permission for it: change that of the file and its folder "
    "(ls -ld shows it), or use another folder.",
    "ENOMEM": "There is too little memory or address space: close other programs, "
    "raise the limit (ulimit -v), or use a smaller --max-gib.",
    "EMFILE": "Too many files are open: raise the limit (ulimit -n) and run again.",
    "ENFILE": "Too many files are open on this machine: close other programs and run "
    "again.",
    "EFBIG": "The file is as large as its disk or this process may write: raise the "
    "limit (ulimit -f) or use a folder on another disk, and run again.",
    "EIO": "Its disk is damaged, or full, or your quota is used up: free space on it, "
    "or use a folder on another disk, and run again.",
    "ENOENT": "Its folder is missing: create it and run again.",
    "ENOTDIR": _IN_THE_WAY,
    "EISDIR": _IN_THE_WAY,
    "EEXIST": _IN_THE_WAY,
    "ENAMETOOLONG": "Use a shorter name.",
    "ELOOP": "A symbolic link leads back to itself: remove it.",
    "EBUSY": "Another program is using it: wait for that, and run again.",
    "ETXTBSY": "Another program is using it: wait for that, and run again.",
    "ENODEV": "Its disk cannot map files into memory: use a folder on another disk.",
    "EOPNOTSUPP": "Its disk cannot do this: use a folder on another disk.",
    "ESTALE": _NETWORK_DISK,
    "ENOTCONN": _NETWORK_DISK,
    "ETIMEDOUT": _NETWORK_DISK,
}
_BY_NAME["EPERM"] = _BY_NAME["EACCES"]

ADVICE = {
    getattr(errno, name): advice
    for name, advice in _BY_NAME.items()
    if hasattr(errno, name)  # a few are unknown to some systems
}
"""What helps against an error, by its number (``OSError.errno``)."""


def _reason(code: int) -> str:
    """An error by its number in words that continue a sentence."""
    return reason_of(OSError(code, os.strerror(code)))


def storage_error(
    path: Path | str, what: str, code: int, note: str = ""
) -> StorageFull:
    """Makes the error about a file, for the caller to raise.

    Args:
        path: The file.
        what: What cannot be done, such as "cannot be written".
        code: Number of the system's error.
        note: What else is to be said; it continues the sentence.
    """
    more = f"; {note}" if note else ""
    return StorageFull(f"{path} {what}: {_reason(code)}{more}.", ADVICE.get(code, ""))


@contextmanager
def storage_errors(path: Path | str, what: str, note: str = "") -> Iterator[None]:
    """Turns every `OSError` of a block into the sentence of `storage_error`.

    Raises:
        StorageFull: The block raised an `OSError` that the system numbered.
    """
    try:
        yield
    except OSError as error:
        if error.errno is None:
            raise
        raise storage_error(path, what, error.errno, note) from error


def os_error_text(error: OSError, file: Path | str | None = None) -> str:
    """An `OSError` as sentences: the file, the reason and what helps.

    Args:
        error: The error.
        file: The file, where the error does not name it itself.
    """
    named = error.filename if _names_file(error) else file
    where = f"{os.fsdecode(named)}: " if named else ""
    if error.errno is None:
        return f"{where}{error}".rstrip(".") + "."
    reason = _reason(error.errno) if where else os.strerror(error.errno)
    return f"{where}{reason}. {ADVICE.get(error.errno, '')}".strip()


def _names_file(error: OSError) -> bool:
    return isinstance(error.filename, str | bytes | os.PathLike)
