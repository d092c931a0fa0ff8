"""Precision at k by class on a workspace: queries, gallery, and a ranker's result."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiefvision.errors import BadDataset
from tiefvision.evaluation.class_precision import (
    ABSENT,
    LEFT_OUT,
    class_precision,
    without_itself,
)
from tiefvision.evaluation.intervals import Figure, bootstrap_mean
from tiefvision.evaluation.searches import same_names
from tiefvision.progress import Track
from tiefvision.ranking.garments import Embed, GarmentsOf
from tiefvision.ranking.views import BLOCK, embed_views, similarity_rows
from tiefvision.records import Photo, Split, View

SPLITS: tuple[Split, ...] = ("val", "train")
"""Splits whose photographs ask, in the order of tables."""

EXAMPLES = 5
"""Validation photographs, each of another class, whose results are shown."""

ENDS = 10
"""Closest, and farthest, photographs that are shown of an example."""

MOST_BYTES = 4_000_000_000
"""Size of the gallery's embeddings that are kept in memory; larger ones are made anew
for each block of queries."""


@dataclass(frozen=True)
class ClassSearch:
    """Queries of several splits over the training photographs.

    Attributes:
        queries: photographs that ask, Q, split by split.
        splits: split of each query, Q.
        query_classes: class of each query, Q.
        gallery: training photographs that have a class, N.
        gallery_classes: class of each of them, N.
        own: column of each query in the gallery, (Q,) int64; ``ABSENT`` for none.
        available: by split, number of photographs of which queries were drawn.
        examples: rows of queries that are shown, of different classes.
    """

    queries: tuple[View, ...]
    splits: tuple[Split, ...]
    query_classes: tuple[str, ...]
    gallery: tuple[View, ...]
    gallery_classes: tuple[str, ...]
    own: NDArray[np.int64]
    available: Mapping[Split, int]
    examples: tuple[int, ...]

    @property
    def classes(self) -> int:
        """Number of classes of the gallery."""
        return len(set(self.gallery_classes))

    def rows_of(self, split: Split) -> NDArray[np.int64]:
        """Rows of the queries of a split."""
        return np.flatnonzero([one == split for one in self.splits])

    def chance(self, split: Split) -> float:
        """Expected precision of a random order: the mean share of a query's class."""
        counts: dict[str, int] = {}
        for name in self.gallery_classes:
            counts[name] = counts.get(name, 0) + 1
        inside = (self.own != ABSENT).astype(int).tolist()
        shares: list[float] = [
            (counts[self.query_classes[row]] - inside[row])
            / max(1, len(self.gallery) - inside[row])
            for row in self.rows_of(split).tolist()
        ]
        return sum(shares) / max(1, len(shares))

    def in_words(self, boxes: str) -> str:
        """The protocol in one sentence.

        Args:
            boxes: what was cropped, in words.
        """
        asked = " and ".join(
            f"{len(self.rows_of(split))} of {self.available[split]} photographs "
            f"of {split}"
            for split in SPLITS
            if self.available[split]
        )
        return (
            f"{asked} search {len(self.gallery)} training photographs of "
            f"{self.classes} classes; a hit is the same class, the query itself is "
            f"left out; {boxes}; exact search"
        )


@dataclass(frozen=True)
class ClassResult:
    """What a ranker finds.

    Attributes:
        ranker: name of the ranker.
        precision: precision of each query, (Q,).
        closest: columns of the closest photographs of each example, the closest first.
        farthest: columns of the farthest, the farthest first.
        similarities: cosines of ``closest``.
        least_similarities: cosines of ``farthest``.
    """

    ranker: str
    precision: NDArray[np.float64]
    closest: tuple[tuple[int, ...], ...]
    farthest: tuple[tuple[int, ...], ...]
    similarities: tuple[tuple[float, ...], ...]
    least_similarities: tuple[tuple[float, ...], ...]

    def figures(self, search: ClassSearch, seed: int) -> dict[Split, Figure]:
        """Mean precision by split with its interval, of splits that ask."""
        rows = {split: search.rows_of(split) for split in SPLITS}
        return {
            split: bootstrap_mean(self.precision[chosen], seed)
            for split, chosen in rows.items()
            if len(chosen)
        }

    def by_class(self, search: ClassSearch, split: Split) -> dict[str, float]:
        """Mean precision of the queries of each class of a split, the best first."""
        values: dict[str, list[float]] = {}
        for row in search.rows_of(split).tolist():
            values.setdefault(search.query_classes[row], []).append(
                float(self.precision[row])
            )
        means = {name: sum(them) / len(them) for name, them in values.items()}
        return dict(sorted(means.items(), key=lambda one: (-one[1], one[0])))


def class_of(photo: Photo) -> str:
    """The class of a photograph: its categories; "" if it has none.

    >>> class_of(Photo("a.jpg", 9, 9, "shop", "train"))
    ''
    """
    return ", ".join(sorted({one.category for one in photo.garments}))


