"""Artifacts in LMDB files, one file each; beside `faults`, all that imports LMDB.

A writer fills ``NAME.lmdb.partial``, commits batch by batch, and renames the file to
``NAME.lmdb`` at the end. If a writer is killed the committed batches stay, and the next
writer of the same piece of work (``Header.same_work``) continues from them.
"""

import os
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import lmdb

from tiefvision.errors import MissingArtifact, StaleArtifact
from tiefvision.store.codec import (
    bytes_to_record,
    bytes_to_tensor,
    bytes_to_tensors,
    key_to_bytes,
    record_to_bytes,
    tensors_to_bytes,
)
from tiefvision.store.faults import reading_error, writing_errors
from tiefvision.store.header import Header
from tiefvision.store.limits import GIBIBYTE, MAX_GIB, require_size_limit
from tiefvision.store.locking import release_lock, take_lock
from tiefvision.store.survey import survey

if TYPE_CHECKING:  # headers and records are read without numpy
    from numpy.typing import NDArray

DERIVED = b"derived/"
"""Key prefix of entries that are derived from the others, such as an index. They can
differ from run to run, so they are left out of the digest."""

_HEADER_KEY = b"\x00header"  # sorts before every other key


class Artifact:
    """A finished artifact, opened for reading; use it as a context manager.

    An open LMDB environment must not cross a fork, and a process must not open the same
    file twice. Open an artifact in each process; the artifacts of a process on one file
    share one LMDB environment.

    Attributes:
        path: path of the file.
        header: header of the artifact.
    """

    def __init__(self, path: Path) -> None:
        """Open an artifact.

        Args:
            path: path of the file.

        Raises:
            MissingArtifact: There is no file at ``path``.
            StaleArtifact: The file is no artifact, is damaged, or has another schema.
            StorageFull: The system does not let it be read.
        """
        self.path = path
        if not path.is_file():
            raise MissingArtifact(f"There is no {path.name} in {path.parent}.")
        self._shared: _Shared | None = _share(path)
        self._environment: lmdb.Environment = self._shared.environment
        try:
            with self._environment.begin() as transaction:
                self.header = Header.from_json(transaction.get(_HEADER_KEY) or b"null")
        except (lmdb.Error, ValueError) as error:
            self.close()
            raise reading_error(path, error) from error

    def has(self, key: str) -> bool:
        """Whether the artifact holds an entry of this key."""
        with self._environment.begin() as transaction:
            return transaction.get(key_to_bytes(key)) is not None

    def keys(self, kind: str) -> list[str]:
        """Keys of a kind, sorted, without "kind/"; overlong keys end in a hash."""
        with self._environment.begin() as transaction:
            prefix = f"{kind}/".encode()
            return [
                key[len(prefix) :].decode(errors="replace")
                for key, _ in _entries(transaction, prefix)
            ]

    def record(self, key: str) -> Any:
        """The JSON value of a key. Raises KeyError if there is none."""
        return bytes_to_record(_value(self._environment, key))

    def records(self, kind: str) -> list[Any]:
        """The JSON values of all entries of a kind, sorted by key."""
        with self._environment.begin() as transaction:
            entries = _entries(transaction, f"{kind}/".encode())
            return [bytes_to_record(value) for _, value in entries]

    def tensors(self, key: str) -> "dict[str, NDArray[Any]]":
        """All arrays of a key, by name. Raises KeyError if there is no such key."""
        return _all_tensors(self._environment, key)

    def tensor(self, key: str, name: str) -> "NDArray[Any]":
        """One array of a key, read alone. Raises KeyError if there is none."""
        return _one_tensor(self._environment, key, name)

    def close(self) -> None:
        """Close the file; a second call has no effect."""
        shared, self._shared = self._shared, None
        if shared:
            _release(shared)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class ArtifactWriter:
    """Writes an artifact; use it as a context manager and call ``finish``.

    Attributes:
        path: path of the finished artifact.
        partial: path of the file that is being written.
        header: header as far as it is known before the work starts.
    """

    def __init__(self, path: Path, header: Header, max_gib: float = MAX_GIB) -> None:
        """Continue the partial file of the same piece of work, or start a new one.

        Args:
            path: path of the finished artifact.
            header: header as far as it is known before the work starts.
            max_gib: size limit of the file in GiB, as ``require_size_limit`` allows it.
                The file is sparse: only what is written takes space on the disk.

        Raises:
            StorageFull: Another process is writing this artifact, or the file cannot be
                written.
            BadUsage: ``max_gib`` is out of range.
        """
        require_size_limit(max_gib)
        self.path = path
        self.header = header
        self.partial = path.with_name(path.name + ".partial")
        self._max_gib = max_gib
        with writing_errors(path, max_gib):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._lock = take_lock(path)
        try:
            if self.partial.exists() and not self._continues():
                self.partial.unlink()
            with writing_errors(path, max_gib):
                self._environment = self._open()
                self._put_header(header)
        except BaseException:
            release_lock(self._lock)
            raise

    def _open(self) -> lmdb.Environment:
        return lmdb.open(
            str(self.partial),
            subdir=False,
            map_size=int(self._max_gib * GIBIBYTE),
            lock=False,  # take_lock keeps other writers out
            readahead=False,
        )

    def _put_header(self, header: Header) -> None:
        with self._environment.begin(write=True) as transaction:
            transaction.put(_HEADER_KEY, header.to_json().encode())
        self._fill_up()

    def _fill_up(self) -> None:
        """Extend the file to the number of pages that LMDB has allocated.

        LMDB does not write pages that one commit allocates and frees again. If they
        are the last pages the file is shorter than LMDB states, and would look
        truncated when it is opened.
        """
        expected = _expected_size(self._environment)
        if self.partial.stat().st_size < expected:
            os.truncate(self.partial, expected)

    def _continues(self) -> bool:
        try:
            with Artifact(self.partial) as unfinished:
                return unfinished.header.same_work(self.header)
        except StaleArtifact:
            return False

    def has(self, key: str) -> bool:
        """Whether a committed batch, of this run or a killed one, holds the key."""
        with self._environment.begin() as transaction:
            return transaction.get(key_to_bytes(key)) is not None

    def tensors(self, key: str) -> "dict[str, NDArray[Any]]":
        """All arrays of a committed key, by name. Raises KeyError if there is none."""
        return _all_tensors(self._environment, key)

    def tensor(self, key: str, name: str) -> "NDArray[Any]":
        """One array of a committed key. Raises KeyError if there is none."""
        return _one_tensor(self._environment, key, name)

    def record(self, key: str) -> Any:
        """The JSON value of a committed key. Raises KeyError if there is none."""
        return bytes_to_record(_value(self._environment, key))

    def write(
        self,
        tensors: "Mapping[str, Mapping[str, NDArray[Any]]] | None" = None,
        records: Mapping[str, Any] | None = None,
        delete: tuple[str, ...] = (),
    ) -> None:
        """Commit one batch in a transaction: either all of it is written, or nothing.

        Args:
            tensors: for each key, its arrays by name.
            records: for each key, its JSON value.
            delete: keys to delete in the same transaction.

        Raises:
            StorageFull: The file has reached its size limit or the disk is full;
                earlier batches are intact.
        """
        values = {
            key: tensors_to_bytes(value) for key, value in (tensors or {}).items()
        }
        values |= {
            key: record_to_bytes(value) for key, value in (records or {}).items()
        }
        with writing_errors(self.path, self._max_gib):
            with self._environment.begin(write=True) as transaction:
                for key in delete:
                    transaction.delete(key_to_bytes(key))
                for key in sorted(values):
                    transaction.put(key_to_bytes(key), values[key])
            self._fill_up()

    def finish(
        self,
        encoder: Mapping[str, str] | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> Header:
        """Complete the header and rename the partial file to its final name.

        Args:
            encoder: identity of the encoder whose feature maps the entries are
                computed from; None if there is none.
            details: facts that readers of the artifact need.

        Returns:
            The complete header.
        """
        with writing_errors(self.path, self._max_gib):
            with self._environment.begin() as transaction:
                count, layout, digest = survey(
                    (key, value)
                    for key, value in _entries(transaction, b"")
                    if key != _HEADER_KEY and not key.startswith(DERIVED)
                )
            header = replace(
                self.header,
                encoder=encoder,
                details=dict(details or {}),
                count=count,
                layout=layout,
                digest=digest,
            )
            self._put_header(header)
            self._environment.sync(True)
            self._environment.close()
            self.partial.replace(self.path)
        return header

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._environment.close()
        release_lock(self._lock)


@dataclass
class _Shared:
    """A LMDB environment that several artifacts of this process share.

    Attributes:
        identity: device and inode of the file.
        environment: the environment, opened for reading.
        readers: number of artifacts that use it; the last one closes it.
    """

    identity: tuple[int, int]
    environment: lmdb.Environment
    readers: int = 0


# By device and inode: a file that replaced another under the same path is a new file.
_shared_environments: dict[tuple[int, int], _Shared] = {}
_sharing = threading.Lock()


def _share(path: Path) -> _Shared:
    with _sharing:
        facts = path.stat()
        identity = (facts.st_dev, facts.st_ino)
        shared = _shared_environments.get(identity)
        if shared is None:
            try:
                environment = lmdb.open(
                    str(path), subdir=False, readonly=True, lock=False, readahead=False
                )
            except lmdb.Error as error:
                raise reading_error(path, error) from error
            # Reading beyond the end of a mapped file kills the process (SIGBUS).
            if facts.st_size < _expected_size(environment):
                environment.close()
                raise reading_error(path, ValueError("it is truncated"))
            shared = _shared_environments[identity] = _Shared(identity, environment)
        shared.readers += 1
        return shared


def _release(shared: _Shared) -> None:
    with _sharing:
        shared.readers -= 1
        if shared.readers == 0:
            del _shared_environments[shared.identity]
            shared.environment.close()


def _expected_size(environment: lmdb.Environment) -> int:
    pages: int = environment.info()["last_pgno"] + 1
    return pages * int(environment.stat()["psize"])


def _value(environment: lmdb.Environment, key: str) -> bytes:
    with environment.begin() as transaction:
        value = transaction.get(key_to_bytes(key))
    if value is None:
        raise KeyError(key)
    return bytes(value)


def _all_tensors(environment: lmdb.Environment, key: str) -> "dict[str, NDArray[Any]]":
    # With buffers=True the arrays are copied out of the mapped file, and nothing else:
    # the weights of a network can be 750 MB.
    with environment.begin(buffers=True) as transaction:
        value = transaction.get(key_to_bytes(key))
        if value is None:
            raise KeyError(key)
        return bytes_to_tensors(value)


def _one_tensor(environment: lmdb.Environment, key: str, name: str) -> "NDArray[Any]":
    # With buffers=True only the array is copied out of the mapped file.
    with environment.begin(buffers=True) as transaction:
        value = transaction.get(key_to_bytes(key))
        if value is None:
            raise KeyError(key)
        return bytes_to_tensor(value, name)


def _entries(
    transaction: lmdb.Transaction, prefix: bytes
) -> Iterator[tuple[bytes, bytes]]:
    cursor = transaction.cursor()
    if cursor.set_range(prefix):
        for key, value in cursor:
            if not bytes(key).startswith(prefix):
                return
            yield bytes(key), bytes(value)
