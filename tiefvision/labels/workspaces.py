"""The labels of a workspace, and the photographs of its dataset."""

from collections.abc import Sequence
from pathlib import Path

from tiefvision.labels.records import KnownPhoto
from tiefvision.labels.store import FILE, LabelStore
from tiefvision.store.artifact import Artifact
from tiefvision.workspace.artifacts import Workspace
from tiefvision.workspace.records import read_photos, record_to_garment


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


def least_sure_first(
    workspace: Workspace, photos: Sequence[KnownPhoto]
) -> list[KnownPhoto]:
    """Photographs by the highest score of the garments that stage 5 located in them.

    Those come first of which it is least sure, or in which it found nothing. Without
    its artifact the order stays.
    """
    if not workspace.holds("locations"):
        return list(photos)
    with workspace.open("locations") as locations:
        scores = {
            photo.key: _highest_score(locations, f"found/{photo.photo.path}")
            for photo in photos
        }
    return sorted(photos, key=lambda photo: scores[photo.key])


def _highest_score(locations: Artifact, key: str) -> float:
    found = locations.record(key) if locations.has(key) else []
    return max((record_to_garment(one).score for one in found), default=0.0)
