"""Opening the index of a workspace for a search, and checks of what it can answer."""

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from tiefvision.catalogue.living.current import current_of
from tiefvision.encoders.identity import EncoderIdentity, same_encoder
from tiefvision.errors import MissingArtifact, StaleArtifact
from tiefvision.models.protocol import AUTO, BUNDLE, GALLERY, Models
from tiefvision.models.rankers import load_ranker, ranker_digests, require_ranker
from tiefvision.models.trained import LOCATOR
from tiefvision.ranking.own import is_known
from tiefvision.ranking.registry import ranker_kind
from tiefvision.store.table import Table
from tiefvision.weights import SHIPPED
from tiefvision.workspace.artifacts import (
    CATALOGUE,
    Workspace,
    command_for,
    workspace_option,
)
from tiefvision.workspace.job import Resources
from tiefvision.workspace.records import read_photos

if TYPE_CHECKING:  # imports NumPy, which describing an index does not need
    from tiefvision.catalogue.searcher import Gallery, Searcher
    from tiefvision.ranking.garments import Embed

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Indexed:
    """Facts about the photographs that a workspace can search.

    Attributes:
        name: artifact: "catalogue", or "gallery" for the workspace's dataset.
        root: folder that the paths of hits are relative to.
        photos: number of photographs.
        items: number of items.
        rankers: names of the rankers that have an index.
        made: time of the last change in seconds since 1970.
    """

    name: str
    root: Path
    photos: int
    items: int
    rankers: tuple[str, ...]
    made: float


def gallery_name(workspace: Workspace, models: Models) -> str:
    """Name of the artifact that a search uses: the catalogue if there is one."""
    for name in models.galleries:
        if workspace.holds(name) and (name != CATALOGUE or _is_finished(workspace)):
            return name
    # Stage 9 writes no gallery for a dataset without a test split.
    return models.galleries[-1] if _can_compare(workspace) else CATALOGUE


def _is_finished(workspace: Workspace) -> bool:
    """Whether the first indexing came to its end, or an earlier release did it."""
    try:
        return current_of(workspace) is not None
    except StaleArtifact:
        return True


def describe_indexed(workspace: Workspace, models: Models) -> Indexed:
    """Describe the index that a search uses; imports no torch.

    Raises:
        MissingArtifact: Nothing has been indexed; the message names the command that
            indexes.
        StaleArtifact: The artifact cannot be read.
    """
    name = gallery_name(workspace, models)
    if name == CATALOGUE:
        return _describe_catalogue(workspace, models)
    with workspace.open(name) as gallery:
        details = gallery.header.details
        items = details.get("items")
        if items is None:  # an earlier release wrote the artifact
            items = len({record["item"] for record in gallery.records("row")})
        return Indexed(
            name,
            Path(details["root"]),
            gallery.header.count["row"],
            items,
            tuple(details["indexes"]),
            gallery.path.stat().st_mtime,
        )


def _describe_catalogue(workspace: Workspace, models: Models) -> Indexed:
    option = models_option(workspace, models)
    try:
        current = current_of(workspace)
    except StaleArtifact as error:
        fix = f"Run: {command_for(CATALOGUE, workspace.root)}{option}"
        raise StaleArtifact(error.message, fix) from error
    if current is None:
        raise MissingArtifact(
            f"There is no catalogue in {workspace.root}.",
            f"Run: {command_for(CATALOGUE, workspace.root)}{option}",
        )
    return Indexed(
        CATALOGUE,
        Path(current.root),
        current.photos,
        current.items,
        tuple(current.spaces),
        current.changed,
    )


def require_searchable(
    workspace: Workspace, models: Models, ranker: str, indexed: Indexed
) -> None:
    """Refuse a search that the workspace cannot answer; imports no torch.

    Args:
        workspace: workspace of the index.
        models: models of the search.
        ranker: name of the ranker.
        indexed: what has been indexed.

    Raises:
        BadUsage: The ranker is unknown.
        MissingArtifact: The ranker has not been trained.
        StaleArtifact: There is no index for the ranker.
    """
    require_ranker(workspace, models, ranker)
    if ranker not in indexed.rankers:
        raise StaleArtifact(
            f"{indexed.name}.lmdb in {workspace.root} has no index for {ranker}, only "
            f"for {', '.join(indexed.rankers)}.",
            f"Run: {_index_command(workspace, models, indexed)}"
            f"{ranker_options([ranker])}",
        )


def models_option(workspace: Workspace, models: Models) -> str:
    """The option that a command needs for these models, with a space before it.

    A workspace that trained no locator is served by the models that ship anyway.
    """
    trained = any(workspace.holds(name) for name in LOCATOR)
    if models.choice == (AUTO if trained else SHIPPED):
        return ""
    return "" if models.choice == AUTO else f" --models {quote(models.choice)}"


def ranker_options(rankers: Iterable[str]) -> str:
    """The options by which a command is given rankers, each with a space before it."""
    given = (ranker_kind(name).given or name for name in rankers)
    return "".join(f" --ranker {quote(one)}" for one in given)


