"""What is left of a published dataset: photographs, items and queries.

Street2Shop publishes addresses of photographs, and many answer no more; other downloads
break off. A figure on what is left is a figure on another, mostly easier dataset, so
the numbers are kept beside the dataset for whoever judges on it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from tiefvision.files import read_file, replace_text
from tiefvision.records import Photo

IMPORT_RECORD = "import.json"
"""File that marks a folder as an import, written before the first photograph."""

KEY = "survival"
"""Key of ``IMPORT_RECORD`` that holds the numbers."""


@dataclass(frozen=True)
class Share:
    """How many things there are.

    Attributes:
        published: number in the published lists.
        surviving: number of these that were written.
    """

    published: int
    surviving: int


@dataclass(frozen=True)
class Survival:
    """How much of a published dataset is left.

    Attributes:
        photos: photographs.
        items: items; one survives with any of its photographs.
        queries: street photographs of the test split that search for an item; one
            survives if it can be read, and a shop photograph of its item, too.
    """

    photos: Share
    items: Share
    queries: Share

    def in_words(self) -> str:
        """One sentence; kinds of things that the dataset has none of are left out.

        >>> Survival(Share(9, 7), Share(0, 0), Share(4, 2)).in_words()
        '7 of 9 photographs and 2 of 4 queries survive.'
        """
        told = [
            f"{share.surviving:,} of {share.published:,} {name}"
            for name, share in (
                ("photographs", self.photos),
                ("items", self.items),
                ("queries", self.queries),
            )
            if share.published
        ]
        first = ", ".join(told[:-1])
        return f"{' and '.join(filter(None, (first, *told[-1:])))} survive."


def survival_of(published: Sequence[Photo], written: Sequence[Photo]) -> Survival:
    """Counts what was published and what was written.

    Args:
        published: photographs in the published lists.
        written: those of them that were written.
    """
    before, after = _items(published), _items(written)
    shown = {photo.item_id for photo in published if photo.source == "shop"}
    still = {photo.item_id for photo in written if photo.source == "shop"}
    return Survival(
        Share(len(published), len(written)),
        Share(len(before), len(after)),
        Share(_queries(published, shown), _queries(written, still)),
    )


def record_survival(target: Path, survival: Survival) -> None:
    """Adds the numbers to the ``IMPORT_RECORD`` of a finished import."""
    file = target / IMPORT_RECORD
    content = json.loads(read_file(file)) | {KEY: asdict(survival)}
    replace_text(file, json.dumps(content, indent=2) + "\n")


def read_survival(root: Path) -> Survival | None:
    """What is left of the published dataset that a folder was imported from.

    Args:
        root: folder of a dataset.

    Returns:
        The numbers; None for a dataset that was not imported, or whose record does not
        tell them.
    """
    try:
        content = json.loads(read_file(root / IMPORT_RECORD))[KEY]
        photos, items, queries = (
            _share(content[kind]) for kind in ("photos", "items", "queries")
        )
        return Survival(photos, items, queries)
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def _share(counts: Mapping[str, object]) -> Share:
    """Raises TypeError or KeyError where two whole numbers are missing."""
    published, surviving = counts["published"], counts["surviving"]
    if type(published) is not int or type(surviving) is not int:
        raise TypeError("not a whole number")
    return Share(published, surviving)


def _items(photos: Sequence[Photo]) -> set[str]:
    return {photo.item_id for photo in photos} - {""}


def _queries(photos: Sequence[Photo], shown: set[str]) -> int:
    return sum(
        photo.source == "street"
        and photo.split == "test"
        and photo.item_id != ""
        and photo.item_id in shown
        for photo in photos
    )
