"""Photographs to label: which there are, and how requests and labels name them.

A request names a photograph by a reference (``shelf.py``), a label by its origin and
path (``labels/records.py``). One that several references lead to is one photograph: a
sample, or a row of the dataset's gallery, is a photograph of the dataset.
"""

from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from tiefvision.catalogue.browsing import MOST, CatalogueRow
from tiefvision.catalogue.loading import Indexed
from tiefvision.errors import TiefVisionError
from tiefvision.files import read_file
from tiefvision.labels.records import KnownPhoto, PhotoKey, State
from tiefvision.labels.store import LabelStore, upload_photo
from tiefvision.labels.workspaces import dataset_photos, labels_of, least_sure_first
from tiefvision.photos.formats import suffix_of
from tiefvision.photos.reading import photo_size
from tiefvision.records import Photo
from tiefvision.web.problems import NotFound
from tiefvision.web.shelf import Stamp, stamp_of
from tiefvision.web.uploads import DIGITS, Uploads
from tiefvision.workspace.artifacts import Workspace
from tiefvision.workspace.provenance import file_hash

if TYPE_CHECKING:
    from tiefvision.finder import Finder

MOST_OFFERED = 5000
"""Photographs of a catalogue that are offered: as many as nobody labels."""


@dataclass(frozen=True)
class Offered:
    """A photograph that can be labelled: its reference, and how labels name it."""

    reference: str
    key: PhotoKey


@dataclass
class _Dataset:
    """Photographs of the dataset, as of a state of its artifact."""

    stamp: Stamp | None = None
    by_key: dict[str, KnownPhoto] = field(default_factory=dict)
    by_file: dict[str, KnownPhoto] = field(default_factory=dict)
    street: list[Offered] = field(default_factory=list)


class Labelling:
    """The labels of a workspace, and the photographs that can be labelled.

    Args:
        finder: finder of the workspace and its catalogue.
        uploads: uploaded photographs.
    """

    def __init__(self, finder: "Finder", uploads: Uploads) -> None:
        self.store: LabelStore = labels_of(finder.workspace)
        self._finder, self._uploads = finder, uploads
        self._dataset, self._lock = _Dataset(), Lock()
        self._rows: tuple[Indexed | None, list[Offered]] = (None, [])

    def file_of(self, key: str) -> Path:
        """The file of a photograph of the dataset, by its hash. Raises NotFound."""
        known = self._photos().by_key.get(key)
        if known is None:
            raise NotFound("The dataset has no such photograph.")
        return known.file

    def known(self, reference: str, file: Path) -> KnownPhoto:
        """A photograph as labels name it.

        Args:
            reference: its reference.
            file: its file.

        Raises:
            UnreadablePhoto: The file is gone or cannot be read.
        """
        stamp_of(file)
        of_dataset = self._photos().by_file.get(str(file))
        if of_dataset:
            return of_dataset
        source, _, key = reference.partition("-")
        width, height = photo_size(file)
        if source == "row":
            return self._of_row(int(key), width, height)
        content = read_file(file)
        return upload_photo(content, suffix_of(content), width, height)

    def reference_of(self, known: KnownPhoto) -> str:
        """The reference of a photograph that was labelled; "" if it has none now."""
        if known.origin == "dataset":
            key = known.content[:DIGITS]
            return f"photo-{key}" if key in self._photos().by_key else ""
        if known.origin == "upload":
            return self._upload_reference(known)
        rows = {one.key: one.reference for one in self._catalogue()}
        return rows.get(known.key, "")

    def offered(self) -> list[Offered]:
        """The photographs to label, those first that a label helps most.

        The street photographs of the dataset, those first of which the locator is least
        sure; or else the photographs of the catalogue. Then uploads.
        """
        return [*(self._photos().street or self._catalogue()), *self._of_uploads()]

    def references(self) -> list[Offered]:
        """The photographs to compare others with: those that are offered to label."""
        return self._photos().street or self._catalogue()

    def keep_upload(self, known: KnownPhoto, file: Path) -> None:
        """Keep the file of an upload with its label; nothing else keeps it for long."""
        if known.origin == "upload":
            self.store.keep_upload(read_file(file))

    def states(self) -> dict[PhotoKey, State]:
        """What was said of each photograph that has a label.

        An upload is also known by the key of its reference.
        """
        states = self.store.states()
        return states | {
            ("upload", path[:DIGITS]): state
            for (origin, path), state in states.items()
            if origin == "upload"
        }

    def row_key(self, number: int) -> PhotoKey | None:
        """How labels name the photograph of a row of the catalogue; None for none."""
        row = self._finder.browser.row(number)
        return self._row_key(row) if row else None

    def _photos(self) -> _Dataset:
        workspace = self._finder.workspace
        if not workspace.holds("photos"):
            return _Dataset()
        stamp = stamp_of(workspace.path("photos"))
        with self._lock:
            if self._dataset.stamp != stamp:
                self._dataset = _read_dataset(workspace, stamp)
            return self._dataset

    def _catalogue(self) -> list[Offered]:
        """Photographs of the catalogue, the first ``MOST_OFFERED`` of them."""
        try:
            indexed = self._finder.indexed
        except TiefVisionError:
            return []
        if self._rows[0] != indexed:
            rows = [
                row
                for offset in range(0, min(indexed.photos, MOST_OFFERED), MOST)
                for row in self._finder.browser.page(offset=offset, limit=MOST).rows
            ]
            offered = [Offered(f"row-{one.number}", self._row_key(one)) for one in rows]
            self._rows = indexed, offered
        return self._rows[1]

    def _row_key(self, row: CatalogueRow) -> PhotoKey:
        of_dataset = self._photos().by_file.get(str(row.file))
        return of_dataset.key if of_dataset else ("catalogue", row.photo)

    def _of_row(self, number: int, width: int, height: int) -> KnownPhoto:
        row = self._finder.browser.row(number)
        if row is None:  # removed a moment ago
            raise NotFound(f"The catalogue has no row {number}.")
        photo = Photo(
            row.photo,
            width,
            height,
            "shop",
            "train",
            item_id=row.item,
            variant=row.variant,
        )
        root = str(self._finder.indexed.root.absolute())
        return KnownPhoto("catalogue", photo, root, file_hash(row.file))

    def _of_uploads(self) -> list[Offered]:
        keys = self._uploads.keys()
        return [Offered(f"upload-{key}", ("upload", key)) for key in keys]

    def _upload_reference(self, known: KnownPhoto) -> str:
        """The reference of an upload, whose file is put back if it was deleted."""
        key = known.content[:DIGITS]
        if not key:
            return ""
        try:
            self._uploads.file_of(key)
        except NotFound:
            content = self.store.upload(known.content)
            if content is None:
                return ""
            self._uploads.keep(content)
        return f"upload-{key}"


def _read_dataset(workspace: Workspace, stamp: Stamp) -> _Dataset:
    try:
        photos = dataset_photos(workspace)
        street = [one for one in photos if one.photo.source == "street"]
        street = least_sure_first(workspace, street)
    except TiefVisionError:  # of another release: it offers nothing
        return _Dataset(stamp)
    return _Dataset(
        stamp,
        {one.content[:DIGITS]: one for one in photos},
        {str(one.file): one for one in photos},
        [Offered(f"photo-{one.content[:DIGITS]}", one.key) for one in street],
    )
