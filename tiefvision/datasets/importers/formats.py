"""What an importer is, what it reports, and the folder that it may write to."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol, get_args

from tiefvision.errors import BadDataset
from tiefvision.files import replace_file
from tiefvision.progress import Track
from tiefvision.records import Photo, Split

IMPORT_RECORD = "import.json"
"""Marks a folder as an importer's own, from before its first photograph."""


@dataclass(frozen=True)
class ImportReport:
    """What an import has written and left out.

    Attributes:
        photos: How many were written.
        boxes: How many garments were boxed.
        boxes_by_category: Sorted by name.
        photos_by_split: How many went into train, val and test.
        near_duplicates: Groups of paths kept in one split.
        skipped: A sentence for each photograph left out.
    """

    photos: int
    boxes: int
    boxes_by_category: dict[str, int]
    photos_by_split: dict[str, int]
    near_duplicates: tuple[tuple[str, ...], ...]
    skipped: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return asdict(self)


class Convert(Protocol):
    """Converts a published dataset into the project's layout."""

    def __call__(
        self, source: Path, target: Path, *, seed: int, track: Track
    ) -> ImportReport:
        """Reads ``source``, writes ``target``; run again, it completes."""
        ...


@dataclass(frozen=True)
class Format:
    """A published dataset that can be imported.

    Attributes:
        name: As on the command line.
        description: One line.
        homepage: Where it is published.
        convert: The importer.
    """

    name: str
    description: str
    homepage: str
    convert: Convert


def make_report(
    photos: Sequence[Photo],
    near_duplicates: Sequence[tuple[str, ...]],
    skipped: Sequence[str],
) -> ImportReport:
    """Counts what has been written."""
    boxes = Counter(g.category for photo in photos for g in photo.garments)
    splits = Counter(photo.split for photo in photos)
    return ImportReport(
        photos=len(photos),
        boxes=boxes.total(),
        boxes_by_category=dict(sorted(boxes.items())),
        photos_by_split={split: splits[split] for split in get_args(Split)},
        near_duplicates=tuple(near_duplicates),
        skipped=tuple(skipped),
    )


def claim_target(target: Path, format_name: str, settings: dict[str, Any]) -> None:
    """Makes the folder of an import, or takes up one of the same format again.

    Args:
        target: New, empty, or claimed by the same format before.
        format_name: A key of ``FORMATS``.
        settings: What the import is run with, kept for the reader.

    Raises:
        BadDataset: The folder holds something else, which would be overwritten.
    """
    record = target / IMPORT_RECORD
    if target.exists() and not target.is_dir():
        raise BadDataset(f"{target} is a file.", "Name another folder")
    if target.is_dir() and any(target.iterdir()) and _owner(record) != format_name:
        raise BadDataset(
            f"{target} already holds something other than a {format_name} import.",
            "Name a new or empty folder",
        )
    content = {"format": format_name, "settings": settings}
    replace_file(record, (json.dumps(content, indent=2) + "\n").encode())


def _owner(record: Path) -> str:
    try:
        content = json.loads(record.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ""
    return str(content.get("format", "")) if isinstance(content, dict) else ""
