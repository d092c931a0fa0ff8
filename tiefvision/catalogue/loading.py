"""Opening the index of a workspace for a search, and checks of what it can answer."""

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from tiefvision.encoders.identity import EncoderIdentity, same_encoder
from tiefvision.errors import MissingArtifact, StaleArtifact
from tiefvision.models.protocol import AUTO, BUNDLE, GALLERY, Models
from tiefvision.models.rankers import load_ranker, ranker_digests, require_ranker
from tiefvision.models.trained import LOCATOR
from tiefvision.store.artifact import Artifact
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
    from tiefvision.catalogue.searcher import Searcher

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Indexed:
    """Facts about the photographs that a workspace can search.

    Attributes:
        name: artifact: "catalogue", or "gallery" for the workspace's dataset.
        root: folder that the paths of hits are relative to.
        images: folder that the paths of rows are relative to.
        photos: number of photographs.
        items: number of items.
        rankers: names of the rankers that have an index.
        made: time of writing in seconds since 1970.
    """

    name: str
    root: Path
    images: Path
    photos: int
    items: int
    rankers: tuple[str, ...]
    made: float


def gallery_name(workspace: Workspace, models: Models) -> str:
    """Name of the artifact that a search uses: the catalogue if there is one."""
    for name in models.galleries:
        if workspace.holds(name):
            return name
    # Stage 9 writes no gallery for a dataset without a test split.
    return models.galleries[-1] if _can_compare(workspace) else CATALOGUE


def describe_indexed(workspace: Workspace, models: Models) -> Indexed:
    """Describe the index that a search uses; imports no torch.

    Raises:
        MissingArtifact: Nothing has been indexed; the message names the command that
            indexes.
        StaleArtifact: The artifact cannot be read.
    """
    name = gallery_name(workspace, models)
    if name == CATALOGUE and not workspace.holds(name):
        raise MissingArtifact(
            f"There is no {name}.lmdb in {workspace.root}.",
            f"Run: {command_for(name, workspace.root)}"
            f"{models_option(workspace, models)}",
        )
    with workspace.open(name) as gallery:
        details = gallery.header.details
        items = details.get("items")
        if items is None:  # an earlier release wrote the artifact
            items = len({record["item"] for record in gallery.records("row")})
        return Indexed(
            name,
            Path(details["root"]),
            Path(details["images"]),
            gallery.header.count["row"],
            items,
            tuple(details["indexes"]),
            gallery.path.stat().st_mtime,
        )


def require_searchable(workspace: Workspace, models: Models, ranker: str) -> None:
    """Refuse a search that the workspace cannot answer; imports no torch.

    Args:
        workspace: workspace of the index.
        models: models of the search.
        ranker: name of the ranker.

    Raises:
        BadUsage: The ranker is unknown.
        MissingArtifact: Nothing has been indexed, or the ranker has not been trained.
        StaleArtifact: There is no index for the ranker.
    """
    require_ranker(workspace, models, ranker)
    indexed = describe_indexed(workspace, models)
    if ranker not in indexed.rankers:
        raise StaleArtifact(
            f"{indexed.name}.lmdb in {workspace.root} has no index for {ranker}, only "
            f"for {', '.join(indexed.rankers)}.",
            f"Run: {_index_command(workspace, models, indexed)} --ranker {ranker}",
        )


def models_option(workspace: Workspace, models: Models) -> str:
    """The option that a command needs for these models, with a space before it.

    A workspace that trained no locator is served by the models that ship anyway.
    """
    trained = any(workspace.holds(name) for name in LOCATOR)
    if models.choice == (AUTO if trained else SHIPPED):
        return ""
    return "" if models.choice == AUTO else f" --models {quote(models.choice)}"


def _index_again(workspace: Workspace, models: Models, indexed: Indexed) -> str:
    """The command that writes the same artifact anew."""
    if indexed.name == GALLERY:
        return command_for(GALLERY, workspace.root)
    return _index_command(workspace, models, indexed)


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
    from tiefvision.catalogue.gallery import (
        read_densities,
        read_index,
        read_reduction,
        read_rows,
    )
    from tiefvision.catalogue.searcher import Searcher
    from tiefvision.workspace.garments import garments_reader

    embed = load_ranker(workspace, models, ranker, resources)
    with ExitStack() as stack:
        gallery = stack.enter_context(workspace.open(gallery_name(workspace, models)))
        _require_same_ranker(gallery, workspace, models, ranker)
        # A catalogue holds its crops; those of the gallery are in the artifact "crops".
        crops = gallery
        if gallery.path.stem == GALLERY:
            crops = stack.enter_context(workspace.open("crops"))
        rows, matching = read_rows(gallery), models.matching(ranker)
        details = gallery.header.details
        root = Path(details["root"])
        logger.info("%s: %d rows of %s, by %s", gallery.path, len(rows), root, ranker)
        below = Path(details["images"]).relative_to(root).as_posix()
        yield Searcher(
            embed,
            read_index(gallery, ranker),
            rows,
            garments_reader(crops),
            read_reduction(gallery, ranker),
            "" if below == "." else f"{below}/",
            matching,
            read_densities(gallery, ranker) if matching else None,
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
    with workspace.open(gallery_name(workspace, models)) as gallery:
        made_by, ours = gallery.header.inputs, models.digests()
        name = gallery.path.name
        found = gallery.header.encoder or {}
        if not same_encoder(found, encoder.to_dict()):
            raise StaleArtifact(
                f"{name} was made with {EncoderIdentity(**found)}, but {models.label} "
                f"with {encoder}.",
                _fix(workspace, models),
            )
        if made_by.get(BUNDLE) != ours.get(BUNDLE):
            raise StaleArtifact(
                f"{name} was indexed by other models, not {models.label}.",
                _fix(workspace, models),
            )


def _require_same_ranker(
    gallery: Artifact, workspace: Workspace, models: Models, ranker: str
) -> None:
    ours = models.digests([ranker]) | ranker_digests(workspace, [ranker])
    expected = gallery.header.inputs.get(ranker)
    if expected and ours.get(ranker, expected) != expected:
        raise StaleArtifact(
            f"{gallery.path.name} was indexed by another {ranker}.",
            _fix(workspace, models),
        )


def _fix(workspace: Workspace, models: Models) -> str:
    indexed = describe_indexed(workspace, models)
    return f"Run: {_index_again(workspace, models, indexed)}"


def _can_compare(workspace: Workspace) -> bool:
    if not workspace.holds("photos"):
        return True
    with workspace.open("photos") as records:
        return any(photo.split == "test" for photo in read_photos(records))
