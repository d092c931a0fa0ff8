"""One change of a catalogue: compare, describe what is new, remove what is gone."""

from collections.abc import Collection as Several
from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tiefvision.catalogue.choosing import located_describer
from tiefvision.catalogue.describing import Describer
from tiefvision.catalogue.living.collection import (
    Collection,
    collection_key,
    current_collection,
    make_current,
    put_collection,
    read_collection,
)
from tiefvision.catalogue.living.comparing import Difference, Wanted, compare
from tiefvision.catalogue.living.ledger import (
    change_rows,
    known_photo,
    known_photos,
    put_stamp,
)
from tiefvision.catalogue.living.listing import Listed
from tiefvision.catalogue.living.spaces import SpaceWriter
from tiefvision.catalogue.living.tidying import delete_collection
from tiefvision.catalogue.living.writing import RowWriter
from tiefvision.catalogue.open_photo import Networks
from tiefvision.catalogue.partitions.describing import (
    Describe,
    DescribeByWorkers,
    DescribeHere,
)
from tiefvision.catalogue.partitions.setup import setup_of
from tiefvision.catalogue.partitions.shards import sweep_shards, take_leftovers
from tiefvision.catalogue.partitions.starting import started
from tiefvision.catalogue.partitions.workers import ALONE, Workers
from tiefvision.models.protocol import Models
from tiefvision.models.rankers import load_ranker, ranker_digests
from tiefvision.ranking.needs import Need
from tiefvision.ranking.registry import ranker_kind
from tiefvision.store.table import Table
from tiefvision.workspace.artifacts import Workspace
from tiefvision.workspace.job import Resources

if TYPE_CHECKING:  # networks are imported where one is loaded
    from tiefvision.encoders.dense import DenseEncoder

VERSION = 5
"""Version of the descriptions that a catalogue holds; raised when results change."""

BLOCK = 512
"""Photographs that one transaction removes or notes."""

EVERYTHING = "/"
"""Scope of a change: the whole catalogue."""


