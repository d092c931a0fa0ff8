"""LMDB environments of tables: one for each file and process, whoever opens it.

LMDB must not open a file twice in a process, and an environment is of no use after a
fork. A map may move only while no transaction of the process is under way.
"""

import errno
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import lmdb

from tiefvision.errors import StaleArtifact
from tiefvision.store.codec import bytes_to_record, record_to_bytes
from tiefvision.store.faults import reading_error, writing_errors
from tiefvision.store.limits import GIBIBYTE

SCHEMA = 1
"""Version of the layout of a table; others are refused."""

_SCHEMA_KEY = b"\x00table"  # sorts before every other key

_LEAST_MAP = 1 << 30
"""Bytes of address space beyond the file where the usual sparse map is impossible."""

MOST_READERS = 1024
"""Transactions that may read a file at one moment, in all processes together."""

_PATIENCE = 10.0
"""Seconds that a larger map waits for the transactions of this process to end."""


@dataclass
class Shared:
    """A LMDB environment that several tables of this process share.

    Attributes:
        identity: device and inode of the file.
        environment: the environment.
        max_gib: largest size limit that was asked for; the map may be smaller where
            there is too little address space.
        users: number of tables that use it; the last one closes it.
        transactions: number of transactions under way, or about to begin.
    """

    identity: tuple[int, int]
    environment: lmdb.Environment
    max_gib: float
    users: int = 0
    transactions: int = 0


# By device and inode, as a file may have replaced another under the same path.
_shared_environments: dict[tuple[int, int], Shared] = {}
_sharing = threading.Condition()


def _leave_to_the_parent() -> None:
    """After a fork the environments are of no use, and would count as open.

    The binding frees only its own memory of an environment of another process.
    """
    global _sharing
    while _shared_environments:
        _shared_environments.popitem()[1].environment.close()
    _sharing = threading.Condition()  # another thread may have held the old one


os.register_at_fork(after_in_child=_leave_to_the_parent)


def identity_of(path: Path) -> tuple[int, int]:
    """Device and inode of a file; (0, 0) if there is none."""
    try:
        facts = path.stat()
    except OSError:
        return 0, 0
    return facts.st_dev, facts.st_ino


def open_shared(path: Path, create: bool, max_gib: float) -> Shared:
    """The environment of a table in this process; ``release`` ends its use.

    Args:
        path: path of the file.
        create: whether a missing file becomes an empty table.
        max_gib: size limit of the file in GiB.

    Raises:
        StaleArtifact: The file is no table, or is one of another schema.
        StorageFull: The system does not let it be opened.
    """
    with _sharing:
        shared = _shared_environments.get(identity_of(path))
        if shared is None:
            environment = _open(path, create, max_gib)
            shared = Shared(identity_of(path), environment, max_gib)
            _shared_environments[shared.identity] = shared
        # A map must not move under a transaction; later ones may be luckier.
        elif max_gib > shared.max_gib and not shared.transactions:
            _set_map_size(shared, path, int(max_gib * GIBIBYTE))
            shared.max_gib = max_gib
        shared.users += 1
        return shared


@contextmanager
def in_use(shared: Shared) -> Iterator[None]:
    """A block with a transaction, during which the map stays where it is."""
    with _sharing:
        shared.transactions += 1
    try:
        yield
    finally:
        with _sharing:
            shared.transactions -= 1
            _sharing.notify_all()


def begin(shared: Shared, path: Path, write: bool) -> lmdb.Transaction:
    """Begin a transaction, within ``in_use``.

    Args:
        shared: environment.
        path: path of its file.
        write: whether it writes.
    """
    if write:
        # A reader that was killed would keep all pages that are freed from now on.
        shared.environment.reader_check()
    try:
        return shared.environment.begin(write=write)
    except lmdb.MapResizedError:  # another process has written beyond this map
        _enlarge(shared, path)
    except lmdb.ReadersFullError:
        shared.environment.reader_check()
    return shared.environment.begin(write=write)


def _enlarge(shared: Shared, path: Path) -> None:
    """Map the whole file, once no transaction of this process is under way.

    The caller is within ``in_use`` and has none.
    """
    with _sharing:
        shared.transactions -= 1
        try:
            if _sharing.wait_for(lambda: not shared.transactions, _PATIENCE):
                _set_map_size(shared, path, path.stat().st_size + _LEAST_MAP)
        finally:
            shared.transactions += 1


def _set_map_size(shared: Shared, path: Path, size: int) -> None:
    try:
        shared.environment.set_mapsize(size)
    except lmdb.Error as error:
        # LMDB has given up the old map, so that a transaction would end the process.
        shared.environment.close()
        _shared_environments.pop(shared.identity, None)
        raise reading_error(path, error) from error


def _open(path: Path, create: bool, max_gib: float) -> lmdb.Environment:
    """Open the environment and check that it is a table; an empty one becomes one."""
    with writing_errors(path, max_gib) if create else read_errors(path):
        environment = _map(path, max_gib)
    try:
        environment.reader_check()  # slots of readers that were killed
        _fill_up(path, environment)
        with read_errors(path), environment.begin() as transaction:
            found = transaction.get(_SCHEMA_KEY)
            is_empty = not transaction.stat()["entries"]
        if is_empty:  # also where a process was killed just after making it
            with (
                writing_errors(path, max_gib),
                environment.begin(write=True) as writing,
            ):
                writing.put(_SCHEMA_KEY, record_to_bytes(SCHEMA))
        elif found is None or bytes_to_record(bytes(found)) != SCHEMA:
            raise StaleArtifact(f"{path.name} was written by an earlier release.")
    except BaseException:
        environment.close()
        raise
    return environment


def _fill_up(path: Path, environment: lmdb.Environment) -> None:
    """Extend a file that is shorter than LMDB states.

    Reading beyond the end of a mapped file kills the process (SIGBUS). LMDB itself
    leaves such a file where the last pages of a transaction were freed again, so that
    a cut file cannot be told from a sound one; its missing pages read as damaged.
    """
    pages = environment.info()["last_pgno"] + 1
    expected = pages * int(environment.stat()["psize"])
    if path.stat().st_size < expected:
        if environment.flags()["readonly"]:
            raise StaleArtifact(f"{path.name} is cut off, and may not be mended here.")
        os.truncate(path, expected)


@contextmanager
def read_errors(path: Path) -> Iterator[None]:
    """Turns LMDB's errors in a block that reads into those of ``reading_error``."""
    try:
        yield
    except lmdb.Error as error:
        raise reading_error(path, error) from error


def _map(path: Path, max_gib: float) -> lmdb.Environment:
    """Open the file: for writing if that is allowed, since a process opens it once."""
    size = int(max_gib * GIBIBYTE)
    try:
        return _environment(path, size, readonly=False)
    except lmdb.Error as error:
        code = getattr(error, "code", None)
        if code == errno.ENOMEM and path.is_file():  # too little address space
            return _environment(path, path.stat().st_size + _LEAST_MAP, readonly=False)
        if code in (errno.EACCES, errno.EROFS, errno.EPERM):
            return _environment(path, size, readonly=True)
        raise


def _environment(path: Path, size: int, readonly: bool) -> lmdb.Environment:
    return lmdb.open(
        str(path),
        subdir=False,
        map_size=size,
        readonly=readonly,
        readahead=False,
        max_readers=MOST_READERS,
    )


def release(shared: Shared) -> None:
    """End the use of an environment; the last user closes it."""
    with _sharing:
        shared.users -= 1
        if shared.users == 0:
            _shared_environments.pop(shared.identity, None)
            shared.environment.close()
