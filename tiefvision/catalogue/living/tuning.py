"""How good the indexes of a catalogue are, and the effort that a recall needs."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiefvision.catalogue.living.collection import (
    Collection,
    Space,
    current_collection,
    put_collection,
)
from tiefvision.catalogue.living.segment_files import (
    Manifest,
    folder_of,
    load_segment,
    put_manifest,
    read_manifest,
    read_numbers,
)
from tiefvision.catalogue.living.vectors import vectors_behind, vectors_of
from tiefvision.errors import BadUsage
from tiefvision.index.exact import ExactIndex
from tiefvision.index.neighbours import search_exactly
from tiefvision.index.tuning import NEAREST, SAMPLE, judge, sample_rows, tune
from tiefvision.store.table import Table

EFFORTS = (10, 20, 40, 80, 160, 320, 640)
"""Search efforts whose recall and time are shown."""


@dataclass(frozen=True)
class Measured:
    """An index at a search effort.

    Attributes:
        ranker: name of the ranker.
        rows: number of rows of the graph, or of all rows if there is none.
        effort: search effort; None for exact search.
        recall: share of the ten nearest rows that it finds, in [0, 1].
        milliseconds: median time of a search in milliseconds.
        chosen: whether searches use this effort from now on.
    """

    ranker: str
    rows: int
    effort: int | None
    recall: float
    milliseconds: float
    chosen: bool

    def to_dict(self) -> dict[str, Any]:
        """The fields as values of JSON types."""
        return {**self.__dict__}


def require_recall(target: float) -> None:
    """Raises BadUsage for a recall that cannot be a target."""
    if not 0.5 <= target < 1.0:
        raise BadUsage(
            f"A recall of {target:g} is out of range.",
            "Use a share from 0.5 to 0.9999, such as 0.99.",
        )


def tune_catalogue(table: Table, target: float) -> Iterator[Measured]:
    """Measure the indexes of the current collection, and tune its graphs for a recall.

    The caller holds the writer's lock. Later merges tune their graphs for the same.

    Args:
        table: the catalogue's table.
        target: share of the ten nearest rows that is to be found.

    Yields:
        Each index at several efforts, the one that was chosen last.
    """
    with table.read() as snapshot:
        collection = current_collection(snapshot)
        assert collection is not None, "the caller has checked that there is one"
    with table.write() as changes:
        put_collection(changes, replace(collection, recall=target))
    for ranker, space in collection.spaces.items():
        with table.read() as snapshot:
            manifest = read_manifest(snapshot, collection.key, space.name)
        if manifest.files:
            yield from _tune_graphs(table, collection, ranker, manifest, target)
        else:
            yield _exact(table, collection, ranker, space)


def _exact(table: Table, collection: Collection, ranker: str, space: Space) -> Measured:
    with table.read() as snapshot:
        _, vectors = vectors_behind(
            snapshot, collection.key, space.name, -1, space.dimension
        )
    asked = vectors[sample_rows(len(vectors), 0)]
    index = ExactIndex(vectors)
    judged = judge(index, asked, search_exactly(asked, vectors, NEAREST))
    return Measured(
        ranker, len(vectors), None, judged.recall, judged.milliseconds, True
    )


def _tune_graphs(
    table: Table, collection: Collection, ranker: str, manifest: Manifest, target: float
) -> Iterator[Measured]:
    space = collection.spaces[ranker]
    files = []
    queries = _new_vectors(table, collection, space, manifest)
    for file in manifest.files:
        with table.read() as snapshot:
            numbers = read_numbers(snapshot, file.name)
        graph: Any = load_segment(folder_of(table.path), file, numbers).index
        vectors = vectors_of(
            table, collection.key, space.name, numbers, space.dimension
        )
        # Rows of the graph are found more easily than others; better than nothing.
        asked = queries if len(queries) else vectors[sample_rows(len(vectors), 0)]
        exact = search_exactly(asked, vectors, NEAREST)
        for effort in EFFORTS:
            judged = judge(graph.with_search_effort(effort), asked, exact)
            yield Measured(
                ranker, file.rows, effort, judged.recall, judged.milliseconds, False
            )
        tuned, judged = tune(graph, asked, vectors, target)
        effort = tuned.settings.search_effort
        settings = {**file.settings, "search_effort": effort}
        files.append(replace(file, settings=settings, recall=judged.recall))
        yield Measured(
            ranker, file.rows, effort, judged.recall, judged.milliseconds, True
        )
    with table.write() as changes:
        now = read_manifest(changes, collection.key, space.name)
        if now == manifest:  # else a merge was here, which has tuned by itself
            put_manifest(
                changes, collection.key, space.name, replace(now, files=tuple(files))
            )


def _new_vectors(
    table: Table, collection: Collection, space: Space, manifest: Manifest
) -> NDArray[np.float32]:
    """Vectors that lie in no graph, (<= SAMPLE, D)."""
    with table.read() as snapshot:
        _, vectors = vectors_behind(
            snapshot, collection.key, space.name, manifest.covered, space.dimension
        )
    return vectors[-SAMPLE:]