def class_search(
    photos: Sequence[Photo], available: Collection[str], most: int, seed: int
) -> ClassSearch:
    """The queries and the gallery of a dataset whose photographs have classes.

    Args:
        photos: photographs of the dataset.
        available: paths of those that were encoded.
        most: queries of a split at most; of more, these many are drawn.
        seed: seed of the drawing.

    Raises:
        BadDataset: The training split holds fewer than two classes, or nobody asks.
    """
    there = [one for one in photos if one.path in available and class_of(one)]
    gallery = [photo for photo in there if photo.split == "train"]
    known = {class_of(photo) for photo in gallery}
    if len(known) < 2:
        raise BadDataset(
            f"The training split has photographs of {len(known)} classes; precision by "
            "class needs two.",
            "Give photographs boxes with categories in annotations.json.",
        )
    column = {photo.path: number for number, photo in enumerate(gallery)}
    generator = np.random.default_rng(seed)
    asking: list[Photo] = []
    counts: dict[Split, int] = {}
    for split in SPLITS:
        could = [one for one in there if one.split == split and class_of(one) in known]
        drawn = generator.choice(len(could), min(most, len(could)), replace=False)
        counts[split] = len(could)
        asking += [could[number] for number in sorted(drawn.tolist())]
    return ClassSearch(
        tuple(View(photo.path) for photo in asking),
        tuple(photo.split for photo in asking),
        tuple(class_of(photo) for photo in asking),
        tuple(View(photo.path) for photo in gallery),
        tuple(class_of(photo) for photo in gallery),
        np.array([column.get(one.path, ABSENT) for one in asking], dtype=np.int64),
        counts,
        _examples(asking, generator),
    )


def judge_classes(
    search: ClassSearch,
    name: str,
    embed: Embed,
    garments_of: GarmentsOf,
    k: int,
    track: Track,
) -> ClassResult:
    """Searches with every query, and keeps both ends of the examples' lists.

    Args:
        search: queries and gallery.
        name: name of the ranker.
        embed: the ranker.
        garments_of: reader of the crops of views.
        k: number of closest photographs looked at.
        track: shows progress.
    """
    values, done = [np.zeros(0)], 0
    ends: dict[int, tuple[Any, ...]] = {}
    for block in _similarities(search, embed, garments_of, track):
        rows = slice(done, done + len(block))
        table = without_itself(block, search.own[rows])
        right = same_names(search.query_classes[rows], search.gallery_classes)
        values.append(class_precision(table, right, k))
        for row in search.examples:
            if done <= row < done + len(block):
                ends[row] = _both_ends(table[row - done])
        done += len(block)
    closest, farthest, highest, lowest = zip(
        *(ends[row] for row in search.examples), strict=True
    )
    precision = np.concatenate(values)
    return ClassResult(name, precision, closest, farthest, highest, lowest)


def to_line(
    search: ClassSearch, result: ClassResult, k: int, seed: int, boxes: str
) -> dict[str, Any]:
    """What ``tiefvision precision --json`` prints of a ranker.

    Args:
        search: queries and gallery.
        result: the ranker's result.
        k: number of closest photographs looked at.
        seed: seed of the bootstrap.
        boxes: what was cropped, in words.
    """
    line: dict[str, Any] = {
        "ranker": result.ranker,
        "protocol": search.in_words(boxes),
        "k": k,
        "classes": search.classes,
        "gallery": len(search.gallery),
    }
    for split, figure in result.figures(search, seed).items():
        line[split] = {
            "queries": len(search.rows_of(split)),
            "precision": figure.to_dict(),
            "chance": round(search.chance(split), 4),
            "by_class": {
                name: round(value, 4)
                for name, value in result.by_class(search, split).items()
            },
        }
    return line


def _examples(
    asking: Sequence[Photo], generator: np.random.Generator
) -> tuple[int, ...]:
    """Rows of a few queries of different classes, of the first split that asks."""
    first = asking[0].split if asking else ""
    of_class: dict[str, list[int]] = {}
    for row, photo in enumerate(asking):
        if photo.split == first:
            of_class.setdefault(class_of(photo), []).append(row)
    names = sorted(of_class)
    drawn = generator.choice(len(names), min(EXAMPLES, len(names)), replace=False)
    chosen = [of_class[names[number]] for number in sorted(drawn.tolist())]
    return tuple(int(generator.choice(rows)) for rows in chosen)


def _similarities(
    search: ClassSearch, embed: Embed, garments_of: GarmentsOf, track: Track
) -> Iterator[NDArray[np.float32]]:
    """Cosines of all queries, (<= BLOCK, N) at a time.

    The gallery is embedded once if its embeddings fit into ``MOST_BYTES``.
    """
    length = embed(garments_of(search.gallery[:1])).shape[1]
    if len(search.gallery) * length * 4 > MOST_BYTES:
        yield from similarity_rows(
            search.queries, search.gallery, garments_of, embed, track=track
        )
        return
    rows = np.empty((len(search.gallery), length), dtype=np.float32)
    starts = range(0, len(rows), BLOCK)
    for start in track(starts, "embedding", len(starts)):
        part = search.gallery[start : start + BLOCK]
        rows[start : start + BLOCK] = embed_views(part, garments_of, embed)
    starts = range(0, len(search.queries), BLOCK)
    for start in track(starts, "comparing", len(starts)):
        asking = search.queries[start : start + BLOCK]
        yield np.clip(embed_views(asking, garments_of, embed) @ rows.T, -1.0, 1.0)


def _both_ends(similarities: NDArray[np.float32]) -> tuple[Any, ...]:
    """Closest and farthest columns of a query, and the cosines of both."""
    order = np.argsort(-similarities, kind="stable")
    order = order[similarities[order] != LEFT_OUT]
    first, last = order[:ENDS], order[::-1][:ENDS]
    return tuple(
        tuple(one.tolist())
        for one in (first, last, similarities[first], similarities[last])
    )
