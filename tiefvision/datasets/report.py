"""The report of a check of a dataset."""

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

LeakKind = Literal["item", "group", "duplicate", "near-duplicate"]


@dataclass(frozen=True)
class Leak:
    """Related photographs that lie in different splits.

    Attributes:
        kind: Relation: one item, one group, equal bytes ("duplicate"), or street
            photographs that look alike ("near-duplicate").
        photos: Paths of the photographs in each split.
    """

    kind: LeakKind
    photos: dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class DatasetReport:
    """The report of a check; paths are relative to ``images``.

    Attributes:
        root: The dataset's folder.
        usable: Whether the stages can work with the dataset.
        reasons: Why the stages cannot, first as a whole; () if they can.
        photos: Number of photographs in annotations.json.
        by_source: Number of street and of shop photographs.
        by_split: Number of photographs in train, val and test.
        items: Number of named items.
        boxes: Number of annotated garments.
        categories: Number of annotated garments of each category.
        triplets: Number of triplets that can be used.
        missing: Paths of photographs without a file.
        corrupt: Path to reason for each photograph that cannot be read.
        resized: Path to sentence for each photograph whose file has another size than
            annotations.json says.
        duplicates: Groups of paths of photographs with equal bytes.
        near_duplicates: Groups of paths of street photographs that look alike,
            duplicates included.
        leaks: Related photographs in different splits, which make figures on val or
            test too good.
        unnamed: Paths of photographs that annotations.json does not name.
        left_out: Sentence for each kind of other pictures below ``images``, and for
            each folder or link there that cannot be followed.
        problems: Sentence for each photograph, box, id or triplet that was mended or
            left out.
        problem_counts: Number of problems of each kind.
        notes: Sentences about the whole dataset: what it cannot be used for, and how
            the paths of missing photographs should look.
    """

    root: str
    usable: bool
    reasons: tuple[str, ...]
    photos: int = 0
    by_source: dict[str, int] = field(default_factory=dict)
    by_split: dict[str, int] = field(default_factory=dict)
    items: int = 0
    boxes: int = 0
    categories: dict[str, int] = field(default_factory=dict)
    triplets: int = 0
    missing: tuple[str, ...] = ()
    corrupt: dict[str, str] = field(default_factory=dict)
    resized: dict[str, str] = field(default_factory=dict)
    duplicates: tuple[tuple[str, ...], ...] = ()
    near_duplicates: tuple[tuple[str, ...], ...] = ()
    leaks: tuple[Leak, ...] = ()
    unnamed: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    problem_counts: dict[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The attributes as a dictionary for JSON."""
        return asdict(self)
