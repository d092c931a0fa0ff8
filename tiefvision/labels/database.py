"""The SQLite file of the labels: its schema, and its errors as sentences.

Write-ahead logging lets pages read while one saves. ``synchronous=FULL`` flushes every
commit to the disk, so what was told as saved outlives the process and the machine's
power. Not for network file systems, which write-ahead logging cannot work on.

Each operation opens a connection of its own: labels come by hand, and a connection that
is never shared needs no rule about threads.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from tiefvision.errors import StaleArtifact, StorageFull, TiefVisionError
from tiefvision.files import exists
from tiefvision.storage import storage_errors

SCHEMA_VERSION = 1

APPLICATION = 0x54564C42
"""The number by which SQLite's header tells this file from other ones: "TVLB"."""

BUSY_SECONDS = 10.0
"""How long a save waits for another one; each takes milliseconds."""

SCHEMA = """
CREATE TABLE photos (
  id INTEGER PRIMARY KEY,
  origin TEXT NOT NULL,
  path TEXT NOT NULL,
  content TEXT NOT NULL,
  root TEXT NOT NULL,
  facts TEXT NOT NULL,
  UNIQUE (origin, path, content)
);
CREATE TABLE boxes (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  photo INTEGER NOT NULL REFERENCES photos (id),
  state TEXT NOT NULL,
  garments TEXT NOT NULL,
  who TEXT NOT NULL,
  at TEXT NOT NULL
);
CREATE TABLE triplets (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  reference INTEGER NOT NULL REFERENCES photos (id),
  closer INTEGER NOT NULL REFERENCES photos (id),
  further INTEGER NOT NULL REFERENCES photos (id),
  neither INTEGER NOT NULL,
  who TEXT NOT NULL,
  at TEXT NOT NULL
);
CREATE TABLE taken_back (
  kind TEXT NOT NULL,
  number INTEGER NOT NULL,
  who TEXT NOT NULL,
  at TEXT NOT NULL,
  PRIMARY KEY (kind, number)
);
CREATE TABLE uploads (
  content TEXT PRIMARY KEY,
  bytes BLOB NOT NULL
);
CREATE INDEX boxes_of_photo ON boxes (photo);
"""
"""``facts`` and ``garments`` are JSON. Rows are added, never changed, apart from facts
and roots of photographs, which are the newest known."""


@contextmanager
def reading(file: Path) -> Iterator[sqlite3.Connection]:
    """A connection that sees the state of one moment; without a file, no labels.

    Raises:
        StaleArtifact: The file is of another program or a newer release.
        StorageFull: The system does not let it be read.
        TiefVisionError: It is damaged.
    """
    if exists(file):
        with _faults(file), _opened(file, "rw") as database:
            if not _is_new(database):
                _require_schema(file, database)
                database.execute("BEGIN")
                yield database
                return
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as empty:
        _create(empty)
        yield empty


@contextmanager
def writing(file: Path) -> Iterator[sqlite3.Connection]:
    """A transaction that is on the disk when the block has ended, or not at all.

    The file and its folder are made if there are none.

    Raises:
        As ``reading`` does.
    """
    with storage_errors(file, "cannot be written"):
        file.parent.mkdir(parents=True, exist_ok=True)
    with _faults(file), _opened(file, "rwc") as database:
        if not _is_new(database):
            _require_schema(file, database)
        # Refused while others have the file open; a later save succeeds, and every
        # mode keeps what is committed.
        with suppress(sqlite3.OperationalError):
            database.execute("PRAGMA journal_mode = WAL")
        database.execute("BEGIN IMMEDIATE")
        try:
            if _is_new(database):
                _create(database)
            yield database
            database.execute("COMMIT")
        except BaseException:
            if database.in_transaction:
                database.execute("ROLLBACK")
            raise


@contextmanager
def _opened(file: Path, mode: str) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(
        f"{file.absolute().as_uri()}?mode={mode}",
        timeout=BUSY_SECONDS,
        isolation_level=None,
        uri=True,
    )
    with closing(connection) as database:
        database.execute("PRAGMA synchronous = FULL")
        database.execute("PRAGMA foreign_keys = ON")
        yield database


def _is_new(database: sqlite3.Connection) -> bool:
    """Whether nothing has been written into the file."""
    (tables,) = database.execute("SELECT count(*) FROM sqlite_master").fetchone()
    return not tables and _pragma(database, "user_version") == 0


def _create(database: sqlite3.Connection) -> None:
    for statement in SCHEMA.split(";"):  # executescript would commit first
        database.execute(statement)
    database.execute(f"PRAGMA application_id = {APPLICATION}")
    database.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _require_schema(file: Path, database: sqlite3.Connection) -> None:
    version = _pragma(database, "user_version")
    if _pragma(database, "application_id") != APPLICATION:
        raise StaleArtifact(
            f"{file} is a database of another program.", "Move it elsewhere."
        )
    if version > SCHEMA_VERSION:
        raise StaleArtifact(
            f"{file} is of a newer release of tiefvision: its schema is {version}, and "
            f"this release reads up to {SCHEMA_VERSION}.",
            "Install the newest release: pip install --upgrade tiefvision",
        )


def _pragma(database: sqlite3.Connection, name: str) -> int:
    return int(database.execute(f"PRAGMA {name}").fetchone()[0])


_ADVICE = {
    "SQLITE_BUSY": "Another process has been saving for long: end it and try again.",
    "SQLITE_FULL": "Free space on its disk and save again.",
    "SQLITE_READONLY": "It, or its disk, can only be read: change its permissions.",
    "SQLITE_CANTOPEN": "See that its folder exists and can be written to.",
    "SQLITE_IOERR": "Its disk is full or damaged: free space on it and save again.",
    "SQLITE_PERM": "Change its permissions (ls -l shows them).",
}
"""What helps, by the beginning of the name of SQLite's error."""


@contextmanager
def _faults(file: Path) -> Iterator[None]:
    """Errors of SQLite as sentences that name the file."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        name = getattr(error, "sqlite_errorname", "") or ""
        for start, advice in _ADVICE.items():
            if name.startswith(start):
                raise StorageFull(f"{file} cannot be used: {error}.", advice) from error
        if name.startswith(("SQLITE_NOTADB", "SQLITE_CORRUPT")):
            raise TiefVisionError(
                f"{file} holds no labels that can be read: {error}.",
                "Move it elsewhere, or put a copy of it in its place.",
            ) from error
        raise
