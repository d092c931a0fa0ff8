"""The labels of a workspace, and the photographs of its dataset."""

from pathlib import Path

from tiefvision.labels.records import KnownPhoto
from tiefvision.labels.store import FILE, LabelStore
from tiefvision.workspace.artifacts import Workspace
from tiefvision.workspace.records import read_photos


def labels_of(workspace: Workspace) -> LabelStore:
    """The labels of a workspace; the first save makes their file."""
    return LabelStore(workspace.root / FILE)


def dataset_photos(workspace: Workspace) -> tuple[KnownPhoto, ...]:
    """Photographs of the workspace's dataset, sorted by path; () if it has none.

    Raises:
        StaleArtifact: ``photos.lmdb`` is not one of this release.
    """
    if not workspace.holds("photos"):
        return ()
    with workspace.open("photos") as artifact:
        images = str(Path(artifact.header.details["images"]))
        return tuple(
            KnownPhoto("dataset", photo, images, artifact.record(f"file/{photo.path}"))
            for photo in read_photos(artifact)
        )
