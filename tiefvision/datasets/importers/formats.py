"""What all importers share: their interface, their report and their target folder."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol, get_args

from tiefvision.datasets.survival import IMPORT_RECORD, Survival
from tiefvision.errors import BadDataset
from tiefvision.files import read_file, replace_text
from tiefvision.progress import Track
from tiefvision.records import Photo, Split


@dataclass(frozen=True)
class ImportReport:
    """What an import has written and left out.

    Attributes:
        photos: Number of photographs written.
        boxes: Number of boxes written.
        boxes_by_category: Number of boxes of each category, sorted by name.
        photos_by_split: Number of photographs in train, val and test.
        near_duplicates: Groups of paths of photographs of one shot or outfit, each kept
            in one split.
        skipped: Sentence for each photograph that was left out, or for many together.
        survival: How much of the published dataset is left; None where every photograph
            is published beside its lists.
    """

    photos: int
    boxes: int
    boxes_by_category: dict[str, int]
    photos_by_split: dict[str, int]
    near_duplicates: tuple[tuple[str, ...], ...]
    skipped: tuple[str, ...]
    survival: Survival | None = None

    def to_dict(self) -> dict[str, Any]:
        """The attributes as a dictionary for JSON."""
        return asdict(self)


class Convert(Protocol):
    """A function that converts a published dataset to the project's layout."""

    def __call__(
        self, source: Path, target: Path, *, seed: int, track: Track
    ) -> ImportReport:
        """Converts ``source``; an interrupted run is completed by the next.

        Args:
            source: Folder of the published dataset.
            target: A new or empty folder, or that of an earlier run.
            seed: Seed of the splits.
            track: Shows progress.
        """
        ...


@dataclass(frozen=True)
class Format:
    """A published dataset that can be imported.

    Attributes:
        name: Name on the command line.
        description: What the dataset holds, in one line.
        homepage: Address at which it is published.
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
    """Counts photographs and boxes of a finished import.

    Args:
        photos: Photographs that were written.
        near_duplicates: Groups of paths of photographs of one shot or outfit.
        skipped: Sentence for each photograph that was left out.
    """
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
    """Creates the folder of an import, or resumes one of the same format.

    Args:
        target: A new or empty folder, or that of an earlier import of this format.
        format_name: Name of the importer, a key of ``FORMATS``.
        settings: Settings of the import, recorded in ``IMPORT_RECORD``.

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
    replace_text(record, json.dumps(content, indent=2) + "\n")


def _owner(record: Path) -> str:
    """Name of the format that a record was written for; "" if there is none."""
    try:
        content = json.loads(read_file(record))
    except (OSError, ValueError, RecursionError):
        return ""
    return str(content.get("format", "")) if isinstance(content, dict) else ""
