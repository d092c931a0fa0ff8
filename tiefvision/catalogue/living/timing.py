"""How long a search of a catalogue's indexes takes, told after every build."""

import time
from statistics import median

import numpy as np

from tiefvision.catalogue.living.collection import current_collection
from tiefvision.catalogue.living.reading import LiveIndex
from tiefvision.store.table import Table

TIMED = 20
"""Searches whose median is told."""

K = 10
"""Rows of such a search."""


def search_times(table: Table) -> dict[str, float]:
    """Median milliseconds of a search for one vector, by ranker.

    The vectors are rows of the catalogue; encoding a photograph is not part of it.
    """
    with table.read() as snapshot:
        collection = current_collection(snapshot)
    if collection is None:
        return {}
    return {
        ranker: _milliseconds(LiveIndex(table, ranker, collection.key, space.digest))
        for ranker, space in collection.spaces.items()
    }


def _milliseconds(index: LiveIndex) -> float:
    there = np.flatnonzero(index.rows.arrays.alive)
    numbers = there[:: max(1, len(there) // TIMED)][:TIMED]
    times = []
    for vector in index.segments.vectors_of(numbers):
        begun = time.perf_counter()
        index.segments.search(vector[None], K, None)
        times.append(time.perf_counter() - begun)
    return round(1000 * median(times), 3)
