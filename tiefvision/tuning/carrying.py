"""Feature maps of unchanged photographs, carried over to the workspace of a new model.

Stage 2 goes on where a killed run stopped. What is written here looks to it like such a
run, in which all that is unchanged was finished: photographs, and pictures that were
made of unchanged ones.
"""

from collections.abc import Hashable, Sequence
from itertools import islice

from tiefvision.records import Photo
from tiefvision.store.artifact import Artifact, ArtifactWriter
from tiefvision.store.header import Header
from tiefvision.tuning.made import made_of
from tiefvision.workspace.artifacts import Workspace
from tiefvision.workspace.levels import read_made
from tiefvision.workspace.records import read_photos

TOGETHER = 32
"""Photographs written in one commit, each of which waits for the disk: 40 MB."""

DIGITS = 6
"""Digits behind the point in which boxes have to agree."""

FEATURES, PHOTOS = "features", "photos"


def carry_features(old: Workspace, new: Workspace) -> tuple[int, int]:
    """Begin the features of a new workspace with those of an old one.

    Args:
        old: Workspace in which stage 2 has run.
        new: Workspace in which stage 1 has run.

    Returns:
        The numbers of photographs and of made pictures whose maps were carried over.

    Raises:
        MissingArtifact: An artifact is missing.
        StorageFull: The new file cannot be written.
    """
    with (
        old.open(FEATURES) as features,
        old.open(PHOTOS) as before,
        new.open(PHOTOS) as after,
    ):
        paths = _unchanged(before, after, features)
        made = _made_of_unchanged(before, after, features)
        described = features.header
        header = Header(
            described.stage,
            described.version,
            described.config,
            {**described.inputs, PHOTOS: after.header.digest},
        )
        with ArtifactWriter(new.path(FEATURES), header) as writer:
            every = (path for path in (*paths, *made) if not writer.has(f"map/{path}"))
            while batch := list(islice(every, TOGETHER)):
                _copy(features, writer, batch)
        return len(paths), len(made)


def _unchanged(before: Artifact, after: Artifact, features: Artifact) -> list[str]:
    """Paths of photographs that are in both, with the same content and encoded."""
    return [
        photo.path
        for photo in read_photos(after)
        for key in [f"file/{photo.path}"]
        if features.has(f"map/{photo.path}")
        and before.has(key)
        and before.record(key) == after.record(key)
    ]


def _made_of_unchanged(
    before: Artifact, after: Artifact, features: Artifact
) -> list[str]:
    """Paths of made pictures that stage 2 would make alike.

    It takes every n-th photograph: nothing but painted pictures is alike unless new
    photographs come behind the old ones.
    """
    old, new = read_photos(before), read_photos(after)
    made = [picture.path for picture in read_made(features)]
    training = [photo.path for photo in new if photo.split == "train"]
    in_order = [photo.path for photo in old] == [one.path for one in new[: len(old)]]
    known = set(map(_seen_by_makers, old if in_order else ()))
    same = {photo.path for photo in new if _seen_by_makers(photo) in known}
    same &= set(_unchanged(before, after, features))
    return [path for path in made if same.issuperset(made_of(path, training))]


def _seen_by_makers(photo: Photo) -> tuple[Hashable, ...]:
    """What a picture that is made of a photograph depends on, beside its pixels.

    Boxes without rounding errors, which writing them with their width leaves.
    """
    garments = (
        (
            garment.category,
            garment.group,
            garment.person,
            *(round(side, DIGITS) for side in garment.box_in_image),
        )
        for garment in photo.garments
    )
    return (photo.path, photo.width, photo.height, photo.split, *garments)


def _copy(features: Artifact, writer: ArtifactWriter, paths: Sequence[str]) -> None:
    maps = [f"map/{path}" for path in paths]
    facts = [f"{kind}/{path}" for kind in ("foreground", "made") for path in paths]
    writer.write(
        {key: features.tensors(key) for key in maps},
        {key: features.record(key) for key in facts if features.has(key)},
    )
