"""The labels of a workspace: saved, taken back, asked.

Nothing is overwritten. Of a photograph the latest label counts that was not taken back,
so taking one back brings the state before.
"""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from tiefvision.labels.checking import checked_judgement, checked_label, checked_who
from tiefvision.labels.database import reading, writing
from tiefvision.labels.records import (
    DEFAULT_WHO,
    Judgement,
    Kind,
    KnownPhoto,
    Origin,
    PhotoKey,
    PhotoLabel,
    State,
)
from tiefvision.records import Garment, Photo

FILE = "labels.sqlite"
"""Name of the file in a workspace."""

_TABLES: dict[Kind, str] = {"boxes": "boxes", "triplet": "triplets"}

_KEPT = """number NOT IN (SELECT number FROM taken_back WHERE kind = ?)"""

_BOXES = """
SELECT number, state, garments, who, at, origin, path, content, root, facts{more}
FROM boxes JOIN photos ON photos.id = boxes.photo
"""

_LATEST = f"""{_BOXES.format(more=", max(number)")}
WHERE {_KEPT} GROUP BY origin, path ORDER BY number
"""
# With max(), SQLite takes the other columns from the row of the maximum:
# https://www.sqlite.org/lang_select.html#bareagg


@dataclass(frozen=True)
class LabelStore:
    """The labels in one SQLite file, which is made by the first save.

    Every method opens a connection of its own, so all threads and processes may use it
    at once. All raise StaleArtifact, StorageFull and TiefVisionError where the file
    cannot be used (``labels/database.py``).

    Attributes:
        file: path of the file.
    """

    file: Path

    def save_boxes(self, label: PhotoLabel) -> PhotoLabel:
        """Save what somebody said of a photograph.

        Returns:
            The label as it was saved, with its number and the time; it is on the disk.

        Raises:
            BadUsage: A box or name cannot be saved (``checking.py``).
        """
        return self.save_all_boxes([label])[0]

    def save_all_boxes(self, labels: Sequence[PhotoLabel]) -> list[PhotoLabel]:
        """Save several labels in one transaction: all of them or none."""
        checked = [
            replace(checked_label(label), at=label.at or _now()) for label in labels
        ]
        if not checked:
            return []
        with writing(self.file) as database:
            return [
                replace(label, number=_insert_boxes(database, label))
                for label in checked
            ]

    def save_judgement(self, judgement: Judgement) -> Judgement:
        """Save which of two photographs is closer to a third one.

        Returns:
            The judgement as it was saved, with its number; it is on the disk.

        Raises:
            BadUsage: The photographs are not different.
        """
        return self.save_all_judgements([judgement])[0]

    def save_all_judgements(self, judgements: Sequence[Judgement]) -> list[Judgement]:
        """Save several judgements in one transaction: all of them or none."""
        checked = [
            replace(checked_judgement(one), at=one.at or _now()) for one in judgements
        ]
        if not checked:
            return []
        with writing(self.file) as database:
            return [
                replace(one, number=_insert_judgement(database, one)) for one in checked
            ]

    def take_back(self, kind: Kind, number: int, who: str = DEFAULT_WHO) -> bool:
        """Take a saved label back; it stays in the history.

        Returns:
            Whether there was one that had not been taken back.
        """
        who = checked_who(who)
        with writing(self.file) as database:
            known = database.execute(
                f"SELECT 1 FROM {_TABLES[kind]} WHERE number = ? AND {_KEPT}",
                (number, kind),
            ).fetchone()
            if known:
                values = (kind, number, who, _now())
                database.execute("INSERT INTO taken_back VALUES (?, ?, ?, ?)", values)
            return known is not None

    def last_number(self, kind: Kind, who: str = DEFAULT_WHO) -> int:
        """Number of the last save of a person that was not taken back; 0 for none."""
        with reading(self.file) as database:
            (number,) = database.execute(
                f"SELECT max(number) FROM {_TABLES[kind]} WHERE who = ? AND {_KEPT}",
                (checked_who(who), kind),
            ).fetchone()
            return number or 0

    def labels(self) -> list[PhotoLabel]:
        """The label that counts of each photograph, in the order of the saves."""
        with reading(self.file) as database:
            return [_label(row) for row in database.execute(_LATEST, ("boxes",))]

    def label_of(self, key: PhotoKey) -> PhotoLabel | None:
        """The label of a photograph that counts; None for none."""
        kept = [label for label, counts in self.history(key) if counts]
        return kept[-1] if kept else None

    def history(self, key: PhotoKey) -> list[tuple[PhotoLabel, bool]]:
        """All labels of a photograph, oldest first, and whether each still counts."""
        with reading(self.file) as database:
            gone = _taken_back(database, "boxes")
            where = "WHERE origin = ? AND path = ? ORDER BY number"
            rows = database.execute(_BOXES.format(more="") + where, key)
            return [(label, label.number not in gone) for label in map(_label, rows)]

    def saved_boxes(self, number: int) -> PhotoLabel | None:
        """A save by its number, also one that was taken back; None for none."""
        with reading(self.file) as database:
            where = "WHERE number = ?"
            rows = database.execute(_BOXES.format(more="") + where, (number,))
            return next(map(_label, rows), None)

    def states(self) -> dict[PhotoKey, State]:
        """What was said of each photograph that has a label."""
        with reading(self.file) as database:
            rows = database.execute(
                "SELECT origin, path, state, max(number) FROM boxes "
                f"JOIN photos ON photos.id = boxes.photo WHERE {_KEPT} "
                "GROUP BY origin, path",
                ("boxes",),
            )
            return {(row[0], row[1]): row[2] for row in rows}

    def names(self) -> set[tuple[str, str]]:
        """Every group and name ("" for none) that a box was ever saved with."""
        with reading(self.file) as database:
            rows = database.execute(
                "SELECT DISTINCT json_extract(value, '$[0]'), "
                "json_extract(value, '$[1]') FROM boxes, json_each(garments)"
            )
            return {(group, name) for group, name in rows}

    def judgements(self) -> list[Judgement]:
        """The judgements that were not taken back, in the order of the saves."""
        with reading(self.file) as database:
            rows = database.execute(
                f"SELECT * FROM triplets WHERE {_KEPT} ORDER BY number", ("triplet",)
            ).fetchall()
            photos = _photos(database)
            return [
                Judgement(photos[a], photos[b], photos[c], bool(neither), who, at, n)
                for n, a, b, c, neither, who, at in rows
            ]

    def photos(self) -> list[KnownPhoto]:
        """Every photograph that was ever labelled or judged, as known last."""
        with reading(self.file) as database:
            return list({one.key: one for one in _photos(database).values()}.values())

    def keep_upload(self, content: bytes) -> str:
        """Keep the file of an upload, before its label is saved.

        Returns:
            Its SHA-256 in hexadecimal.
        """
        digest = sha256(content).hexdigest()
        with writing(self.file) as database:
            database.execute(
                "INSERT OR IGNORE INTO uploads VALUES (?, ?)", (digest, content)
            )
        return digest

    def upload(self, content: str) -> bytes | None:
        """File of an upload that is kept, by its SHA-256; None if unknown."""
        with reading(self.file) as database:
            row = database.execute(
                "SELECT bytes FROM uploads WHERE content = ?", (content,)
            ).fetchone()
            return row[0] if row else None


