"""The layout of a dataset, which every importer writes and every stage reads.

images/...         JPEG, PNG or WebP files in any tree of folders
annotations.json   COCO images and boxes; images also have source, split, item_id,
                   license, group and variant
triplets.csv       optional: query,positive,negative
masks/...          optional: see `tiefvision.datasets.files.mask_file`
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from tiefvision.datasets.annotations import DEFAULT_SPLIT, read_annotations
from tiefvision.datasets.files import (
    ANNOTATIONS,
    IMAGES,
    TRIPLETS,
    is_dataset,
    path_fault,
    photo_file,
)
from tiefvision.datasets.problems import Problem
from tiefvision.datasets.triplets import read_triplets, write_triplets
from tiefvision.datasets.writing import write_annotations
from tiefvision.errors import BadDataset, UnreadablePhoto
from tiefvision.photos.listing import list_photos
from tiefvision.photos.reading import photo_size
from tiefvision.progress import Track, untracked
from tiefvision.records import Photo, Triplet

__all__ = [
    "Dataset",
    "photo_file",
    "read_dataset",
    "read_folder",
    "write_annotations",
    "write_triplets",
]


@dataclass(frozen=True)
class Dataset:
    """A dataset, or a plain folder of photographs, as described on disk.

    Attributes:
        root: The folder of the dataset.
        images: The folder that the paths of the photographs are relative to; use
            `photo_file` for the file of one.
        photos: Photographs sorted by path; their files may be missing.
        categories: Names of the categories, sorted.
        triplets: Judged triplets in the order of their file.
        problems: Boxes, photographs and triplets that were clipped or left out.
    """

    root: Path
    images: Path
    photos: tuple[Photo, ...]
    categories: tuple[str, ...] = ()
    triplets: tuple[Triplet, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def files(self) -> dict[str, Path]:
        """File of each photograph by its path; the files may be missing."""
        return {one.path: photo_file(self.images, one.path) for one in self.photos}


def read_dataset(root: Path) -> Dataset:
    """Reads annotations.json and triplets.csv; opens a photograph for its size alone,
    where annotations.json does not tell it.

    Raises:
        BadDataset: A file is missing or invalid; the message names the place in it.
    """
    images = root / IMAGES
    annotations = read_annotations(
        root / ANNOTATIONS, lambda path: photo_size(photo_file(images, path))
    )
    paths = [photo.path for photo in annotations.photos]
    triplets, skipped = read_triplets(root / TRIPLETS, paths)
    return Dataset(
        root=root,
        images=images,
        photos=annotations.photos,
        categories=annotations.categories,
        triplets=triplets,
        problems=annotations.problems + skipped,
    )


def read_folder(root: Path, track: Track = untracked) -> Dataset:
    """Reads every photograph below a folder as a catalogue of shop photographs.

    The item of a photograph is its file name without the suffix, or, if the same name
    is in two folders, its path without the suffix.

    Args:
        root: A folder of photographs, or a dataset, of which ``images`` is listed.
        track: Shows progress.

    Returns:
        A dataset without boxes; photographs whose header cannot be read, pictures of
        other formats and folders that cannot be opened are listed in ``problems``.

    Raises:
        BadDataset: There is no such folder.
    """
    images = root / IMAGES if is_dataset(root) else root
    if not images.is_dir():
        raise BadDataset(f"There is no folder {images}.")
    listing = list_photos(images)
    paths, items = listing.photos, item_ids(listing.photos)
    photos = []
    problems = [Problem("left out", message) for message in listing.left_out]
    for path in track(paths, "Listing photographs", len(paths)):
        fault = path_fault(path)
        if fault:
            message = f"Cannot use {path!a} below {images}: its name {fault}."
            problems.append(Problem("unreadable photograph", message))
            continue
        try:
            width, height = photo_size(images / path)
        except UnreadablePhoto as error:
            problems.append(Problem("unreadable photograph", str(error)))
            continue
        photos.append(Photo(path, width, height, "shop", DEFAULT_SPLIT, items[path]))
    return Dataset(root, images, tuple(photos), problems=tuple(problems))


def item_ids(paths: Sequence[str]) -> dict[str, str]:
    """Path to item: the bare file name, or the bare path where the name repeats."""
    without_suffix = {p: PurePosixPath(p).with_suffix("").as_posix() for p in paths}
    same_name = defaultdict(set)
    for bare in without_suffix.values():
        same_name[PurePosixPath(bare).name].add(bare)
    return {
        path: bare if len(same_name[name]) > 1 else name
        for path, bare in without_suffix.items()
        for name in [PurePosixPath(bare).name]
    }
