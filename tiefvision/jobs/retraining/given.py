"""The labels that a person gives, and which photographs of the dataset they are of.

They come as a COCO file, a triplets.csv, or a folder in the layout of a dataset that
holds either or both, with the photographs below ``images``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tiefvision.datasets.annotations import read_annotations
from tiefvision.datasets.entries import read_json_object
from tiefvision.datasets.files import (
    ANNOTATIONS,
    IMAGES,
    TRIPLETS,
    photo_file,
)
from tiefvision.datasets.tables import read_rows
from tiefvision.datasets.triplets import read_triplets
from tiefvision.errors import BadDataset, UnreadablePhoto
from tiefvision.files import exists, is_file, is_folder
from tiefvision.photos.reading import photo_size
from tiefvision.records import Photo, Triplet
from tiefvision.store.artifact import Artifact
from tiefvision.workspace.provenance import file_hash

LABELLED_AT = "annotated_at"
"""Key of an image in annotations.json that was labelled by hand, with boxes or as one
that shows no garment; an image that has neither it nor boxes is not labelled."""

_IN_FOLDER = ANNOTATIONS, TRIPLETS, IMAGES


@dataclass(frozen=True)
class Given:
    """Labels as their files describe them.

    Attributes:
        source: The file or folder.
        images: Folder of the photographs; None if they are those of the dataset.
        photos: Labelled photographs with their garments.
        triplets: Judged triplets, paths as in the file.
        problems: A sentence for everything that cannot be used.
    """

    source: Path
    images: Path | None
    photos: tuple[Photo, ...] = ()
    triplets: tuple[Triplet, ...] = ()
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class Known:
    """The photographs of a dataset, by what tells them apart.

    Attributes:
        photos: Photographs by path.
        paths: Path of each photograph by the SHA-256 of its file.
    """

    photos: Mapping[str, Photo]
    paths: Mapping[str, str]

    def path_of(self, path: str, images: Path | None) -> str:
        """Path in the dataset of a labelled photograph; "" if it is not there.

        The content of the file decides, so that a photograph of the catalogue is
        recognised; where there is no file, the path does.

        Args:
            path: The path in the labels.
            images: Folder of the labelled photographs, if they have one.
        """
        file = images and photo_file(images, path)
        if file and is_file(file):
            return self.paths.get(file_hash(file), "")
        return path if path in self.photos else ""


def known_photos(photos: Artifact, described: Sequence[Photo]) -> Known:
    """The photographs of stage 1's artifact, by path and by content."""
    return Known(
        {photo.path: photo for photo in described},
        {photos.record(f"file/{photo.path}"): photo.path for photo in described},
    )


def read_given(source: Path) -> Given:
    """Read labels.

    Raises:
        BadDataset: There are none, or their file cannot be read.
    """
    boxes, judged, images = _files_of(source)
    if not boxes and not judged:
        raise BadDataset(
            f"There are no labels at {source}.",
            f"Give a COCO file, a {TRIPLETS}, or a folder with {ANNOTATIONS}.",
        )
    photos, problems = _labelled(boxes, images) if boxes else ((), ())
    triplets, faults = _judged(judged) if judged else ((), ())
    return Given(source, images, photos, triplets, problems + faults)


def _files_of(source: Path) -> tuple[Path | None, Path | None, Path | None]:
    """Files of boxes and triplets, and folder of photographs; None for what is none."""
    if is_folder(source):
        boxes, judged, images = (source / name for name in _IN_FOLDER)
        return (
            boxes if exists(boxes) else None,
            judged if exists(judged) else None,
            images if is_folder(images) else None,
        )
    if not exists(source):
        return None, None, None
    is_table = source.suffix.lower() == ".csv"
    return (None, source, None) if is_table else (source, None, None)


def _labelled(
    file: Path, images: Path | None
) -> tuple[tuple[Photo, ...], tuple[str, ...]]:
    """Labelled photographs of a COCO file, and what cannot be used."""

    def size_of(path: str) -> tuple[int, int]:
        if images is None:
            raise UnreadablePhoto("there is no folder of photographs beside the file")
        return photo_size(photo_file(images, path))

    found = read_annotations(file, size_of)
    by_hand = {
        entry.values.get("file_name")
        for entry in read_json_object(file).entries("images")
        if entry.values.get(LABELLED_AT)
    }
    photos = tuple(
        photo for photo in found.photos if photo.garments or photo.path in by_hand
    )
    return photos, tuple(problem.message for problem in found.problems)


def _judged(file: Path) -> tuple[tuple[Triplet, ...], tuple[str, ...]]:
    """Triplets of a file, whatever photographs they name."""
    paths = {
        cell
        for _, row in read_rows(file, lambda row: True)
        if not isinstance(row, str)
        for cell in row
    }
    triplets, problems = read_triplets(file, paths)
    return triplets, tuple(problem.message for problem in problems)
