"""The living catalogue: what the command line, programs and the web do with it."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from shlex import quote
from typing import Any

from tiefvision.catalogue.living.changing import EVERYTHING, Change
from tiefvision.catalogue.living.collection import Collection
from tiefvision.catalogue.living.ledger import known_photos
from tiefvision.catalogue.living.listing import (
    Listed,
    absolute,
    list_folder,
    list_paths,
    none_readable,
)
from tiefvision.catalogue.living.merging import is_merging, merge_all
from tiefvision.catalogue.living.rows import shown_path
from tiefvision.catalogue.living.timing import search_times
from tiefvision.catalogue.living.upkeep import Upkeep, merge_behind
from tiefvision.catalogue.open_photo import Networks
from tiefvision.catalogue.partitions.workers import ALONE, Workers
from tiefvision.datasets.files import is_dataset
from tiefvision.datasets.item_table_editing import edit_item_table
from tiefvision.datasets.item_tables import NAMES, find_item_table
from tiefvision.errors import BadUsage, StaleArtifact
from tiefvision.models.protocol import Models, default_rankers
from tiefvision.store.table import Table
from tiefvision.workspace.artifacts import (
    Workspace,
    workspace_option,
)
from tiefvision.workspace.job import Resources


class Catalogue(Upkeep):
    """Changes the catalogue of a workspace; one process at a time may do so.

    Args:
        workspace: workspace of the catalogue.
        models: models that locate, encode and rank.
        resources: device, seed, limits and progress.
        workers: who describes photographs.
        networks: networks of the models that are loaded already; None to load them for
            each change.
    """

    def __init__(
        self,
        workspace: Workspace,
        models: Models,
        resources: Resources,
        workers: Workers = ALONE,
        networks: Networks | None = None,
    ) -> None:
        super().__init__(workspace, resources.max_gib)
        self._networks = networks
        self._models, self._resources, self._workers = models, resources, workers

    def index(
        self, root: Path, names: Sequence[str], items_file: Path | None = None
    ) -> dict[str, Any]:
        """Let the catalogue hold one folder, or the shop photographs of a dataset.

        Args:
            root: folder of photographs, or of a dataset.
            names: names of the rankers to build an index for.
            items_file: table of products; None for the one in the folder, if there is
                one. The catalogue remembers it.

        Returns:
            The report of the change, with "catalogue" (the folder) and, if something
            was done, "milliseconds" (of a search in each ranker's index).

        Raises:
            BadUsage: A ranker is unknown.
            TiefVisionError: The folder is missing or holds no readable photograph.
            MissingArtifact: The models are those of a workspace and incomplete.
            StorageFull: Another process changes the catalogue, or there is no room.
        """
        # Before rankers, which may have to learn: a folder can be missing or empty.
        listed = list_folder(root, items_file)
        if not listed.photos:
            raise none_readable(root, listed.skipped)
        table_of_items = absolute(items_file) if items_file else ""
        change = self._change(names)

        def run(table: Table) -> dict[str, Any]:
            report = change.run(table, listed, listed.root, EVERYTHING, table_of_items)
            if not report["photos"]:
                raise none_readable(root, report["skipped"])
            if not is_merging(table.path):
                merge_all(table)
            if not report["up_to_date"]:
                report["milliseconds"] = search_times(table)
            return report | {"catalogue": str(root)}

        return self.write(run, create=True)

    def sync(self, root: Path, items_file: Path | None = None) -> dict[str, Any]:
        """Take in what is new, changed or gone below a folder.

        Photographs elsewhere stay as they are.

        Args:
            root: folder of photographs, or of a dataset.
            items_file: table of products; None for the one that the catalogue
                remembers, or else the one in the folder.

        Raises:
            As ``index`` does; MissingArtifact if there is no catalogue, StaleArtifact
            if other models made it. Nothing is removed where the folder is missing or
            holds no photograph at all.
        """
        current = self.current()
        if current is None:
            raise self.missing()
        kept = items_file or _items_file(current)
        listed = list_folder(root, kept)
        if not listed.photos:  # as where a disk is not mounted
            raise none_readable(root, listed.skipped)
        scope = os.path.join(listed.root, "")  # noqa: PTH118
        return self._update(current, listed, kept, scope)

    def add(
        self, paths: Sequence[Path], items_file: Path | None = None
    ) -> dict[str, Any]:
        """Add files and folders, or take in those that changed.

        Without a catalogue a new one is made.

        Args:
            paths: files and folders.
            items_file: as for ``sync``.

        Raises:
            As ``sync`` does; BadUsage without a path.
        """
        if not paths:
            raise BadUsage("There is no path to add.", "Give photographs or folders.")
        current = self.current()
        kept = items_file or _items_file(current)
        if current is None:
            listed = list_paths(paths, None, kept)
        else:
            listed = list_paths(paths, Path(current.root), kept, current.folders)
        return self._update(current, listed, kept, None)

    def tell(self, file: Path, values: Mapping[str, str]) -> dict[str, Any]:
        """Change what the table of products tells of one photograph.

        The table that the catalogue remembers is rewritten, or the one in its folder,
        which is made if there is none; then the photograph is taken in anew.

        Args:
            file: photograph of the catalogue.
            values: texts by column, such as {"price": "49.90"}; "" empties a cell.

        Raises:
            As ``sync`` does; BadUsage if the photograph is not in the folder of the
            catalogue, the folder is a dataset, which tells its items itself, or a value
            cannot be used.
        """
        current = self.current()
        if current is None:
            raise self.missing()
        root, path = Path(current.root), absolute(file)
        if is_dataset(root):
            raise BadUsage(
                f"{root} is a dataset, which tells itself what its photographs show.",
                "Change its annotations.json, then run: tiefvision catalogue sync.",
            )
        with Table(self._path) as table, table.read() as snapshot:
            every = known_photos(snapshot, current.key, os.path.join(root, ""))  # noqa: PTH118
            items = {shown_path(one.file, root): one.facts.item for one in every}
        photo = shown_path(path, root)
        if photo not in items:
            raise BadUsage(f"No photograph {photo!a} lies in the catalogue's folder.")
        kept = _items_file(current)
        table_file = kept or find_item_table(root) or root / NAMES[0]
        edit_item_table(table_file, photo, values, items)
        listed = list_paths([Path(path)], root, kept, current.folders)
        # What is known of it does not stay this time.
        return self._update(current, replace(listed, alone=frozenset()), kept, None)

    def _update(
        self,
        current: Collection | None,
        listed: Listed,
        items_file: Path | None,
        scope: str | None,
    ) -> dict[str, Any]:
        names = tuple(current.spaces) if current else default_rankers(self._models)
        change = self._change(names)
        if current and current.key != change.key:
            raise self._made_by_others(current)
        kept = absolute(items_file) if items_file else ""

        def run(table: Table) -> dict[str, Any]:
            root = Path(current.root) if current else listed.root
            report = change.run(table, listed, root, scope, kept)
            if not report["photos"]:
                raise none_readable(listed.root, report["skipped"])
            merge_behind(table)
            return report

        return self.write(run, create=True)

    def _change(self, names: Sequence[str]) -> Change:
        return Change(
            self._workspace,
            self._models,
            names,
            self._resources,
            self._workers,
            self._networks,
        )

    def _made_by_others(self, current: Collection) -> StaleArtifact:
        option = workspace_option(self._workspace.root)
        return StaleArtifact(
            f"The catalogue in {self._workspace.root} was made by other models than "
            f"{self._models.label}.",
            f"Run: tiefvision index {quote(current.root)}{option}, which makes it "
            "anew, or "
            "give the --models that made it.",
        )


def _items_file(current: Collection | None) -> Path | None:
    """The table of products that a catalogue remembers."""
    return Path(current.items_file) if current and current.items_file else None
