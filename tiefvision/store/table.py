"""A table that changes: one LMDB file with several readers and one writer at a time.

An `Artifact` is finished and never changes; a table lives. Each transaction is written
whole or not at all, also if its process is killed, and a reader sees the state of one
moment. LMDB reuses the pages that a transaction frees only when no older reader is
left, so readers keep their transactions short.

Not for network file systems, whose locks and memory maps LMDB cannot rely on.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import lmdb

from tiefvision.errors import MissingArtifact
from tiefvision.store.codec import (
    bytes_to_record,
    bytes_to_tensor,
    key_to_bytes,
    record_to_bytes,
    tensors_to_bytes,
)
from tiefvision.store.environments import (
    Shared,
    begin,
    identity_of,
    in_use,
    open_shared,
    read_errors,
    release,
)
from tiefvision.store.faults import writing_errors
from tiefvision.store.limits import MAX_GIB, require_size_limit

if TYPE_CHECKING:  # records are read without NumPy
    from collections.abc import Mapping

    from numpy.typing import NDArray


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
        self._shared: Shared | None = open_shared(path, create, max_gib)

    @contextmanager
    def read(self) -> Iterator[Snapshot]:
        """The state of the table at this moment; keep the block short.

        Raises:
            StaleArtifact: The file is damaged.
        """
        with read_errors(self.path), self._transaction(write=False) as transaction:
            yield Snapshot(transaction)

    @contextmanager
    def write(self) -> Iterator[Changes]:
        """A transaction that writes; one at a time, also among processes.

        Raises:
            StorageFull: The file has reached its size limit, or the disk is full, or it
                may not be written; the table is as it was before the block.
        """
        with (
            writing_errors(self.path, self._max_gib),
            self._transaction(write=True) as transaction,
        ):
            yield Changes(transaction)

    @contextmanager
    def _transaction(self, write: bool) -> Iterator[lmdb.Transaction]:
        if self._shared is None:
            raise ValueError(f"{self.path} is closed.")
        with in_use(self._shared), begin(self._shared, self.path, write) as transaction:
            yield transaction

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
        shared = self._shared
        return shared is not None and shared.identity == identity_of(self.path)

    def close(self) -> None:
        """Close the table; a second call has no effect."""
        shared, self._shared = self._shared, None
        if shared:
            release(shared)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
