"""Whether the files of a catalogue are as they were when they were described."""

from dataclasses import dataclass
from typing import Literal

from tiefvision.catalogue.living.collection import current_collection
from tiefvision.catalogue.living.comparing import hash_of, stamp_of
from tiefvision.catalogue.living.ledger import KnownPhoto, known_photos
from tiefvision.store.table import Table

FileState = Literal["", "gone", "changed"]
"""What became of a file since it was described; "" if it is as it was."""


@dataclass(frozen=True)
class LostFiles:
    """Number of files that are not as they were.

    Attributes:
        gone: files that are missing.
        changed: files whose content differs.
    """

    gone: int
    changed: int


def state_of(photo: KnownPhoto) -> FileState:
    """What became of the file of a photograph since it was described.

    The content is read only where the state of the file differs.
    """
    stamp = stamp_of(photo.file)
    if stamp is None:
        return "gone"
    if stamp == photo.stamp:
        return ""
    return "" if hash_of(photo.file) == photo.content else "changed"


def lost_files(table: Table) -> LostFiles:
    """Count the files of the current collection that went or changed."""
    with table.read() as snapshot:
        collection = current_collection(snapshot)
        if collection is None:
            return LostFiles(0, 0)
        photos = list(known_photos(snapshot, collection.key))
    states = [state_of(photo) for photo in photos]
    return LostFiles(states.count("gone"), states.count("changed"))
