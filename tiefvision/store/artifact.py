"""One LMDB file an artifact: the only module that knows LMDB.

A writer works on ``NAME.lmdb.partial``, commits batch by batch, and renames it when
the work is whole; a killed writer leaves the committed batches, and the next one goes
on from them if it does the same piece of work.
"""

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import lmdb
from numpy.typing import NDArray

from tiefvision.errors import MissingArtifact, StaleArtifact, StorageFull
from tiefvision.store.codec import (
    bytes_to_record,
    bytes_to_tensor,
    bytes_to_tensors,
    key_to_bytes,
    record_to_bytes,
    tensors_to_bytes,
)
from tiefvision.store.header import Header
from tiefvision.store.locking import release_lock, take_lock
from tiefvision.store.survey import survey

GIBIBYTE = 1 << 30

MAX_GIB = 64.0
"""Default limit of an artifact: sparse, so it costs nothing until it is written."""

MOST_GIB = 1 << 16
"""Largest limit of a file: half of what a process can address on x86-64."""

DERIVED = b"derived/"
"""Kind of the entries that can be made again from the others and may come out
differently every time; they are left out of the digest."""

_HEADER_KEY = b"\x00header"  # sorts before every other key


class Artifact:
    """A finished artifact, opened for reading; use it as a context manager.

    An open LMDB environment must not cross a fork, and a process must not open a file
    twice: every process opens its own, once, however many artifacts read it.
    """

    def __init__(self, path: Path) -> None:
        """Open an artifact.

        Raises:
            MissingArtifact: There is none at ``path``.
            StaleArtifact: The file is not an artifact of this version.
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
            raise _not_an_artifact(path, error) from error

    def has(self, key: str) -> bool:
        """Whether it holds the key."""
        with self._environment.begin() as transaction:
            return transaction.get(key_to_bytes(key)) is not None

    def keys(self, kind: str) -> list[str]:
        """Names of all entries of a kind, in order; overlong names are hashed."""
        with self._environment.begin() as transaction:
            prefix = f"{kind}/".encode()
            return [
                key[len(prefix) :].decode(errors="replace")
                for key, _ in _entries(transaction, prefix)
            ]

    def record(self, key: str) -> Any:
        """The JSON value of a key. Raises KeyError."""
        return bytes_to_record(_value(self._environment, key))

    def records(self, kind: str) -> list[Any]:
        """The JSON values of all entries of a kind, in the order of their keys."""
        with self._environment.begin() as transaction:
            entries = _entries(transaction, f"{kind}/".encode())
            return [bytes_to_record(value) for _, value in entries]

    def tensors(self, key: str) -> dict[str, NDArray[Any]]:
        """The named arrays of a key. Raises KeyError."""
        return bytes_to_tensors(_value(self._environment, key))

    def tensor(self, key: str, name: str) -> NDArray[Any]:
        """One of the named arrays of a key, alone. Raises KeyError."""
        return _one_tensor(self._environment, key, name)

    def close(self) -> None:
        """Release the file; closing twice is harmless."""
        shared, self._shared = self._shared, None
        if shared:
            _release(shared)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class ArtifactWriter:
    """An artifact in the making; use it as a context manager and call ``finish``."""

    def __init__(self, path: Path, header: Header, max_gib: float = MAX_GIB) -> None:
        """Start a piece of work, or go on with it.

        Args:
            path: Of the finished artifact.
            header: What is known before the work starts.
            max_gib: Limit of the file in GiB. The file is sparse: it takes only
                what is written.

        Raises:
            StorageFull: Another process is writing it, or the disk is full.
        """
        if not 0 < max_gib <= MOST_GIB:  # nor is "nan" a limit
            raise StorageFull(
                f"A limit of {max_gib:g} GiB for {path} is out of range.",
                f"Use --max-gib with a number from 0.001 to {MOST_GIB}.",
            )
        self.path = path
        self.header = header
        self.partial = path.with_name(path.name + ".partial")
        self._max_gib = max_gib
        with _storage_errors(path, max_gib):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._lock = take_lock(path)
        try:
            if self.partial.exists() and not self._continues():
                self.partial.unlink()
            with _storage_errors(path, max_gib):
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
            lock=False,  # the lock file of this class keeps other writers out
            readahead=False,
        )

    def _put_header(self, header: Header) -> None:
        with self._environment.begin(write=True) as transaction:
            transaction.put(_HEADER_KEY, header.to_json().encode())
        self._fill_up()

    def _fill_up(self) -> None:
        """Lengthen the file to the pages it counts.

        LMDB never writes pages that a commit took and freed again. At the end of the
        file they would make it look truncated.
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
        """Whether an earlier batch, perhaps of a killed run, holds the key."""
        with self._environment.begin() as transaction:
            return transaction.get(key_to_bytes(key)) is not None

    def tensors(self, key: str) -> dict[str, NDArray[Any]]:
        """The named arrays of a key that has been committed. Raises KeyError."""
        return bytes_to_tensors(_value(self._environment, key))

    def tensor(self, key: str, name: str) -> NDArray[Any]:
        """One of the named arrays of a key that has been committed. Raises KeyError."""
        return _one_tensor(self._environment, key, name)

    def record(self, key: str) -> Any:
        """The JSON value of a key that has been committed. Raises KeyError."""
        return bytes_to_record(_value(self._environment, key))

    def write(
        self,
        tensors: Mapping[str, Mapping[str, NDArray[Any]]] | None = None,
        records: Mapping[str, Any] | None = None,
        delete: tuple[str, ...] = (),
    ) -> None:
        """Commit one batch: all of it reaches the disk, or nothing.

        Args:
            tensors: Named arrays by key.
            records: JSON values by key.
            delete: Keys that go in the same batch.

        Raises:
            StorageFull: The map or the disk is full; earlier batches are intact.
        """
        values = {
            key: tensors_to_bytes(value) for key, value in (tensors or {}).items()
        }
        values |= {
            key: record_to_bytes(value) for key, value in (records or {}).items()
        }
        with _storage_errors(self.path, self._max_gib):
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
        """Complete the header, and rename the file to its name.

        Args:
            encoder: Identity of the encoder that the entries build on.
            details: Facts for readers of the artifact.
        """
        with _storage_errors(self.path, self._max_gib):
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
    """An environment that several artifacts of this process read."""

    identity: tuple[int, int]
    environment: lmdb.Environment
    readers: int = 0


