"""A small collection with odd texts, whose exact neighbours are known."""

from collections.abc import Iterator

import numpy as np
import pytest

from tiefvision.exporting.records import (
    Collection,
    ExportBatch,
    ExportRow,
    batches_of,
    kinds_of,
)

ROWS, DIMENSION = 90, 12


class Shop:
    """A collection and its batches, as often as they are asked for."""

    def __init__(self, rows: list[ExportRow], vectors: np.ndarray) -> None:
        self.rows, self.vectors = rows, vectors
        kinds = kinds_of(row.columns for row in rows)
        self.collection = Collection(
            "shop", "deeprank", vectors.shape[1], len(rows), kinds
        )

    def read(self) -> Iterator[ExportBatch]:
        return batches_of(self.rows, self.vectors, 40)


def made_rows(count: int) -> list[ExportRow]:
    """Rows with gaps between their numbers, and every kind of value."""
    return [
        ExportRow(
            id=3 * number + 1,
            item=f"item {number // 2}",
            photo=f"images/{number}é\t\\\n'\";.jpg",
            box=None if number % 3 else (1.5, 2.0, 300.25, 400.0),
            category="upper" if number % 2 else "",
            variant="red, dark",
            columns={"price": number + 0.5, "category": "dress", "a.b 'c\"": "👗"}
            if number % 4
            else None,
            fingerprint=f"{number:016x}",
        )
        for number in range(count)
    ]


def unit_rows(count: int, dimension: int, seed: int = 1) -> np.ndarray:
    """Vectors of unit length in random directions, (count, dimension) float32."""
    draw = np.random.default_rng(seed)
    rows = draw.standard_normal((count, dimension))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows.astype(np.float32)


@pytest.fixture
def make_shop():
    """Function of a number of rows and a dimension that makes a collection."""

    def make(count: int = ROWS, dimension: int = DIMENSION) -> Shop:
        return Shop(made_rows(count), unit_rows(count, dimension))

    return make


@pytest.fixture
def shop(make_shop) -> Shop:
    return make_shop()
