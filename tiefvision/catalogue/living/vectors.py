"""Embeddings of rows in a table: the truth from which every index is built."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tiefvision.catalogue.living.collection import number_text
from tiefvision.store.table import Changes, Snapshot, Table

BLOCK = 4096
"""Embeddings read in one transaction: a reader must not hold one for long."""

Numbers = NDArray[np.int64]
"""Numbers of rows."""


def put_vectors(
    changes: Changes, key: str, space: str, number: int, vectors: NDArray[np.float32]
) -> None:
    """Write the embeddings of a row: of its crop, then of its close-ups.

    Close-ups are kept in half precision: they order a shortlist, and no index is built
    of them.

    Args:
        changes: transaction.
        key: key of the collection.
        space: name of the space.
        number: number of the row.
        vectors: (1 + close-ups, D) of unit length.
    """
    whole = np.ascontiguousarray(vectors[0], dtype=np.float32).tobytes()
    changes.put_content(_key(key, space, number), whole)
    if len(vectors) > 1:
        closeups = vectors[1:].astype(np.float16).tobytes()
        changes.put_content(_closeups_key(key, space, number), closeups)


def delete_vectors(changes: Changes, key: str, space: str, number: int) -> None:
    """Delete the embeddings of a row, if there are any."""
    changes.delete(_key(key, space, number))
    changes.delete(_closeups_key(key, space, number))


def closeups_of(
    table: Table, key: str, space: str, numbers: Numbers, shape: tuple[int, int]
) -> NDArray[np.float32]:
    """Embeddings of the close-ups of rows, (n, P, D) float32; zeros for one without.

    Args:
        table: table of the catalogue.
        key: key of the collection.
        space: name of the space.
        numbers: numbers of n rows.
        shape: number P of close-ups, and length D of an embedding.
    """
    found = np.zeros((len(numbers), *shape), dtype=np.float32)
    with table.read() as snapshot:
        for place, number in enumerate(numbers):
            content = snapshot.content(_closeups_key(key, space, int(number)))
            if content is not None:
                found[place] = np.frombuffer(content, dtype=np.float16).reshape(shape)
    return found


def vectors_of(
    table: Table, key: str, space: str, numbers: Sequence[int] | Numbers, dimension: int
) -> NDArray[np.float32]:
    """Embeddings of rows, (n, D) float32; zeros for a row that is gone meanwhile.

    Zeros are as similar to everything as a row that was removed: not at all.

    Args:
        table: table of the catalogue.
        key: key of the collection.
        space: name of the space.
        numbers: numbers of n rows.
        dimension: length D of an embedding.
    """
    found = np.zeros((len(numbers), dimension), dtype=np.float32)
    for start in range(0, len(numbers), BLOCK):
        with table.read() as snapshot:
            for place, number in enumerate(numbers[start : start + BLOCK], start):
                content = snapshot.content(_key(key, space, int(number)))
                if content is not None:
                    found[place] = np.frombuffer(content, dtype=np.float32)
    return found


def vectors_behind(
    snapshot: Snapshot, key: str, space: str, number: int, dimension: int
) -> tuple[Numbers, NDArray[np.float32]]:
    """Numbers and embeddings of all rows behind a number, (n,) and (n, D) float32.

    Args:
        snapshot: state of the table.
        key: key of the collection.
        space: name of the space.
        number: number of a row; -1 for all rows.
        dimension: length D of an embedding.
    """
    numbers, parts = [], []
    for name, content in snapshot.contents(_prefix(key, space), _after(number)):
        numbers.append(int(name, 16))
        parts.append(content)
    vectors = np.frombuffer(b"".join(parts), dtype=np.float32)
    return np.array(numbers, np.int64), vectors.reshape(len(numbers), dimension).copy()


def numbers_of(snapshot: Snapshot, key: str, space: str) -> Numbers:
    """Numbers of all rows that have an embedding, (n,) int64, ascending."""
    names = snapshot.keys(_prefix(key, space))
    return np.array([int(name, 16) for name in names], dtype=np.int64)


def count_behind(snapshot: Snapshot, key: str, space: str, number: int) -> int:
    """Number of the rows behind a number that have an embedding; -1 for all rows."""
    return sum(1 for _ in snapshot.keys(_prefix(key, space), _after(number)))


def _prefix(key: str, space: str) -> str:
    return f"vector/{key}/{space}/"


def _key(key: str, space: str, number: int) -> str:
    return f"{_prefix(key, space)}{number_text(number)}"


def closeups_prefix(key: str, space: str) -> str:
    """Prefix of the keys of close-ups."""
    return f"closeups/{key}/{space}/"


def _closeups_key(key: str, space: str, number: int) -> str:
    return f"{closeups_prefix(key, space)}{number_text(number)}"


def _after(number: int) -> str:
    return number_text(number) if number >= 0 else ""
