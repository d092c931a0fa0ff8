"""A table that changes: one LMDB file with several readers and one writer at a time.

An `Artifact` is finished and never changes; a table lives. Each transaction is written
whole or not at all, also if its process is killed, and a reader sees the state of one
moment. LMDB reuses the pages that a transaction frees only when no older reader is
left, so readers keep their transactions short.

Not for network file systems, whose locks and memory maps LMDB cannot rely on.
"""

import errno
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import lmdb

from tiefvision.errors import MissingArtifact, StaleArtifact
from tiefvision.store.codec import (
    bytes_to_record,
    bytes_to_tensor,
    key_to_bytes,
    record_to_bytes,
    tensors_to_bytes,
)
from tiefvision.store.faults import reading_error, writing_errors
from tiefvision.store.limits import GIBIBYTE, MAX_GIB, require_size_limit

if TYPE_CHECKING:  # records are read without NumPy
    from collections.abc import Mapping

    from numpy.typing import NDArray

SCHEMA = 1
"""Version of the layout of a table; others are refused."""

_SCHEMA_KEY = b"\x00table"  # sorts before every other key

_LEAST_MAP = 1 << 30
"""Bytes of address space for a reader whose limit forbids the usual sparse map."""


class Snapshot:
    """The state of a table at one moment, for the length of a ``with`` block."""

    def __init__(self, transaction: lmdb.Transaction) -> None:
        self._transaction = transaction

    def has(self, key: str) -> bool:
        """Whether the table holds an entry of this key."""
        return self._transaction.get(key_to_bytes(key)) is not None

    def record(self, key: str, default: Any = None) -> Any:
        """The JSON value of a key; ``default`` if there is none."""
        value = self._transaction.get(key_to_bytes(key))
        return default if value is None else bytes_to_record(bytes(value))

    def content(self, key: str) -> bytes | None:
        """The bytes that ``Changes.put_content`` wrote; None if there are none."""
        value = self._transaction.get(key_to_bytes(key))
        return None if value is None else bytes(value)

    def tensor(self, key: str, name: str) -> "NDArray[Any]":
        """One array of a key. Raises KeyError if there is none."""
        value = self._transaction.get(key_to_bytes(key))
        if value is None:
            raise KeyError(key)
        return bytes_to_tensor(memoryview(value), name)

    def keys(self, prefix: str, after: str = "") -> Iterator[str]:
        """Keys with a prefix, sorted, without it.

        Args:
            prefix: prefix of the keys, with its slash.
            after: only keys behind this one, given without the prefix; "" for all.
        """
        for key, _ in self._entries(prefix, after, values=False):
            yield key

    def records(self, prefix: str, after: str = "") -> Iterator[tuple[str, Any]]:
        """Keys with a prefix, without it, and their JSON values; see ``keys``."""
        for key, value in self._entries(prefix, after):
            yield key, bytes_to_record(value)

    def contents(self, prefix: str, after: str = "") -> Iterator[tuple[str, bytes]]:
        """Keys with a prefix, without it, and their bytes; see ``keys``."""
        yield from self._entries(prefix, after)

    def _entries(
        self, prefix: str, after: str, values: bool = True
    ) -> Iterator[tuple[str, bytes]]:
        first, start = prefix.encode(), key_to_bytes(prefix + after)
        cursor = self._transaction.cursor()
        if not cursor.set_range(start):
            return
        if after and cursor.key() == start and not cursor.next():
            return
        while True:
            key = bytes(cursor.key())
            if not key.startswith(first):
                return
            name = key[len(first) :].decode(errors="replace")
            yield name, bytes(cursor.value()) if values else b""
            if not cursor.next():
                return


class Changes(Snapshot):
    """A transaction that writes; all of it counts at the end of the block, or nothing.

    It sees its own changes.
    """

    def put_record(self, key: str, record: Any) -> None:
        """Write a JSON value."""
        self._transaction.put(key_to_bytes(key), record_to_bytes(record))

    def put_tensors(self, key: str, tensors: "Mapping[str, NDArray[Any]]") -> None:
        """Write named arrays."""
        self._transaction.put(key_to_bytes(key), tensors_to_bytes(tensors))

    def put_content(self, key: str, content: bytes) -> None:
        """Write bytes as they are."""
        self._transaction.put(key_to_bytes(key), content)

    def delete(self, key: str) -> bool:
        """Delete a key; whether there was one."""
        return bool(self._transaction.delete(key_to_bytes(key)))

    def delete_all(self, prefix: str, most: int) -> int:
        """Delete at most ``most`` keys with a prefix; the number that were deleted.

        A transaction that deletes very many keys would need as much memory, and keep
        other writers waiting.
        """
        first, cursor = prefix.encode(), self._transaction.cursor()
        deleted = 0
        found = cursor.set_range(first)
        while found and deleted < most and bytes(cursor.key()).startswith(first):
            found = cursor.delete()
            deleted += 1
        return deleted


