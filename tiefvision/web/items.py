"""Changes of the catalogue, on the thread of the networks."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from tiefvision.datasets.files import is_dataset
from tiefvision.errors import TiefVisionError, UnreadablePhoto
from tiefvision.files import is_file, replace_file
from tiefvision.photos.formats import suffix_of
from tiefvision.photos.reading import photo_size
from tiefvision.web.browsing import row_of
from tiefvision.web.services import Services

if TYPE_CHECKING:  # NumPy is imported where rows are read
    from tiefvision.catalogue.browsing import CatalogueRow
    from tiefvision.finder import Finder

DIGITS = 16
"""Hexadecimal digits of the SHA-256 of a photograph in the name of its file."""

ADDED = "added"
"""Begin of the names of files that were added, or their folder."""


def add_item(services: Services, content: bytes) -> "CatalogueRow":
    """Keep a photograph beside those of the catalogue, and take it in.

    Args:
        services: the services.
        content: content of a JPEG, PNG or WebP file.

    Raises:
        UnreadablePhoto: It is none.
        TiefVisionError: The catalogue cannot be changed.
        StorageFull, StaleArtifact, Busy.
    """
    require_changeable(services.finder)
    photo_size(content)
    return services.worker.do(_add, services.finder, content)


def change_item(
    services: Services, number: int, values: Mapping[str, str]
) -> "CatalogueRow":
    """Change what the table of products tells of a photograph; its new row.

    Raises:
        BadUsage: A value cannot be used, or the catalogue is a dataset.
        NotFound: There is no such row.
        TiefVisionError, StorageFull, Busy.
    """
    require_changeable(services.finder)
    return services.worker.do(_change, services, number, values)


def remove_item(services: Services, number: int) -> "CatalogueRow":
    """Take a photograph out of the catalogue; its file stays. The row that was.

    Raises:
        NotFound: There is no such row.
        TiefVisionError, StorageFull, Busy.
    """
    require_changeable(services.finder)
    return services.worker.do(_remove, services, number)


def require_changeable(finder: "Finder") -> None:
    """Refuse to change the gallery of stage 9."""
    if not finder.browser.is_living:
        raise TiefVisionError(
            "What is searched is the gallery that stage 9 made of the workspace's "
            "dataset, and it does not change.",
            "Run: tiefvision index FOLDER, which makes a catalogue that does.",
        )


def _add(finder: "Finder", content: bytes) -> "CatalogueRow":
    catalogue = finder.catalogue()
    file = _place(finder, content)
    is_new = not is_file(file)
    if is_new:
        file.parent.mkdir(parents=True, exist_ok=True)
        replace_file(file, content)
    report = catalogue.add([file])
    row = finder.browser.row_of(file)
    if row is None:
        if is_new:
            file.unlink(missing_ok=True)
        reason = next(iter(report["skipped"]), "The photograph was not taken in.")
        raise UnreadablePhoto(reason)
    return row


def _place(finder: "Finder", content: bytes) -> Path:
    """Where a photograph is kept, so that its item is its own.

    Beside the others, in a folder of its own where each folder is a product. A dataset
    lists its photographs itself, and whatever else lies in it is taken out by a sync;
    so there, and where there is no catalogue yet, the workspace keeps it.
    """
    name = hashlib.sha256(content).hexdigest()[:DIGITS]
    ending = suffix_of(content)
    current = finder.catalogue().current()
    if current is None or is_dataset(Path(current.root)):
        return finder.workspace.root.absolute() / ADDED / f"{name}{ending}"
    if current.folders:
        return Path(current.root) / ADDED / name / f"{name}{ending}"
    return Path(current.root) / f"{ADDED}-{name}{ending}"


def _change(
    services: Services, number: int, values: Mapping[str, str]
) -> "CatalogueRow":
    finder, before = services.finder, row_of(services, number)
    finder.catalogue().tell(before.file, values)
    return finder.browser.row_of(before.file) or row_of(services, number)


def _remove(services: Services, number: int) -> "CatalogueRow":
    row = row_of(services, number)
    services.finder.catalogue().remove([str(row.file)])
    return row
