"""Advice about errors of the operating system."""

import errno
import os

import pytest

from tiefvision.errors import StorageFull
from tiefvision.storage import ADVICE, os_error_text, storage_error, storage_errors


@pytest.mark.parametrize("number", ADVICE, ids=errno.errorcode.get)
def test_an_error_names_the_file_the_reason_and_what_helps(number):
    error = storage_error("a/b.lmdb", "cannot be written", number)
    reason = os.strerror(number)[1:]
    assert error.message.startswith("a/b.lmdb cannot be written: ")
    assert reason in error.message
    assert error.fix == ADVICE[number]


def test_only_a_full_disk_or_quota_asks_to_free_space():
    asking = {number for number in ADVICE if "free space" in ADVICE[number].lower()}
    assert asking == {errno.ENOSPC, errno.EIO}
    assert "delete files" in ADVICE[errno.EDQUOT]


def test_an_unknown_error_is_told_without_advice():
    error = storage_error("x", "cannot be read", errno.EDOM, "what was there is kept")
    assert "x cannot be read: numerical argument" in str(error)
    assert str(error).endswith("; what was there is kept.")
    assert not error.fix


def test_a_block_raises_the_sentence():
    reason = "x cannot be written: permission denied"
    with (
        pytest.raises(StorageFull, match=reason),
        storage_errors("x", "cannot be written"),
    ):
        raise PermissionError(errno.EACCES, "Permission denied")
    with (
        pytest.raises(OSError, match="of no number"),
        storage_errors("x", "cannot be written"),
    ):
        raise OSError("of no number")


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (OSError(errno.ENOSPC, "full", "p.html"), "p.html: no space left on device. "),
        (OSError(errno.EROFS, "ro", b"p.html"), "p.html: read-only file system. "),
        (OSError(errno.ENOSPC, "full"), "No space left on device. Free space"),
        (OSError("something else"), "something else."),
        (OSError(errno.EDOM, "x", "y"), f"y: {os.strerror(errno.EDOM).lower()}."),
        (OSError(errno.EBADF, "x", 3), f"{os.strerror(errno.EBADF)}."),
    ],
)
def test_an_error_that_nobody_caught_is_told_with_what_helps(error, text):
    assert os_error_text(error).startswith(text)


def test_the_file_is_named_where_the_error_does_not():
    error = OSError(errno.ENOSPC, "full")
    assert os_error_text(error, "a.json").startswith("a.json: no space left on device.")
    assert os_error_text(OSError("it is a pipe"), "a.json") == "a.json: it is a pipe."
    own = OSError(errno.ENOSPC, "full", "b.json")
    assert os_error_text(own, "a.json").startswith("b.json: ")