def _index_again(workspace: Workspace, models: Models, indexed: Indexed) -> str:
    """The command that writes the same artifact anew."""
    if indexed.name == GALLERY:
        return command_for(GALLERY, workspace.root)
    command, rankers = _index_command(workspace, models, indexed), indexed.rankers
    own = any(is_known(name) and ranker_kind(name).given for name in rankers)
    known = (name for name in rankers if is_known(name))
    return command + (ranker_options(known) if own else "")


def _index_command(workspace: Workspace, models: Models, indexed: Indexed) -> str:
    """The command that indexes the same photographs as a catalogue.

    Also for a gallery, whose stage indexes for its own two rankers alone.
    """
    return (
        f"tiefvision index {quote(str(indexed.root))}"
        f"{workspace_option(workspace.root)}{models_option(workspace, models)}"
    )


@contextmanager
def open_searcher(
    workspace: Workspace, models: Models, ranker: str, resources: Resources
) -> "Iterator[Searcher]":
    """Open the index of a ranker; its files are closed at the end of the context.

    Args:
        workspace: workspace of the index.
        models: models of the search.
        ranker: name of the ranker.
        resources: seed, limits and progress of a ranker that learns first.

    Raises:
        BadUsage: The ranker is unknown.
        MissingArtifact: Nothing has been indexed, or the ranker has not been trained.
        StaleArtifact: Other models made the index, or there is none for the ranker.
    """
    from tiefvision.catalogue.searcher import Searcher

    embed = load_ranker(workspace, models, ranker, resources)
    name, matching = gallery_name(workspace, models), models.matching(ranker)
    opened = _living if name == CATALOGUE else _stored
    with opened(workspace, models, ranker, embed) as gallery:
        yield Searcher(embed, gallery, matching)


@contextmanager
def _living(
    workspace: Workspace, models: Models, ranker: str, embed: "Embed"
) -> "Iterator[Gallery]":
    from tiefvision.catalogue.living.gallery import LiveGallery

    current = current_of(workspace)
    assert current is not None, "a search requires one first"
    digest = current.spaces[ranker].digest
    _require_same_digest(CATALOGUE, digest, workspace, models, ranker)
    with Table(workspace.path(CATALOGUE)) as table:
        logger.info("%s: %d rows, by %s", table.path, current.photos, ranker)
        yield LiveGallery(table, ranker, embed, current.key, digest)


@contextmanager
def _stored(
    workspace: Workspace, models: Models, ranker: str, embed: "Embed"
) -> "Iterator[Gallery]":
    from tiefvision.catalogue.gallery import (
        read_densities,
        read_index,
        read_reduction,
    )
    from tiefvision.catalogue.stored_gallery import StoredGallery
    from tiefvision.catalogue.stored_rows import StoredRows
    from tiefvision.workspace.garments import closeups_of, garments_reader

    # The crops of the gallery are in the artifact "crops".
    with workspace.open(GALLERY) as gallery, workspace.open("crops") as crops:
        made_by = gallery.header.inputs.get(ranker, "")
        _require_same_digest(GALLERY, made_by, workspace, models, ranker)
        rows = StoredRows.of(gallery)
        count = len(rows.listed)
        logger.info("%s: %d rows of %s, by %s", gallery.path, count, rows.root, ranker)
        yield StoredGallery(
            rows,
            read_index(gallery, ranker),
            embed,
            garments_reader(crops),
            read_reduction(gallery, ranker),
            read_densities(gallery, ranker) if models.matching(ranker) else None,
            closeups_of(crops),
        )


def require_same_models(
    workspace: Workspace, models: Models, encoder: EncoderIdentity
) -> None:
    """Refuse an index whose crops were made with another encoder or another bundle.

    Args:
        workspace: workspace of the index.
        models: models of the search.
        encoder: identity of the models' encoder of garments.

    Raises:
        MissingArtifact: Nothing has been indexed.
        StaleArtifact: Other models made the index.
    """
    name = gallery_name(workspace, models)
    if name == CATALOGUE:
        current = current_of(workspace)
        assert current is not None, "a search requires one first"
        found, made_by = current.encoder, current.models
    else:
        with workspace.open(name) as gallery:
            found, made_by = gallery.header.encoder or {}, gallery.header.inputs
    if not same_encoder(found, encoder.to_dict()):
        raise StaleArtifact(
            f"{name}.lmdb was made with {EncoderIdentity(**found)}, but "
            f"{models.label} with {encoder}.",
            _fix(workspace, models),
        )
    if made_by.get(BUNDLE) != models.digests().get(BUNDLE):
        raise StaleArtifact(
            f"{name}.lmdb was indexed by other models, not {models.label}.",
            _fix(workspace, models),
        )


def _require_same_digest(
    name: str, made_by: str, workspace: Workspace, models: Models, ranker: str
) -> None:
    ours = models.digests([ranker]) | ranker_digests(workspace, [ranker])
    if made_by and ours.get(ranker, made_by) != made_by:
        raise StaleArtifact(
            f"{name}.lmdb was indexed by another {ranker}.", _fix(workspace, models)
        )


def _fix(workspace: Workspace, models: Models) -> str:
    indexed = describe_indexed(workspace, models)
    return f"Run: {_index_again(workspace, models, indexed)}"


def _can_compare(workspace: Workspace) -> bool:
    if not workspace.holds("photos"):
        return True
    with workspace.open("photos") as records:
        return any(photo.split == "test" for photo in read_photos(records))
