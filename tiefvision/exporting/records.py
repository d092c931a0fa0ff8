"""What is exported: a collection, and its rows with their vectors in batches."""

import math
import re
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tiefvision.errors import BadUsage, TiefVisionError
from tiefvision.records import Box
from tiefvision.version import __version__

Value = str | float
"""A further fact of an item, as items.csv tells it."""

Kind = Literal["text", "number"]

BATCH_ROWS = 4096
"""Rows of a batch: 8 MiB of 512 numbers each, a row group of a Parquet file."""

TEXTS = ("item", "photo", "category", "variant", "fingerprint")
"""Fields of every row that are texts."""

FIELDS = ("id", *TEXTS, "box", "vector")
"""Fields of every row, in every store."""

MANIFEST = "export.json"
"""Name of the file that describes an exported folder, and marks it as one."""

FORMAT = 1
"""Version of the fields and of the manifest."""

UNIT = 1e-3
"""Most by which the length of a vector may differ from 1; one of zeros is allowed."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
"""What every store takes as a name: Milvus no hyphen, OpenSearch no capitals."""


@dataclass(frozen=True)
class ExportRow:
    """A photograph of the catalogue.

    Attributes:
        id: number of the row, which no other row ever gets.
        item: identifier of the item.
        photo: path of the photograph, relative to the folder of the catalogue.
        box: box of the garment in pixels of the photograph after EXIF rotation; None
            for the whole photograph.
        category: group of the garment; "" if unknown.
        variant: variant of the item, such as its colour; "" if unknown.
        columns: further facts of the item by name.
        fingerprint: identifies the photograph's content and how its vector was made.
    """

    id: int
    item: str
    photo: str
    box: Box | None = None
    category: str = ""
    variant: str = ""
    columns: Mapping[str, Value] | None = None
    fingerprint: str = ""


@dataclass(frozen=True)
class ExportBatch:
    """Consecutive rows with their vectors.

    Attributes:
        rows: n rows.
        vectors: embeddings of unit length, (n, D) float32.
    """

    rows: Sequence[ExportRow]
    vectors: NDArray[np.float32]


@dataclass(frozen=True)
class Collection:
    """What is exported as a whole.

    Attributes:
        name: name of the collection, table or index in the other store: lower-case
            letters, digits and underscores, a letter first, 40 characters at most.
        ranker: name of the ranker whose vectors these are.
        dimension: length of a vector.
        count: number of rows.
        columns: names and kinds of the rows' further facts (``kinds_of``).

    Raises:
        BadUsage: The name is none that every store takes.
    """

    name: str
    ranker: str
    dimension: int
    count: int
    columns: Mapping[str, Kind]

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise BadUsage(
                f"{self.name!r} is no name for a collection.",
                "Use lower-case letters, digits and underscores, a letter first, and "
                "at most 40 characters.",
            )

    def manifest(self) -> dict[str, Any]:
        """The collection as JSON describes it beside its rows."""
        return {
            "format": FORMAT,
            "tiefvision": __version__,
            "name": self.name,
            "ranker": self.ranker,
            "dimension": self.dimension,
            "count": self.count,
            "columns": dict(self.columns),
            "vectors": "float32, unit length: the inner product is the cosine",
        }


def require_dimension(collection: Collection, store: str, most: int) -> None:
    """Check that a store takes vectors of this length.

    Args:
        collection: what is exported.
        store: name of the store.
        most: length of its longest vector.

    Raises:
        BadUsage: It takes shorter ones only.
    """
    if collection.dimension > most:
        raise BadUsage(
            f"{store} holds vectors of at most {most} numbers; those of "
            f"{collection.ranker} have {collection.dimension}.",
            "Use another --ranker or another --to.",
        )


def kinds_of(columns: Iterable[Mapping[str, Value] | None]) -> dict[str, Kind]:
    """Names and kinds of further facts: numbers if every value is one.

    An empty text is a missing value.

    >>> kinds_of([{"title": "Skirt", "price": 9.5}, {"price": ""}, None])
    {'title': 'text', 'price': 'number'}
    """
    kinds: dict[str, Kind] = {}
    for facts in columns:
        for name, value in (facts or {}).items():
            if value == "":
                continue
            is_text = isinstance(value, str) or kinds.get(name) == "text"
            kinds[name] = "text" if is_text else "number"
    return kinds


def batches_of(
    rows: Sequence[ExportRow], vectors: NDArray[np.float32], size: int = BATCH_ROWS
) -> Iterator[ExportBatch]:
    """Batches of rows whose vectors, (N, D), are in memory or mapped into it."""
    for start in range(0, len(rows), size):
        chosen = slice(start, start + size)
        yield ExportBatch(rows[chosen], vectors[chosen])


def checked(
    collection: Collection, batches: Iterable[ExportBatch]
) -> Iterator[ExportBatch]:
    """The batches, if they are what the collection says.

    Raises:
        TiefVisionError: A vector is not of unit length, a number is not above the one
            before, or there are more or fewer rows than the collection has.
    """
    count, last = 0, -1
    for batch in batches:
        vectors = np.ascontiguousarray(batch.vectors, dtype=np.float32)
        if vectors.shape != (len(batch.rows), collection.dimension):
            raise _broken(
                f"{len(batch.rows)} rows of {collection.dimension} numbers have "
                f"vectors of shape {vectors.shape}"
            )
        lengths = np.linalg.norm(vectors, axis=1)
        wrong = ~((abs(lengths - 1) <= UNIT) | (lengths == 0))  # NaN is wrong, too
        if wrong.any():
            row = batch.rows[int(wrong.argmax())]
            raise _broken(f"the vector of {row.photo} is not of unit length")
        for row in batch.rows:
            if row.id <= last:
                raise _broken(f"row {row.id} comes after row {last}")
            last = row.id
        count += len(batch.rows)
        yield ExportBatch(batch.rows, vectors)
    if count != collection.count:
        raise _broken(f"{count} of {collection.count} rows were read")


def _broken(what: str) -> TiefVisionError:
    return TiefVisionError(
        f"The rows cannot be exported: {what}.",
        "See what tiefvision catalogue status tells, and run again.",
    )


def stored_text(text: str) -> str:
    r"""A text that every store can hold.

    The part of a file name that is not text becomes an escape, as in JSON, and so does
    NUL, which PostgreSQL refuses.

    >>> stored_text("skirt\udce9\0.jpg")
    'skirt\\udce9\\x00.jpg'
    """
    return (
        text.replace("\0", "\\x00").encode("utf-8", "backslashreplace").decode("utf-8")
    )


def stored_value(value: Value | None, kind: Kind) -> Value | None:
    """A further fact as its column holds it; None if it is missing or no number."""
    if value is None or value == "":
        return None
    if kind == "text":
        return stored_text(str(value))
    return float(value) if math.isfinite(float(value)) else None


def stored_row(row: ExportRow) -> dict[str, Any]:
    """The fields of a row without its vector and its further facts."""
    return {
        "id": row.id,
        **{field: stored_text(getattr(row, field)) for field in TEXTS},
        "box": None if row.box is None else [float(edge) for edge in row.box],
    }


def stored_columns(row: ExportRow, kinds: Mapping[str, Kind]) -> dict[str, Value]:
    """The known further facts of a row by name, for stores of JSON."""
    facts = row.columns or {}
    values = {name: stored_value(facts.get(name), kind) for name, kind in kinds.items()}
    return {
        stored_text(name): value for name, value in values.items() if value is not None
    }


def flat_row(
    row: ExportRow, kinds: Mapping[str, Kind], names: Mapping[str, str]
) -> dict[str, Any]:
    """The fields and further facts of a row side by side, for stores with columns.

    Args:
        row: row.
        kinds: kinds of the further facts.
        names: fields of the further facts (``field_names``).
    """
    facts = row.columns or {}
    further = {
        names[column]: stored_value(facts.get(column), kind)
        for column, kind in kinds.items()
    }
    return {**stored_row(row), **further}


def field_names(
    columns: Iterable[str],
    taken: Container[str] = FIELDS,
    most_bytes: int = 63,
    avoided: str = "",
) -> dict[str, str]:
    """Names of the columns as fields of a store, each another one.

    A column that is called like a field which is taken gets "items_" before its name.

    Args:
        columns: names of columns.
        taken: fields beside the columns.
        most_bytes: longest name that the store takes, in UTF-8: PostgreSQL's 63.
        avoided: characters that become underscores.

    >>> list(field_names(["price", "category", "items_category"]).values())
    ['price', 'items_category', 'items_category_2']
    """
    names: dict[str, str] = {}
    for column in columns:
        wanted = stored_text(column).strip() or "column"
        wanted = "".join("_" if one in avoided else one for one in wanted)
        if wanted in taken:
            wanted = f"items_{wanted}"
        name, number = _cut(wanted, most_bytes), 1
        while name in taken or name in names.values():
            number += 1
            ending = f"_{number}"
            name = _cut(wanted, most_bytes - len(ending)) + ending
        names[column] = name
    return names


def _cut(text: str, most_bytes: int) -> str:
    return text.encode("utf-8")[:most_bytes].decode("utf-8", "ignore")
