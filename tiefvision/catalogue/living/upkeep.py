"""Keeping a catalogue without models: removing, compacting, telling its state."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tiefvision.catalogue.living.collection import Collection, current_collection
from tiefvision.catalogue.living.current import current_of
from tiefvision.catalogue.living.ledger import (
    change_rows,
    files_of_item,
    known_photo,
)
from tiefvision.catalogue.living.listing import absolute, name_fault
from tiefvision.catalogue.living.merging import (
    merge_all,
    merge_is_due,
    note_merge,
    start_merging,
)
from tiefvision.catalogue.living.segment_files import folder_of, sweep
from tiefvision.catalogue.living.status import indexes_of, status_of
from tiefvision.catalogue.living.tidying import tidy
from tiefvision.catalogue.living.tuning import require_recall, tune_catalogue
from tiefvision.errors import (
    MissingArtifact,
    StaleArtifact,
    StorageFull,
    TiefVisionError,
)
from tiefvision.store.limits import MAX_GIB
from tiefvision.store.locking import release_lock, take_lock
from tiefvision.store.table import Snapshot, Table
from tiefvision.workspace.artifacts import CATALOGUE, Workspace, command_for


class Upkeep:
    """Removes, compacts and tells; one process at a time may change a catalogue.

    Every change counts for the next search, in this process and in others. Reports are
    dictionaries of JSON types: "added", "changed", "removed", "kept", "photos" and
    "items" (counts), "up_to_date", "skipped" (a sentence for each photograph left out),
    "problems" (a sentence for each thing in the table of products that was not used),
    "indexes" (facts by ranker, see ``status.indexes_of``) and "seconds".

    Args:
        workspace: workspace of the catalogue.
        max_gib: largest size of the catalogue's file in GiB.
    """

    def __init__(self, workspace: Workspace, max_gib: float = MAX_GIB) -> None:
        self._workspace, self._max_gib = workspace, max_gib
        self._path = workspace.path(CATALOGUE)

    def remove(self, names: Sequence[str]) -> dict[str, Any]:
        """Remove items, or single photographs.

        Args:
            names: identifiers of items, or paths of photographs: absolute, from here,
                or as a search shows them.

        Returns:
            The report of the change; a name that is unknown is among "skipped".
        """

        def run(table: Table) -> dict[str, Any]:
            with table.read() as snapshot:
                current = current_collection(snapshot)
                if current is None:
                    raise self.missing()
                found = {name: _files_of(snapshot, current, name) for name in names}
            gone = list(
                dict.fromkeys(file for files in found.values() for file in files)
            )
            before, collection = current.photos, current
            if gone:
                with table.write() as changes:
                    collection = change_rows(changes, current, (), gone)
                merge_behind(table)
            unknown = [name for name, files in found.items() if not files]
            return {
                "photos": collection.photos,
                "items": collection.items,
                "added": 0,
                "changed": 0,
                "removed": before - collection.photos,
                "kept": collection.photos,
                "up_to_date": not gone,
                "problems": [],
                "skipped": [
                    f"There is no item and no photograph {name} in the catalogue."
                    for name in unknown
                ],
            }

        return self.write(run)

    def compact(self, if_due: bool = False) -> dict[str, Any]:
        """Build one graph for each ranker, where graphs pay, and delete what is unused.

        Args:
            if_due: whether to merge only what is due, beside a process that changes the
                catalogue.

        Returns:
            "graphs" (number that were built), "indexes" and "seconds".

        Raises:
            MissingArtifact: There is no catalogue.
            StorageFull: Another process merges or changes it, or there is no room.
        """

        def run(table: Table) -> dict[str, Any]:
            if not if_due:
                tidy(table)
            return {"graphs": merge_all(table, everything=not if_due)}

        self.require()
        if not if_due:
            return self.write(run)
        with Table(self._path, max_gib=self._max_gib) as table:
            try:
                report = run(table)
            except TiefVisionError as error:
                note_merge(table, str(error))
                raise
            note_merge(table, f"{report['graphs']} built")
            return report

    def tune(self, target: float) -> dict[str, Any]:
        """Measure every index, and tune graphs to find a share of the nearest rows.

        Args:
            target: share of the ten nearest rows, from 0.5 to below 1.

        Returns:
            "measured" (a record for each index at each search effort, see
            ``tuning.Measured``), "indexes" and "seconds".

        Raises:
            BadUsage: The share is out of range.
            MissingArtifact: There is no catalogue.
            StorageFull: Another process changes it.
        """
        require_recall(target)

        def run(table: Table) -> dict[str, Any]:
            measured = tune_catalogue(table, target)
            return {"measured": [one.to_dict() for one in measured]}

        return self.write(run)

    def status(self) -> dict[str, Any]:
        """Counts, sizes and freshness, as ``status.status_of`` tells them."""
        self.require()
        with Table(self._path) as table:
            return status_of(table)

    def current(self) -> Collection | None:
        """The collection that searches use; None if there is none.

        Raises:
            StaleArtifact: The catalogue was written by an earlier release, or is
                damaged.
        """
        try:
            return current_of(self._workspace)
        except StaleArtifact as error:
            fix = f"Run: {command_for(CATALOGUE, self._workspace.root)}"
            raise StaleArtifact(error.message, fix) from error

    def require(self) -> None:
        """Raises MissingArtifact, with the command that helps, without a catalogue."""
        if self.current() is None:
            raise self.missing()

    def missing(self) -> MissingArtifact:
        """Makes the error about a catalogue that does not exist, for the caller."""
        return MissingArtifact(
            f"There is no catalogue in {self._workspace.root}.",
            f"Run: {command_for(CATALOGUE, self._workspace.root)}",
        )

    def write(
        self, run: Callable[[Table], dict[str, Any]], create: bool = False
    ) -> dict[str, Any]:
        """Run a change under the lock of the one writer.

        Args:
            run: function from the open table to the report of the change.
            create: whether a missing table is created.

        Returns:
            The report, with "indexes" and "seconds".

        Raises:
            MissingArtifact: There is no catalogue, and ``create`` is false.
            StorageFull: Another process changes the catalogue, or there is no room.
        """
        began = time.monotonic()
        with self._writing(create) as table:
            report = run(table) | {"indexes": indexes_of(table)}
        return report | {"seconds": round(time.monotonic() - began, 1)}

    @contextmanager
    def _writing(self, create: bool) -> Iterator[Table]:
        """The table, with the lock of its one writer."""
        if not create:
            self.require()
        self._path.parent.mkdir(parents=True, exist_ok=True)
        try:
            lock = take_lock(self._path)
        except StorageFull as error:
            raise StorageFull(
                f"Another process is changing the catalogue in {self._path.parent}.",
                error.fix,
            ) from error
        try:
            with self._open(create) as table:
                yield table
        finally:
            if create:
                self._delete_if_empty()
            release_lock(lock)

    def _open(self, create: bool) -> Table:
        try:
            return Table(self._path, create, self._max_gib)
        except StaleArtifact:
            if not create:
                raise
            self._delete()  # of an earlier release, whose rows cannot be read
            return Table(self._path, create, self._max_gib)

    def _delete_if_empty(self) -> None:
        """Leave no table behind that a next run could not go on with."""
        with suppress(TiefVisionError):  # whoever reads it next is told why
            with Table(self._path) as table, table.read() as snapshot:
                described = next(snapshot.keys("crop/"), None)
            if described is None:
                self._delete()

    def _delete(self) -> None:
        self._path.unlink(missing_ok=True)
        self._path.with_name(f"{self._path.name}-lock").unlink(missing_ok=True)
        sweep(folder_of(self._path), ())


def merge_behind(table: Table) -> None:
    """Start a merge in the background, if one is due."""
    if merge_is_due(table):
        start_merging(table.path)


def _files_of(snapshot: Snapshot, current: Collection, name: str) -> list[str]:
    """Files of an item, or the file of a photograph; [] for an unknown name."""
    if name_fault(Path(name)):
        return []
    files = files_of_item(snapshot, current.key, name)
    if files:
        return files
    for file in (absolute(Path(name)), os.path.join(current.root, name)):  # noqa: PTH118
        if known_photo(snapshot, current.key, file):
            return [file]
    return []