class Table:
    """A table, opened; use it as a context manager.

    All tables of a process on one file share one LMDB environment, since LMDB must not
    open a file twice in a process. An environment must not cross a fork: open a table
    in each process.

    Attributes:
        path: path of the file; LMDB's own lock file lies beside it.
    """

    def __init__(
        self, path: Path, create: bool = False, max_gib: float = MAX_GIB
    ) -> None:
        """Open a table.

        Args:
            path: path of the file.
            create: whether a missing file is created, with its folder.
            max_gib: size limit of the file in GiB, as ``require_size_limit`` allows it.

        Raises:
            MissingArtifact: There is no file, and ``create`` is false.
            StaleArtifact: The file is no table, or is one of another schema.
            StorageFull: The system does not let it be opened.
            BadUsage: ``max_gib`` is out of range.
        """
        require_size_limit(max_gib)
        self.path, self._max_gib = path, max_gib
        if not create and not path.is_file():
            raise MissingArtifact(f"There is no {path.name} in {path.parent}.")
        with writing_errors(path, max_gib):
            path.parent.mkdir(parents=True, exist_ok=True)
        self._shared: _Shared | None = _share(path, create, max_gib)
        self._environment = self._shared.environment

    @contextmanager
    def read(self) -> Iterator[Snapshot]:
        """The state of the table at this moment; keep the block short.

        Raises:
            StaleArtifact: The file is damaged.
        """
        with _reading(self.path), self._begin() as transaction:
            yield Snapshot(transaction)

    def _begin(self) -> lmdb.Transaction:
        try:
            return self._environment.begin()
        except lmdb.MapResizedError:  # another process has a larger map
            with _sharing:
                self._environment.set_mapsize(0)
            return self._environment.begin()

    @contextmanager
    def write(self) -> Iterator[Changes]:
        """A transaction that writes; one at a time, also among processes.

        Raises:
            StorageFull: The file has reached its size limit, or the disk is full; the
                table is as it was before the block.
        """
        with (
            writing_errors(self.path, self._max_gib),
            self._environment.begin(write=True) as transaction,
        ):
            yield Changes(transaction)

    def tensor(self, key: str, name: str) -> "NDArray[Any]":
        """One array of a key, in a transaction of its own. Raises KeyError."""
        with self.read() as snapshot:
            return snapshot.tensor(key, name)

    @property
    def size(self) -> int:
        """Bytes of the file. It does not shrink: freed pages are used again."""
        return self.path.stat().st_size

    @property
    def is_current(self) -> bool:
        """Whether the file that is open still lies at its path."""
        try:
            facts = self.path.stat()
        except OSError:
            return False
        identity = facts.st_dev, facts.st_ino
        return self._shared is not None and self._shared.identity == identity

    def close(self) -> None:
        """Close the table; a second call has no effect."""
        shared, self._shared = self._shared, None
        if shared:
            _release(shared)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@dataclass
class _Shared:
    """A LMDB environment that several tables of this process share.

    Attributes:
        identity: device and inode of the file.
        environment: the environment.
        users: number of tables that use it; the last one closes it.
    """

    identity: tuple[int, int]
    environment: lmdb.Environment
    users: int = 0


# By device and inode, as a file may have replaced another under the same path.
_shared_environments: dict[tuple[int, int], _Shared] = {}
_sharing = threading.RLock()


def _share(path: Path, create: bool, max_gib: float) -> _Shared:
    with _sharing:
        facts = path.stat() if path.exists() else None
        identity = (facts.st_dev, facts.st_ino) if facts else (0, 0)
        shared = _shared_environments.get(identity)
        if shared is None:
            environment = _open(path, create, max_gib)
            facts = path.stat()
            identity = (facts.st_dev, facts.st_ino)
            shared = _shared_environments[identity] = _Shared(identity, environment)
        elif max_gib * GIBIBYTE > shared.environment.info()["map_size"]:
            shared.environment.set_mapsize(int(max_gib * GIBIBYTE))
        shared.users += 1
        return shared


def _open(path: Path, create: bool, max_gib: float) -> lmdb.Environment:
    """Open the environment and check that it is a table, or make it one."""
    with writing_errors(path, max_gib) if create else _reading(path):
        environment = _map(path, max_gib)
    try:
        environment.reader_check()  # slots of readers that were killed
        _fill_up(path, environment)
        with environment.begin() as transaction:
            found = transaction.get(_SCHEMA_KEY)
            is_empty = not transaction.stat()["entries"]
        if found is None and is_empty and create:
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
    if path.stat().st_size < expected and not environment.flags()["readonly"]:
        os.truncate(path, expected)


@contextmanager
def _reading(path: Path) -> Iterator[None]:
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
        max_readers=1024,
    )


def _release(shared: _Shared) -> None:
    with _sharing:
        shared.users -= 1
        if shared.users == 0:
            del _shared_environments[shared.identity]
            shared.environment.close()
