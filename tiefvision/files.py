"""Files: read only where they are files, and each replaced whole or not at all.

Nothing waits for a pipe or a device. Everything that the package writes goes through
`replacing` or `replacing_folder`, except the artifacts of `tiefvision.store`, which
have the same promise and grow batch by batch.
"""

import filecmp
import os
import re
import shutil
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO

from tiefvision.errors import BadUsage, TiefVisionError

_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+:/", re.IGNORECASE)
"""How the address of something in a network begins; a path has lost one slash."""

PARTIAL_SUFFIX = ".partial"
"""Suffix of a file that is still being written."""

_KEPT_OF_NAME = 40
"""Characters of the target's name in that of the file aside, which must not be longer
than a file system allows: 255 bytes, and a character takes up to 4."""

_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def exists(path: "str | os.PathLike[str]") -> bool:
    """Whether a path leads somewhere.

    ``Path.exists`` raises an error where a folder above may not be entered or the name
    is too long, which would stop the files beside it; opening the file tells why.
    """
    return os.path.exists(path)  # noqa: PTH110


def is_folder(path: "str | os.PathLike[str]") -> bool:
    """Whether a path leads to a folder; no error where ``exists`` raises none."""
    return os.path.isdir(path)  # noqa: PTH112


def is_file(path: "str | os.PathLike[str]") -> bool:
    """Whether a path leads to a regular file; no error where ``exists`` raises none."""
    return os.path.isfile(path)  # noqa: PTH113


def open_file(file: Path) -> BufferedReader:
    """Open a regular file for reading bytes.

    Raises:
        OSError: It is missing or may not be read, or it is a folder, pipe, socket or
            device, for which one could wait for ever.
    """
    kind = stat.S_IFMT(file.stat().st_mode)
    if kind != stat.S_IFREG:
        raise OSError(f"it is {_KINDS.get(kind, 'something else')} and no file")
    return file.open("rb")


def read_file(file: Path) -> bytes:
    """The content of a regular file. Raises OSError, as ``open_file`` does."""
    with open_file(file) as opened:
        return opened.read()


def is_address(path: Path) -> bool:
    """Whether a path is the address of something in a network."""
    return bool(_ADDRESS.match(str(path))) and not exists(path)


def no_folder(path: Path) -> TiefVisionError:
    """Makes the error about a folder that does not exist, for the caller to raise."""
    hint = "Download the photographs first." if is_address(path) else ""
    return TiefVisionError(f"There is no folder {path}.", hint)


def replace_file(file: Path, content: bytes) -> None:
    """Replace a file by a content, as `replacing` does.

    Raises:
        OSError: The target cannot be written; the error names it.
    """
    with replacing(file) as opened:
        opened.write(content)


@contextmanager
def replacing(file: Path) -> Iterator[BinaryIO]:
    """Open a temporary file beside the target, which is renamed to the target at last.

    Readers see either the old content or the complete new content. After a failure, of
    the block too, the old content is still there and nothing else is left.

    Args:
        file: path of the target; a missing folder is created. A symbolic link stays
            one: the file that it names is replaced. A device or pipe, such as
            ``/dev/stdout``, is written to.

    Raises:
        OSError: The target cannot be written; the error names it.
    """
    with naming(file):
        file.parent.mkdir(parents=True, exist_ok=True)
        is_device = file.exists() and not file.is_file()
        target = file if is_device else Path(os.path.realpath(file))
        mode = None if is_device else _mode_of(target)
        aside = file if is_device else _aside_of(target)
        opened = aside.open("wb")  # a folder refuses this with the right error
    try:
        with _naming_alone(file, aside), opened:
            yield opened
        if not is_device:
            with naming(file):
                if mode is not None:
                    aside.chmod(mode)
                aside.replace(target)
    finally:
        if not is_device:
            with suppress(OSError):  # it must not hide why the writing failed
                aside.unlink()


