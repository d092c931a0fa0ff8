"""Checks a dataset: counts, damaged files, and leaks between its splits."""

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import TypeVar, get_args

import numpy as np

from tiefvision.datasets.files import ANNOTATIONS, missing_text, path_hint, photo_file
from tiefvision.datasets.layout import Dataset, read_dataset
from tiefvision.datasets.report import DatasetReport, Leak, LeakKind
from tiefvision.errors import (
    BadDataset,
    UnreadablePhoto,
    first_reasons,
    reason_of,
)
from tiefvision.files import read_file
from tiefvision.photos.listing import list_photos
from tiefvision.photos.near_duplicates import (
    Hash,
    group_near_duplicates,
    perceptual_hash,
)
from tiefvision.photos.reading import photo_size, read_photo
from tiefvision.progress import Track, untracked
from tiefvision.records import Photo, Source, Split

HASHED_SIDE = 256
"""Pixels of the longer side at which photographs are hashed: large JPEGs decode twice
as fast, and the distances of known near-duplicates change by at most 4 bits."""

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True)
class _Inspected:
    """What one file of the dataset holds.

    Attributes:
        photo: The entry of annotations.json.
        missing: Whether the file does not exist.
        error: Why the file cannot be read; "" if it can.
        size: (width, height) in pixels of the upright photograph in the file.
        digest: Hexadecimal digest of the file's bytes; "" if it cannot be read.
        photo_hash: Perceptual hash of a street photograph; None for a shop photograph,
            because studio photographs of different items look alike by intention.
    """

    photo: Photo
    missing: bool = False
    error: str = ""
    size: tuple[int, int] = (0, 0)
    digest: str = ""
    photo_hash: Hash | None = None


def check_dataset(root: Path, track: Track = untracked) -> DatasetReport:
    """Reads every file of a dataset and reports what is in it and what is wrong.

    Args:
        root: The dataset's folder.
        track: Shows progress.

    Returns:
        The report; for a dataset that breaks the layout, only the reason.
    """
    try:
        dataset = read_dataset(root)
    except BadDataset as error:
        return DatasetReport(str(root), usable=False, reasons=(str(error),))
    photos = dataset.photos
    files = [
        _inspect(dataset.images, photo)
        for photo in track(photos, "Reading photographs", len(photos))
    ]
    readable = [file for file in files if file.digest]
    copies = _groups((file.digest, file.photo) for file in readable)
    near_duplicates = _near_duplicates(readable)
    boxes = Counter(g.category for photo in photos for g in photo.garments)
    reasons = _reasons(dataset, files)
    listing = list_photos(dataset.images)
    return DatasetReport(
        root=str(root),
        usable=not reasons,
        reasons=reasons,
        photos=len(photos),
        by_source=_count((photo.source for photo in photos), get_args(Source)),
        by_split=_count((photo.split for photo in photos), get_args(Split)),
        items=len({photo.item_id for photo in photos} - {""}),
        boxes=boxes.total(),
        categories={name: boxes[name] for name in dataset.categories},
        triplets=len(dataset.triplets),
        missing=tuple(file.photo.path for file in files if file.missing),
        corrupt={file.photo.path: file.error for file in files if file.error},
        resized=dict(_resized(readable)),
        duplicates=tuple(map(_paths, copies)),
        near_duplicates=tuple(map(_paths, near_duplicates)),
        leaks=_leaks(photos, copies, near_duplicates),
        unnamed=_unnamed(dataset, listing.photos),
        left_out=listing.left_out,
        problems=tuple(problem.message for problem in dataset.problems),
        problem_counts=dict(Counter(problem.kind for problem in dataset.problems)),
        notes=_notes(files),
    )


def _inspect(images: Path, photo: Photo) -> _Inspected:
    file = photo_file(images, photo.path)
    try:
        pixels = read_photo(file, max_side=HASHED_SIDE)
        size = photo_size(file)
        digest = blake2b(read_file(file), digest_size=16).hexdigest()
    except UnreadablePhoto as error:
        if isinstance(error.__cause__, FileNotFoundError | NotADirectoryError):
            return _Inspected(photo, missing=True)
        return _Inspected(photo, error=str(error))
    except OSError as error:  # it has gone meanwhile
        return _Inspected(photo, error=f"Cannot read {file}: {reason_of(error)}.")
    photo_hash = perceptual_hash(pixels) if photo.source == "street" else None
    return _Inspected(photo, size=size, digest=digest, photo_hash=photo_hash)


