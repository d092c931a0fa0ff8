"""Labels merged with what a workspace has learnt from already."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tiefvision.datasets.files import IMAGES, MASKS, photo_file
from tiefvision.datasets.triplets import read_triplets, write_triplets
from tiefvision.datasets.writing import write_annotations
from tiefvision.errors import BadDataset
from tiefvision.files import copy_file, exists, is_file, is_folder
from tiefvision.jobs.retraining.given import Given, Known, known_photos
from tiefvision.jobs.retraining.places import Kind
from tiefvision.records import Photo, Triplet
from tiefvision.store.artifact import Artifact
from tiefvision.workspace.records import read_judged_triplets, read_photos

DESCRIPTION = "Photographs of a workspace, with boxes that were labelled since"


@dataclass(frozen=True)
class Boxes:
    """Labelled photographs, told apart by what becomes of them.

    Attributes:
        changed: Photographs of the dataset with their new garments.
        added: Path in the labels of each photograph that the dataset lacks.
        unusable: Photographs that it lacks and that have no file.
    """

    changed: tuple[Photo, ...]
    added: tuple[Photo, ...]
    unusable: tuple[str, ...]

    def counts(self) -> dict[str, int]:
        """The numbers of photographs, for the record of a job."""
        return {
            "relabelled": len(self.changed),
            "added": len(self.added),
            "left out": len(self.unusable),
        }


def sort_boxes(given: Given, photos: Artifact) -> Boxes:
    """Which labelled photographs the dataset knows.

    Args:
        given: The labels.
        photos: Artifact of stage 1.
    """
    known = known_photos(photos, read_photos(photos))
    changed: dict[str, Photo] = {}
    added, unusable = [], []
    for photo in given.photos:
        path = known.path_of(photo.path, given.images)
        if path:
            changed[path] = replace(known.photos[path], garments=photo.garments)
        elif given.images and is_file(photo_file(given.images, photo.path)):
            added.append(photo)
        else:
            unusable.append(photo.path)
    return Boxes(tuple(changed.values()), tuple(added), tuple(unusable))


def write_merged(given: Given, photos: Artifact, target: Path, name: str) -> Boxes:
    """Write the dataset of a workspace with the labels in it.

    Photographs of the dataset keep their paths, splits and items, also where stage 1
    dealt the splits, so that whatever was held out stays so; those that it lacked join
    the training split. Its photographs are not copied but linked, new ones are copied.

    Args:
        given: The labels.
        photos: Artifact of stage 1.
        target: Folder of the new dataset.
        name: Folder below ``images`` for new photographs, which the dataset lacks.

    Returns:
        What was merged.

    Raises:
        BadDataset: No label can be used.
    """
    boxes = sort_boxes(given, photos)
    if not boxes.changed and not boxes.added:
        raise nothing_usable(given, "locator")
    described = {photo.path: photo for photo in read_photos(photos)}
    described |= {photo.path: photo for photo in boxes.changed}
    details = photos.header.details
    _link_entries(Path(details["images"]), target / IMAGES)
    if is_folder(Path(details["root"]) / MASKS):
        _link(Path(details["root"]) / MASKS, target / MASKS)
    for photo in boxes.added:
        assert given.images
        new = replace(photo, path=f"{name}/{photo.path}", split="train")
        copy_file(photo_file(given.images, photo.path), target / IMAGES / new.path)
        described[new.path] = new
    write_triplets(target, read_judged_triplets(photos))
    # Last: with it the folder is a dataset.
    write_annotations(target, tuple(described.values()), description=DESCRIPTION)
    return boxes


def usable_triplets(
    given: Given, photos: Artifact, crops: Artifact
) -> tuple[list[Triplet], int]:
    """Judged triplets of training photographs that have crops, and how many have not.

    Others are not learnt from: those of held-out photographs would spoil the comparison
    of the new ranker with the old one.
    """
    described = read_photos(photos)
    known = known_photos(photos, described)
    training = {
        photo.path
        for photo in described
        if photo.split == "train" and crops.has(f"map/{photo.path}")
    }
    usable = [
        triplet
        for triplet in (_renamed(one, known, given) for one in given.triplets)
        if training.issuperset((triplet.query, triplet.positive, triplet.negative))
        and triplet.negative not in (triplet.query, triplet.positive)
    ]
    return list(dict.fromkeys(usable)), len(given.triplets) - len(usable)


def write_judged(
    triplets: Sequence[Triplet], earlier: str, paths: Sequence[str], folder: Path
) -> int:
    """Write a triplets.csv: judged triplets behind those of an earlier one, each once.

    Args:
        triplets: The new ones.
        earlier: The file that the ranker learnt from last; "" for none. One that is
            gone adds nothing.
        paths: Paths of all photographs of the dataset.
        folder: The folder of the new file.

    Returns:
        The number of triplets in the file.
    """
    before, _ = read_triplets(Path(earlier), paths) if earlier else ((), ())
    every = list(dict.fromkeys((*before, *triplets)))
    write_triplets(folder, every)
    return len(every)


def nothing_usable(given: Given, kind: Kind) -> BadDataset:
    """Makes the error about labels of no use, for the caller to raise."""
    if kind == "ranker":
        why = "A triplet counts if its three photographs are in the training split."
    else:
        why = "No photograph that the workspace knows, or that has a file, is labelled."
    return BadDataset(
        f"The {kind} can learn nothing from the labels at {given.source}.",
        why,
        given.problems,
    )


def _renamed(triplet: Triplet, known: Known, given: Given) -> Triplet:
    """A triplet of paths in the dataset; "" for a photograph that is not there."""
    paths = (triplet.query, triplet.positive, triplet.negative)
    return Triplet(*(known.path_of(path, given.images) for path in paths))


def _link_entries(source: Path, target: Path) -> None:
    """A folder whose entries are links to those of another one."""
    target.mkdir(parents=True, exist_ok=True)
    for entry in sorted(source.iterdir()):
        _link(entry, target / entry.name)


def _link(source: Path, target: Path) -> None:
    if not exists(target) and not os.path.islink(target):  # noqa: PTH114
        target.symlink_to(source.resolve())