@contextmanager
def replacing_folder(folder: Path, mark: str) -> Iterator[Path]:
    """Make a folder beside the target, which is renamed to the target at last.

    After a failure, of the block too, the old folder is still there and nothing else is
    left. A process that is killed between the two renames leaves the old folder beside
    the target, under a name that ends in ``.partial.old``.

    Args:
        folder: path of the target; missing folders above are created.
        mark: name of a file that every folder of this kind holds. A target that exists
            is replaced only if it holds the file or nothing, so that no folder is lost
            that somebody else filled.

    Raises:
        BadUsage: The target exists and is not of this kind.
        OSError: The target cannot be written; the error names it.
    """
    with naming(folder):
        target = Path(os.path.realpath(folder))
        if exists(target) and not _is_replaceable(target, mark):
            raise BadUsage(
                f"{folder} exists and is not replaced: it has no {mark}.",
                "Name another folder.",
            )
        aside = _aside_of(target)
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(parents=True)
    try:
        with _naming_alone(folder, aside):
            yield aside
        with naming(folder):
            _exchange_folder(aside, target)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _exchange_folder(aside: Path, target: Path) -> None:
    """Rename a folder to the target, and remove what the target was before."""
    old = aside.with_name(aside.name + ".old")
    had_one = target.exists()
    if had_one:
        target.replace(old)
    try:
        aside.replace(target)
    except OSError:
        if had_one:
            old.replace(target)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _is_replaceable(folder: Path, mark: str) -> bool:
    return folder.is_dir() and ((folder / mark).is_file() or not any(folder.iterdir()))


def _aside_of(target: Path) -> Path:
    """The path beside a target under which its new content is made."""
    name = f".{target.name[:_KEPT_OF_NAME]}.{os.getpid()}-{threading.get_ident()}"
    return target.with_name(name + PARTIAL_SUFFIX)


def replace_text(file: Path, text: str) -> None:
    """Replace a file by a text in UTF-8, as `replace_file` does.

    What UTF-8 cannot hold, a part of a file name that is not text, becomes an escape
    such as ``\\udce9``, which JSON reads as the same name.
    """
    replace_file(file, text.encode("utf-8", "backslashreplace"))


def _mode_of(target: Path) -> int | None:
    """Permissions of a file that may be written, which it keeps; None if it is new.

    Raises:
        OSError: The file may not be written, although its folder may.
    """
    try:
        with target.open("r+b") as old:
            return stat.S_IMODE(os.fstat(old.fileno()).st_mode)
    except FileNotFoundError:
        return None


def copy_file(source: Path, target: Path) -> None:
    """Copy a file atomically; a target with equal content is not touched.

    Raises:
        OSError: One of the two cannot be read or written; the error names it.
    """
    with naming(source):
        if target.exists() and filecmp.cmp(source, target, shallow=False):
            return
        content = read_file(source)
    replace_file(target, content)


def link_file(source: Path, target: Path) -> None:
    """Give a file a second name, atomically; the name may be that of another file.

    Where the file system has no links the file is copied. For files that are replaced
    and never written into, as artifacts are.

    Raises:
        OSError: There is no such file, or the target cannot be written; the error
            names it.
    """
    with naming(source):
        source.stat()
    with naming(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        aside = _aside_of(target)
        try:
            _link_or_copy(source, aside)
            aside.replace(target)
        finally:
            # Renaming a file to another name of the same file leaves both.
            with suppress(OSError):
                aside.unlink()


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


@contextmanager
def naming(file: Path) -> Iterator[None]:
    """Every OSError of a block names the file that the block is about.

    The operating system names no file when a disk is full, and the file aside, which
    nobody asked for, when a folder cannot be written.
    """
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise type(error)(error.errno, reason, str(file)) from error


@contextmanager
def _naming_alone(file: Path, aside: Path) -> Iterator[None]:
    """An OSError that names no file, or one aside, names this one; others stay."""
    try:
        yield
    except OSError as error:
        named = error.filename
        if named is not None and not Path(os.fsdecode(named)).is_relative_to(aside):
            raise
        with naming(file):
            raise
