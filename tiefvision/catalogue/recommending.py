"""The nearest items of every item, for the pages of products, as a batch.

The items of a catalogue are divided into partitions, such as one for each group of
garments and gender (after MILDNet, arXiv:1903.00905), and recommended within their own
alone. A partition whose rows have not changed is not computed again, which gives the
same table as computing everything.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tiefvision.groups import OUTFIT
from tiefvision.index.item_neighbours import (
    EXACT_ROWS,
    NONE,
    ItemNeighbours,
    nearest_items,
)
from tiefvision.progress import Track, untracked

Key = tuple[str, ...]
"""What an item shares with those of its partition, such as ("upper", "women"); "" where
it is unknown."""

VectorsOf = Callable[[NDArray[np.int64]], NDArray[np.float32]]
"""Function from numbers of rows, (n,) int64, to their embeddings, (n, D) float32."""

VERSION = "1"
"""Part of every fingerprint; another one computes everything again."""

LISTED_TWICE: Mapping[str, float] = MappingProxyType({"deeprank": 0.94, "mean": 0.97})
"""Least cosine of two items that are probably one product, for the rankers that ship.

Measured on Luma's main views and copies of them at half the size, cropped by 4 % on
each side and saved again; chosen on every other product, told for the rest.
``deeprank`` finds 71 of 73 copies, no pair of different products among 9,525, and 5 of
66 recolours of one product; ``mean`` 66, none and 33. Another ranker, or one that was
trained anew, needs a limit of its own."""

DIGITS = 6
"""Decimals of a similarity in the table: what a computation in float32 is good for."""


@dataclass(frozen=True)
class RecommendSettings:
    """How items are recommended.

    Attributes:
        nearest: number of items for each item.
        exact_rows: largest partition, in rows, that is compared exactly. A larger one
            is searched in an HNSW graph.
    """

    nearest: int = 10
    exact_rows: int = EXACT_ROWS


@dataclass(frozen=True)
class ItemPhoto:
    """A row of the catalogue.

    Attributes:
        item: identifier of the item.
        photo: path of the photograph.
        key: what the photograph, or its item, shares with a partition.
        fingerprint: identifies the photograph's content and how its vector was made.
    """

    item: str
    photo: str
    key: Key
    fingerprint: str


class Recommendation(NamedTuple):
    """One line of the table.

    Attributes:
        partition: the key as a text, its parts joined by " / ".
        item: identifier of the item.
        rank: rank of the neighbour, from 1.
        neighbour: identifier of the neighbour.
        similarity: cosine of the closest pair of photographs of the two, in [-1, 1],
            with ``DIGITS`` decimals.
        photo: the item's photograph of this pair.
        neighbour_photo: the neighbour's photograph of this pair.
        fingerprint: fingerprint of the partition, 32 hexadecimal digits.
    """

    partition: str
    item: str
    rank: int
    neighbour: str
    similarity: float
    photo: str
    neighbour_photo: str
    fingerprint: str


@dataclass(frozen=True)
class Partition:
    """The items of one key.

    Attributes:
        name: the key as a text.
        items: number of items.
        lines: lines of the table, by item, then by rank.
        kept: whether the lines are those of the table before.
    """

    name: str
    items: int
    lines: Sequence[Recommendation]
    kept: bool


@dataclass(frozen=True)
class Twins:
    """Two items that are probably one product listed twice.

    Attributes:
        item: identifier of the one that comes first in the order of texts.
        other: identifier of the other.
        similarity: cosine of their closest pair of photographs.
        photo: photograph of ``item`` in this pair.
        other_photo: photograph of ``other`` in this pair.
    """

    item: str
    other: str
    similarity: float
    photo: str
    other_photo: str


def recommend(
    rows: Sequence[ItemPhoto],
    vectors_of: VectorsOf,
    before: Sequence[Recommendation] = (),
    settings: RecommendSettings | None = None,
    track: Track = untracked,
) -> Iterator[Partition]:
    """Yield the partitions in the order of their names, one at a time.

    An item belongs to the key that most of its photographs have; one of its photographs
    that has another key, such as of the trousers below a blouse, is not compared. Rows
    are read and held a partition at a time.

    Args:
        rows: rows of the catalogue, in any order.
        vectors_of: reader of embeddings of unit length, by positions in ``rows``.
        before: the table before; partitions that have changed since, and no others, are
            computed. Lines of partitions that are gone are left out.
        settings: settings; the defaults if None.
        track: shows progress, partition by partition.
    """
    settings = settings or RecommendSettings()
    known: dict[tuple[str, str], list[Recommendation]] = defaultdict(list)
    for line in before:
        known[line.partition, line.fingerprint].append(line)
    partitions = _divide(rows)
    for key, numbers in track(
        sorted(partitions.items()), "recommending", len(partitions)
    ):
        name = name_of(key)
        members = [rows[number] for number in numbers]
        fingerprint = _fingerprint(members, settings)
        items = len({member.item for member in members})
        lines = known.get((name, fingerprint), [])
        # Of a table that somebody has cut, not every line is there.
        kept = len(lines) == items * min(settings.nearest, items - 1)
        if not kept:
            lines = _compute(members, vectors_of(numbers), name, fingerprint, settings)
        yield Partition(name, items, lines, kept)


def keys_of(
    groups: Sequence[str],
    columns: Sequence[Mapping[str, str | float]],
    by: Sequence[str],
) -> list[Key]:
    """The key of each row.

    Args:
        groups: group of each row's garment; "" if unknown.
        columns: further facts of each row's item.
        by: names of what the items of a partition share: "group", or names of further
            facts.

    >>> keys_of(["upper", ""], [{"gender": "women"}, {}], ["group", "gender"])
    [('upper', 'women'), ('', '')]
    """
    return [
        tuple(group if name == GROUP else str(facts.get(name, "")) for name in by)
        for group, facts in zip(groups, columns, strict=True)
    ]


GROUP = "group"
"""Name under which partitions are made by the groups of garments."""


def name_of(key: Key) -> str:
    """The key as a text: its parts joined, "unknown" where one is unknown.

    >>> name_of(("upper", ""))
    'upper / unknown'
    """
    return " / ".join(part or "unknown" for part in key) or "all"


def listed_twice(lines: Sequence[Recommendation], least: float) -> list[Twins]:
    """Pairs of neighbours so close that they are probably one product.

    Of an item with more such neighbours than the table lists, the nearest are told.

    Args:
        lines: lines of the table.
        least: least cosine of such a pair.

    Returns:
        Each pair once, the closest first.
    """
    found: dict[tuple[str, str], Twins] = {}
    for line in lines:
        if line.similarity < least:
            continue
        ends = sorted([(line.item, line.photo), (line.neighbour, line.neighbour_photo)])
        (item, photo), (other, other_photo) = ends
        twins = Twins(item, other, line.similarity, photo, other_photo)
        found.setdefault((item, other), twins)
    return sorted(
        found.values(), key=lambda one: (-one.similarity, one.item, one.other)
    )


def _divide(rows: Sequence[ItemPhoto]) -> dict[Key, NDArray[np.int64]]:
    """Positions of the rows of each partition, by item, photograph and position."""
    counts: dict[str, Counter[Key]] = defaultdict(Counter)
    for row in rows:
        counts[row.item][row.key] += 1
    keys = {item: _key_of_item(count) for item, count in counts.items()}
    divided: dict[Key, list[int]] = defaultdict(list)
    # In an order that does not depend on that of the catalogue, as fingerprints do.
    for number in sorted(range(len(rows)), key=lambda n: (rows[n].item, rows[n].photo)):
        row = rows[number]
        if row.key == keys[row.item]:
            divided[row.key].append(number)
    return {key: np.array(numbers, np.int64) for key, numbers in divided.items()}


def _key_of_item(counts: Counter[Key]) -> Key:
    """The key of an item: the most frequent of those that tell the most."""

    def told(key: Key) -> int:
        return sum(part not in ("", OUTFIT) for part in key)

    return min(counts, key=lambda key: (-told(key), -counts[key], key))


def _fingerprint(members: Sequence[ItemPhoto], settings: RecommendSettings) -> str:
    """What a partition's lines depend on, as a digest."""
    digest = hashlib.sha256()
    for part in (VERSION, settings.nearest, settings.exact_rows):
        digest.update(f"{part}\n".encode())
    for member in members:
        parts = (member.item, member.photo, member.fingerprint)
        digest.update(repr(parts).encode("utf-8", "backslashreplace"))
    return digest.hexdigest()[:32]


def _compute(
    members: Sequence[ItemPhoto],
    vectors: NDArray[np.float32],
    name: str,
    fingerprint: str,
    settings: RecommendSettings,
) -> list[Recommendation]:
    """The lines of a partition, whose members are in the order of their items."""
    items = [member.item for member in members]
    found = nearest_items(vectors, items, settings.nearest, settings.exact_rows)
    return list(_lines(members, found, name, fingerprint))


def _lines(
    members: Sequence[ItemPhoto], found: ItemNeighbours, name: str, fingerprint: str
) -> Iterator[Recommendation]:
    ends = zip(
        found.rows.tolist(),
        found.neighbours.tolist(),
        found.similarities.tolist(),
        strict=True,
    )
    for own, others, similarities in ends:
        for rank, (row, other, similarity) in enumerate(
            zip(own, others, similarities, strict=True), 1
        ):
            if other == NONE:
                break
            yield Recommendation(
                name,
                members[row].item,
                rank,
                members[other].item,
                round(similarity, DIGITS),
                members[row].photo,
                members[other].photo,
                fingerprint,
            )