class Change:
    """Brings a catalogue to hold what was listed; the caller holds the writer's lock.

    Args:
        workspace: workspace of the catalogue.
        models: models that locate, encode and rank.
        names: names of the rankers.
        resources: device, seed, limits and progress.
        workers: who describes the photographs.
        networks: networks of the models that are loaded already; None to load them.

    Raises:
        BadUsage: A ranker is unknown.
        MissingArtifact: A model is missing.
    """

    def __init__(
        self,
        workspace: Workspace,
        models: Models,
        names: Sequence[str],
        resources: Resources,
        workers: Workers = ALONE,
        networks: Networks | None = None,
    ) -> None:
        self._networks = networks
        self._models, self._names, self._resources = models, names, resources
        self._workspace, self._workers = workspace, workers
        self._rankers = {
            name: load_ranker(workspace, models, name, resources) for name in names
        }
        self._digests = models.digests(names) | ranker_digests(workspace, names)
        self._encoder = (
            networks.describer.encoder if networks else models.encoder(resources.engine)
        )
        self._made_by = models.digests()
        self._rules = asdict(models.crop_rules())
        self.key = key_of_models(models, self._encoder)

    def run(
        self,
        table: Table,
        listed: Listed,
        root: Path,
        scope: str | None,
        items_file: str = "",
    ) -> dict[str, Any]:
        """Make the change.

        Args:
            table: the catalogue's table.
            listed: photographs that are to be in the catalogue.
            root: folder of the catalogue, absolute.
            items_file: table of products, absolute; "" for the one in the folder.
            scope: paths that begin so are removed unless they were listed; None to
                remove nothing.

        Returns:
            "added", "changed", "removed", "kept", "photos" and "items" (counts),
            "up_to_date", "skipped" (a sentence for each photograph left out), and
            "problems" (a sentence for each thing in the table of products that was not
            used).
        """
        take_leftovers(table, self.key)
        with table.read() as snapshot:
            before = current_collection(snapshot)
            collection = read_collection(snapshot, self.key) or self._new(root)
            if scope is None:
                found = (known_photo(snapshot, self.key, f) for f in listed.photos)
                known = {photo.file: photo for photo in found if photo}
            else:
                photos = known_photos(snapshot, self.key, scope)
                known = {photo.file: photo for photo in photos}
        told = {file: known[file].facts for file in listed.alone if file in known}
        difference = compare(known, {**listed.photos, **told}.items())
        gone = [] if scope is None else [f for f in known if f not in listed.photos]
        writer = self._writer(table, listed)
        spaces = collection.spaces
        if not set(self._names) <= set(spaces):
            differing = {one.file for one in difference.changed} | set(gone)
            kept = (photo for photo in known.values() if photo.file not in differing)
            writer.complete(self.key, kept)
        collection = writer.spaces.settle(collection)
        up_to_date = (
            before is not None
            and before == collection
            and (before.root, before.items_file) == (str(root), items_file)
        )
        collection = writer.add(collection, [*difference.new, *difference.changed])
        collection = _remove(table, collection, gone)
        _note(table, self.key, difference.touched)
        up_to_date = up_to_date and not (writer.added or gone)
        if collection.photos and not up_to_date:
            folders = collection.folders if scope is None else _tell_folders(listed)
            made = replace(collection, folders=folders, items_file=items_file)
            _finish(table, replace(made, root=str(root)))
        sweep_shards(table.path)
        return _report(collection, difference, writer, len(gone)) | {
            "up_to_date": up_to_date,
            "skipped": [*listed.skipped, *writer.skipped],
            "problems": list(listed.problems),
        }

    def _new(self, root: Path) -> Collection:
        encoder = self._encoder.identity.to_dict()
        return Collection(self.key, str(root), encoder, self._made_by, self._rules)

    def _writer(self, table: Table, listed: Listed) -> RowWriter:
        needs = {need for name in self._names for need in ranker_kind(name).needs}
        track = self._resources.track
        spaces = SpaceWriter(table, self._rankers, self._digests, track)
        describe = self._describe(table, needs)
        return RowWriter(table, spaces, describe, needs, listed.names)

    def _describe(self, table: Table, needs: Several[Need]) -> Describe:
        """Who describes: this process, or workers."""
        models, resources, networks = self._models, self._resources, self._networks

        @cache  # loading networks takes a second
        def describer() -> Describer:
            locator = networks.locator if networks else models.locator(resources.engine)
            rules = models.crop_rules()
            return located_describer(locator, self._encoder, rules, needs)

        here = DescribeHere(table, describer, resources.track)
        if self._workers.alone:
            return here
        setup = setup_of(self._workspace, models, self.key, resources)

        workers = partial(started, self._workers, setup)
        return DescribeByWorkers(table, needs, workers, here, resources.track)


def key_of_models(models: Models, encoder: "DenseEncoder") -> str:
    """Key of the collection that models describe.

    Args:
        models: the models.
        encoder: their encoder of garments.
    """
    rules = asdict(models.crop_rules()) | {"version": VERSION}
    return collection_key(encoder.identity.to_dict(), models.digests(), rules)


def _tell_folders(listed: Listed) -> bool:
    """Whether each photograph's item is its folder."""
    return all(
        facts.item == Path(file).parent.relative_to(listed.root).as_posix()
        for file, facts in listed.photos.items()
    )


def _remove(table: Table, collection: Collection, gone: Sequence[str]) -> Collection:
    for start in range(0, len(gone), BLOCK):
        with table.write() as changes:
            block = gone[start : start + BLOCK]
            collection = change_rows(changes, collection, (), block)
    return collection


def _note(table: Table, key: str, touched: Sequence[Wanted]) -> None:
    for start in range(0, len(touched), BLOCK):
        with table.write() as changes:
            for one in touched[start : start + BLOCK]:
                put_stamp(changes, key, one.file, one.stamp)


def _finish(table: Table, collection: Collection) -> None:
    """Let searches use a collection, and delete all others."""
    with table.write() as changes:
        put_collection(changes, collection)
        make_current(changes, collection)
        others = [key for key in changes.keys("collection/") if key != collection.key]
    for key in others:
        delete_collection(table, key)


def _report(
    collection: Collection, difference: Difference, writer: RowWriter, removed: int
) -> dict[str, Any]:
    new = {one.file for one in difference.new}
    added = sum(file in new for file in writer.added)
    return {
        "photos": collection.photos,
        "items": collection.items,
        "added": added,
        "changed": len(writer.added) - added,
        "removed": removed,
        "kept": difference.kept,
    }