def upload_photo(content: bytes, suffix: str, width: int, height: int) -> KnownPhoto:
    """An upload as a photograph that can be labelled; see ``keep_upload``.

    Args:
        content: its file.
        suffix: suffix of its format, such as ".jpg".
        width: width in pixels after EXIF rotation.
        height: height in pixels after EXIF rotation.
    """
    digest = sha256(content).hexdigest()
    photo = Photo(digest + suffix, width, height, "street", "train")
    return KnownPhoto("upload", photo, content=digest)


def _insert_boxes(database: sqlite3.Connection, label: PhotoLabel) -> int:
    garments = [[one.category, one.label, *one.box_in_image] for one in label.garments]
    photo = _photo_id(database, label.photo)
    return _insert(
        database,
        "INSERT INTO boxes (photo, state, garments, who, at) VALUES (?, ?, ?, ?, ?)",
        (photo, label.state, json.dumps(garments), label.who, label.at),
    )


def _insert_judgement(database: sqlite3.Connection, judgement: Judgement) -> int:
    photos = (judgement.reference, judgement.closer, judgement.further)
    return _insert(
        database,
        "INSERT INTO triplets (reference, closer, further, neither, who, at) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        (
            *(_photo_id(database, photo) for photo in photos),
            judgement.neither,
            judgement.who,
            judgement.at,
        ),
    )


def _insert(database: sqlite3.Connection, statement: str, values: Sequence[Any]) -> int:
    number = database.execute(statement, values).lastrowid
    assert number is not None
    return number


def _photo_id(database: sqlite3.Connection, known: KnownPhoto) -> int:
    """Number of a photograph, which is entered, or known better from now on."""
    facts = asdict(known.photo)
    del facts["garments"], facts["path"]
    database.execute(
        "INSERT INTO photos (origin, path, content, root, facts) "
        "VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
        "root = excluded.root, facts = excluded.facts",
        (*known.key, known.content, known.root, json.dumps(facts)),
    )
    (number,) = database.execute(
        "SELECT id FROM photos WHERE origin = ? AND path = ? AND content = ?",
        (*known.key, known.content),
    ).fetchone()
    return int(number)


def _photos(database: sqlite3.Connection) -> dict[int, KnownPhoto]:
    rows = database.execute(
        "SELECT id, origin, path, content, root, facts FROM photos ORDER BY id"
    )
    return {number: _photo(*values) for number, *values in rows}


def _photo(
    origin: Origin, path: str, content: str, root: str, facts: str
) -> KnownPhoto:
    return KnownPhoto(origin, Photo(path, **json.loads(facts)), root, content)


def _label(row: Sequence[Any]) -> PhotoLabel:
    """The label of a row that ``_BOXES`` selects."""
    number, state, garments, who, at, *photo = row
    found = tuple(
        Garment(group, (x0, y0, x1, y1), label=name)
        for group, name, x0, y0, x1, y1 in json.loads(garments)
    )
    return PhotoLabel(_photo(*photo[:5]), state, found, who, at, number)


def _taken_back(database: sqlite3.Connection, kind: Kind) -> set[int]:
    rows = database.execute("SELECT number FROM taken_back WHERE kind = ?", (kind,))
    return {number for (number,) in rows}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
