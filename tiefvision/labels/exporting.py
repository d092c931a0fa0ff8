"""Labels as a dataset: annotations.json and triplets.csv, which every stage reads.

The images of annotations.json also have ``annotated_by`` and ``annotated_at``. Those of
photographs that were only judged in triplets have neither, and no boxes.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from tiefvision.datasets.entries import read_json_object
from tiefvision.datasets.files import ANNOTATIONS, IMAGES, path_fault
from tiefvision.datasets.triplets import triplets_text, write_triplets
from tiefvision.datasets.writing import annotations_text, write_annotations
from tiefvision.errors import BadDataset, BadUsage, reason_of
from tiefvision.files import copy_file, exists, replace_file
from tiefvision.groups import group_of
from tiefvision.labels.agreement import latest_of_each
from tiefvision.labels.records import (
    Judgement,
    KnownPhoto,
    Origin,
    PhotoKey,
    PhotoLabel,
)
from tiefvision.labels.store import LabelStore
from tiefvision.records import Garment, Photo, Triplet
from tiefvision.workspace.provenance import file_hash

DESCRIPTION = "Labels given in TiefVision"

WHO, WHEN = "annotated_by", "annotated_at"
"""Keys of an image in annotations.json that COCO does not have."""

FOLDERS: Mapping[Origin, str] = {
    "dataset": "",
    "catalogue": "_catalogue/",
    "upload": "_uploads/",
}
"""Folder below ``images`` for the photographs of each origin; those of the dataset keep
their paths."""


@dataclass(frozen=True)
class Export:
    """Labels in the form of a dataset.

    Attributes:
        photos: photographs with their garments, named as a dataset names them.
        triplets: judged triplets of their paths, each once.
        notes: who labelled a photograph, and when, by path.
        sources: where each photograph comes from, by path.
        problems: sentences about what was left out, or is told less exactly.
    """

    photos: tuple[Photo, ...]
    triplets: tuple[Triplet, ...]
    notes: Mapping[str, Mapping[str, str]]
    sources: Mapping[str, KnownPhoto]
    problems: tuple[str, ...] = ()

    @property
    def annotations(self) -> str:
        """The content of annotations.json."""
        return annotations_text(self.photos, description=DESCRIPTION, notes=self.notes)

    @property
    def triplets_csv(self) -> str:
        """The content of triplets.csv."""
        return triplets_text(self.triplets)


def exported_path(known: KnownPhoto) -> str:
    """Path of a photograph in an export, relative to ``images``.

    >>> exported_path(KnownPhoto("catalogue", Photo("a.jpg", 9, 9, "shop", "train")))
    '_catalogue/a.jpg'
    """
    return FOLDERS[known.origin] + known.photo.path.lstrip("/")


def export_of(store: LabelStore) -> Export:
    """The labels of a store in the form of a dataset.

    Of a photograph the latest label counts, and of two answers to one question the
    later; skipped photographs and answers "neither" are left out.
    """
    return as_dataset(store.labels(), store.judgements())


def as_dataset(labels: Iterable[PhotoLabel], judgements: Iterable[Judgement]) -> Export:
    """Labels and judgements that count, in the form of a dataset."""
    labelled = [label for label in labels if label.state != "skipped"]
    judged = [one for one in latest_of_each(judgements) if not one.neither]
    shown: dict[PhotoKey, KnownPhoto] = {
        photo.key: photo
        for one in judged
        for photo in (one.reference, one.closer, one.further)
    } | {label.photo.key: label.photo for label in labelled}
    paths, problems = _paths(shown)
    groups = _group_of_each_name(labelled)
    photos = {key: replace(shown[key].photo, path=path) for key, path in paths.items()}
    notes = {}
    for label in labelled:
        key = label.photo.key
        if key in paths:
            garments, complaints = _annotated(label, groups)
            photos[key] = replace(photos[key], garments=garments)
            notes[paths[key]] = {WHO: label.who, WHEN: label.at}
            problems += complaints
    triplets = [
        Triplet(*(paths[key] for key in one.keys))
        for one in judged
        if all(key in paths for key in one.keys)
    ]
    return Export(
        tuple(sorted(photos.values(), key=lambda photo: photo.path)),
        tuple(triplets),
        notes,
        {path: shown[key] for key, path in paths.items()},
        tuple(problems),
    )


def write_export(store: LabelStore, folder: Path) -> Export:
    """Write the labels as a dataset, with copies of its photographs.

    Args:
        store: the labels.
        folder: folder to write; one that holds an earlier export is replaced.

    Returns:
        What was written; its problems name photographs that could not be copied, or
        changed after they were labelled, which are left out.

    Raises:
        BadUsage: The folder holds another dataset.
        OSError: The folder cannot be written.
    """
    _require_ours(folder)
    changed: dict[PhotoKey, str] = {}
    for known in store.photos():
        fault = _change_of(known)
        if fault:
            changed[known.key] = fault
    export = as_dataset(
        [one for one in store.labels() if one.photo.key not in changed],
        [one for one in store.judgements() if not changed.keys() & set(one.keys)],
    )
    problems = [*changed.values(), *export.problems]
    for path, known in export.sources.items():
        fault = _copied(store, known, folder / IMAGES / path)
        if fault:
            problems.append(fault)
    write_triplets(folder, export.triplets)
    write_annotations(
        folder, export.photos, description=DESCRIPTION, notes=export.notes
    )
    return replace(export, problems=tuple(problems))


def _paths(
    shown: Mapping[PhotoKey, KnownPhoto],
) -> tuple[dict[PhotoKey, str], list[str]]:
    """Path of each photograph in a dataset, and sentences about those without one."""
    paths: dict[PhotoKey, str] = {}
    problems = []
    taken = set()
    for key, known in shown.items():
        path = exported_path(known)
        fault = path_fault(path) or ("is another photograph's" if path in taken else "")
        if fault:
            problems.append(f"{key[1]} is left out: its path {path!r} {fault}.")
        else:
            taken.add(path)
            paths[key] = path
    return paths, problems


def _group_of_each_name(labels: Iterable[PhotoLabel]) -> dict[str, str]:
    """The group that most garments of a name are labelled with.

    A name has one group in COCO, by its category's ``supercategory``.
    """
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for label in labels:
        for garment in label.garments:
            counts[garment.label][garment.category] += 1
    return {name: groups.most_common(1)[0][0] for name, groups in counts.items()}


def _annotated(
    label: PhotoLabel, groups: Mapping[str, str]
) -> tuple[tuple[Garment, ...], list[str]]:
    """Garments as a dataset names them, and sentences about names that were lost."""
    garments, problems = [], []
    for garment in label.garments:
        group, name = garment.category, garment.label
        if name and groups[name] != group:
            problems.append(
                f"A {name} of group {group} in {label.photo.photo.path} is written as "
                f"{group} alone: most are labelled as {groups[name]}, and in COCO a "
                "name has one group."
            )
            name = ""
        own = group if name and group_of(name) != group else ""
        garments.append(Garment(name or group, garment.box_in_image, group=own))
    return tuple(garments), problems


def _change_of(known: KnownPhoto) -> str:
    """A sentence about a file that is no longer the one that was labelled; or ""."""
    if not known.content or known.origin == "upload" or not exists(known.file):
        return ""
    try:
        same = file_hash(known.file) == known.content
    except OSError:
        return ""  # copying it tells why
    if same:
        return ""
    return f"{known.file} is left out: it changed after it was labelled."


def _copied(store: LabelStore, known: KnownPhoto, target: Path) -> str:
    """Copy a photograph; a sentence if its file cannot be read."""
    if known.origin == "upload":
        upload = store.upload(known.content)
        if upload is None:
            return f"{known.photo.path} has labels and no file: it was not kept."
        replace_file(target, upload)
        return ""
    try:
        copy_file(known.file, target)
    except OSError as error:
        if Path(error.filename or "") == target:
            raise
        return f"{known.file} has labels and was not copied: {reason_of(error)}."
    return ""


def _require_ours(folder: Path) -> None:
    """Refuse a folder with annotations that somebody else wrote. Raises BadUsage."""
    file = folder / ANNOTATIONS
    if not exists(file):
        return
    try:
        info = read_json_object(file).values.get("info")
    except BadDataset:
        info = None
    if not isinstance(info, dict) or info.get("description") != DESCRIPTION:
        raise BadUsage(
            f"{folder} holds another dataset, which is not replaced.",
            "Name a new folder, or one of an earlier export of labels.",
        )