def _reasons(dataset: Dataset, files: Sequence[_Inspected]) -> tuple[str, ...]:
    """Why the stages cannot work with the dataset; () if they can.

    The first sentence says it, others what is wrong with each photograph.
    """
    if not files:
        skipped = [
            problem.message
            for problem in dataset.problems
            if problem.kind == "skipped photograph"
        ]
        what = "that can be used" if skipped else "at all"
        sentence = f"{ANNOTATIONS} names no photograph {what}."
        return (sentence, *first_reasons(skipped))
    if not any(file.digest for file in files):
        unread = [file.error or missing_text(file.photo.path) for file in files]
        sentence = f"None of its {len(files)} photographs can be read."
        return (sentence, *first_reasons(unread))
    annotated = any(photo.garments or photo.item_id for photo in dataset.photos)
    if not annotated and not dataset.triplets:
        return ("It has neither boxes nor items nor triplets.",)
    return ()


def _notes(files: Sequence[_Inspected]) -> tuple[str, ...]:
    notes = []
    if files and not any(file.photo.split == "test" for file in files):
        notes.append(
            "No photograph is in the split test, so nothing can be tested: set the "
            'splits, or deal them in stage 1 with ARGS_1="--folds 5 --fold 0".'
        )
    hints = [path_hint(file.photo.path) for file in files if file.missing]
    hints = [hint for hint in hints if hint]
    if hints:
        notes.append(f"{hints[0]} This mends {len(hints)} missing photographs.")
    return tuple(notes)


def _resized(files: Sequence[_Inspected]) -> Iterator[tuple[str, str]]:
    """Path and complaint for each file whose size is not the one annotated."""
    for file in files:
        stated, found = (file.photo.width, file.photo.height), file.size
        if stated != found:
            sizes = f"{stated[0]} x {stated[1]}, the file {found[0]} x {found[1]}"
            yield file.photo.path, f"annotations.json says {sizes} pixels."


def _leaks(
    photos: Sequence[Photo],
    copies: Sequence[Sequence[Photo]],
    near_duplicates: Sequence[Sequence[Photo]],
) -> tuple[Leak, ...]:
    """Groups of related photographs that lie in more than one split."""
    items = _groups((photo.item_id, photo) for photo in photos if photo.item_id)
    groups = _groups((photo.group, photo) for photo in photos if photo.group)
    # Near-duplicates that are copies, or one named group, are reported once only.
    reported = {frozenset(_paths(group)) for group in [*groups, *copies]}
    others = [g for g in near_duplicates if frozenset(_paths(g)) not in reported]
    found: list[tuple[LeakKind, Sequence[Sequence[Photo]]]] = [
        ("item", items),
        ("group", groups),
        ("duplicate", copies),
        ("near-duplicate", others),
    ]
    leaks = (Leak(kind, _by_split(group)) for kind, groups in found for group in groups)
    return tuple(leak for leak in leaks if len(leak.photos) > 1)


def _near_duplicates(readable: Sequence[_Inspected]) -> list[list[Photo]]:
    """Groups of two or more street photographs that look alike."""
    hashed = [
        (file.photo, file.photo_hash)
        for file in readable
        if file.photo_hash is not None
    ]
    if not hashed:
        return []
    rows = group_near_duplicates(np.array([photo_hash for _, photo_hash in hashed]))
    return [[hashed[row][0] for row in group] for group in rows]


def _paths(photos: Sequence[Photo]) -> tuple[str, ...]:
    return tuple(photo.path for photo in photos)


def _by_split(photos: Sequence[Photo]) -> dict[str, tuple[str, ...]]:
    """Paths of the photographs in each split that has one."""
    found = {
        split: tuple(photo.path for photo in photos if photo.split == split)
        for split in get_args(Split)
    }
    return {split: paths for split, paths in found.items() if paths}


def _groups(pairs: Iterable[tuple[Key, Photo]]) -> list[list[Photo]]:
    """Groups of two or more photographs with the same key."""
    groups: dict[Key, list[Photo]] = {}
    for key, photo in pairs:
        groups.setdefault(key, []).append(photo)
    return [group for group in groups.values() if len(group) > 1]


def _count(values: Iterable[str], names: Sequence[str]) -> dict[str, int]:
    counts = Counter(values)
    return {name: counts[name] for name in names}


def _unnamed(dataset: Dataset, found: Sequence[str]) -> tuple[str, ...]:
    """Photographs in ``images`` that annotations.json does not name."""
    named = {photo_file(dataset.images, photo.path) for photo in dataset.photos}
    return tuple(path for path in found if dataset.images / path not in named)
