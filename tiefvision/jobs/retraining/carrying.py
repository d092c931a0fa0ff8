"""Feature maps of unchanged photographs, carried over to the workspace of a new model.

Stage 2 goes on where a killed run stopped. What is written here looks to it like such a
run, in which the maps of all photographs that it knows were finished.
"""

from collections.abc import Iterator, Sequence
from itertools import islice

from tiefvision.store.artifact import Artifact, ArtifactWriter
from tiefvision.store.header import Header
from tiefvision.workspace.artifacts import Workspace
from tiefvision.workspace.records import read_photos

TOGETHER = 32
"""Photographs written in one commit, each of which waits for the disk: 40 MB."""

FEATURES, PHOTOS = "features", "photos"


def carry_features(old: Workspace, new: Workspace) -> tuple[int, int]:
    """Begin the features of a new workspace with those of an old one.

    Pictures that were made to learn from depend on the boxes and are not carried over.

    Args:
        old: Workspace in which stage 2 has run.
        new: Workspace in which stage 1 has run.

    Returns:
        The numbers of photographs whose maps were carried over, and of the others.

    Raises:
        MissingArtifact: An artifact is missing.
        StorageFull: The new file cannot be written.
    """
    with (
        old.open(FEATURES) as features,
        old.open(PHOTOS) as before,
        new.open(PHOTOS) as after,
    ):
        paths = list(_unchanged(before, after, features))
        described = features.header
        header = Header(
            described.stage,
            described.version,
            described.config,
            {**described.inputs, PHOTOS: after.header.digest},
        )
        with ArtifactWriter(new.path(FEATURES), header) as writer:
            waiting = (path for path in paths if not writer.has(f"map/{path}"))
            while batch := list(islice(waiting, TOGETHER)):
                _copy(features, writer, batch)
        return len(paths), after.header.count.get("photo", 0) - len(paths)


def _unchanged(before: Artifact, after: Artifact, features: Artifact) -> Iterator[str]:
    """Paths of photographs that are in both, with the same content and encoded."""
    for photo in read_photos(after):
        key = f"file/{photo.path}"
        if (
            features.has(f"map/{photo.path}")
            and before.has(key)
            and before.record(key) == after.record(key)
        ):
            yield photo.path


def _copy(features: Artifact, writer: ArtifactWriter, paths: Sequence[str]) -> None:
    maps = [f"map/{path}" for path in paths]
    foregrounds = [f"foreground/{path}" for path in paths]
    writer.write(
        {key: features.tensors(key) for key in maps},
        {key: features.record(key) for key in foregrounds if features.has(key)},
    )