# By device and inode, because a file that was renamed into place is another one.
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
                raise _not_an_artifact(path, error) from error
            # Reading beyond the end of a mapped file would end the process (SIGBUS).
            if facts.st_size < _expected_size(environment):
                environment.close()
                raise _not_an_artifact(path, ValueError("it is truncated"))
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


def _not_an_artifact(path: Path, error: Exception) -> StaleArtifact:
    return StaleArtifact(f"{path} is not an artifact: {str(error).rstrip('.')}.")


def _value(environment: lmdb.Environment, key: str) -> bytes:
    with environment.begin() as transaction:
        value = transaction.get(key_to_bytes(key))
    if value is None:
        raise KeyError(key)
    return bytes(value)


def _one_tensor(environment: lmdb.Environment, key: str, name: str) -> NDArray[Any]:
    # With buffers nothing but the array is copied out of the mapped file.
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


@contextmanager
def _storage_errors(path: Path, max_gib: float) -> Iterator[None]:
    try:
        yield
    except lmdb.MapFullError as error:
        raise StorageFull(
            f"{path} would outgrow its limit of {max_gib:g} GiB; what was written is "
            "kept.",
            "Run again with a larger --max-gib.",
        ) from error
    except (lmdb.Error, OSError) as error:
        raise StorageFull(
            f"{path} cannot be written ({error}); what was written is kept.",
            "Free space on the disk and run again.",
        ) from error
