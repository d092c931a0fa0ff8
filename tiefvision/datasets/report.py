"""What a check of a dataset reports."""

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

LeakKind = Literal["item", "group", "duplicate", "near-duplicate"]


@dataclass(frozen=True)
class Leak:
    """Photographs that should share a split and do not.

    Attributes:
        kind: One item, one group, equal bytes, or street photographs that look alike.
        photos: Paths by split.
    """

    kind: LeakKind
    photos: dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class DatasetReport:
    """What a check has found; paths are relative to ``images``.

    Attributes:
        root: The dataset's folder.
        usable: Whether the stages can work with it.
        reasons: Why not; empty if usable.
        photos: How many annotations.json names.
        by_source: How many are street and shop photographs.
        by_split: How many are in train, val and test.
        items: How many items have a name.
        boxes: How many garments are annotated.
        categories: How many garments of each category.
        triplets: How many can be used.
        missing: Photographs without a file.
        corrupt: Why a photograph cannot be read, by path.
        resized: Photographs whose file has another size than annotations.json says.
        duplicates: Groups of photographs with equal bytes.
        near_duplicates: Groups of street photographs that look alike, equal ones too.
        leaks: Warnings: what makes scores on val or test too good.
        unnamed: Photographs in ``images`` that annotations.json does not name.
        problems: A sentence for each box, triplet or line that was mended or left out.
        problem_counts: How many of each kind.
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
    problems: tuple[str, ...] = ()
    problem_counts: dict[str, int] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return asdict(self)
