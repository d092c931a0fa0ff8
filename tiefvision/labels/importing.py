"""Takes labels over from COCO files and triplets.csv."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from tiefvision.datasets.annotations import read_annotations
from tiefvision.datasets.entries import BadEntry, read_json_object
from tiefvision.datasets.files import ANNOTATIONS, IMAGES, TRIPLETS, photo_file
from tiefvision.datasets.triplets import read_triplets
from tiefvision.errors import BadDataset, BadUsage
from tiefvision.files import exists, is_folder, read_file
from tiefvision.groups import group_of
from tiefvision.labels.checking import checked_label
from tiefvision.labels.exporting import FOLDERS, WHEN, WHO, exported_path
from tiefvision.labels.records import (
    DEFAULT_WHO,
    Judgement,
    KnownPhoto,
    PhotoLabel,
    State,
)
from tiefvision.labels.store import LabelStore
from tiefvision.photos.reading import photo_size
from tiefvision.records import Garment, Photo


@dataclass(frozen=True)
class Imported:
    """What an import took over.

    Attributes:
        photos: photographs whose label is new.
        triplets: judgements that are new.
        known: labels and judgements that were there already.
        unlabelled: photographs of which the file says nothing.
        problems: a sentence for each line or entry that cannot be used.
    """

    photos: int = 0
    triplets: int = 0
    known: int = 0
    unlabelled: int = 0
    problems: tuple[str, ...] = ()


def import_labels(
    store: LabelStore,
    source: Path,
    known: Sequence[KnownPhoto] = (),
    who: str = DEFAULT_WHO,
    images: Path | None = None,
) -> Imported:
    """Take labels over; what is there already is not saved again.

    Args:
        store: where to.
        source: folder with annotations.json, triplets.csv or both, or one such file.
        known: photographs of the workspace's dataset, which are recognised by path.
        who: who gave labels of which the file does not tell it.
        images: folder of the photographs that nobody knows; None for ``images`` beside
            the file.

    Raises:
        BadDataset: There is nothing to read, or a file is no COCO or no triplets.csv.
    """
    annotations, triplets = _files(source)
    photos = {exported_path(one): one for one in (*store.photos(), *known)}
    done = Imported()
    if annotations:
        folder = images or annotations.parent / IMAGES
        done, described = _import_boxes(store, annotations, photos, who, folder)
        photos = described | photos
    if triplets:
        judged = _import_triplets(store, triplets, photos, who)
        done = replace(
            done,
            triplets=judged.triplets,
            known=done.known + judged.known,
            problems=done.problems + judged.problems,
        )
    return done


def _files(source: Path) -> tuple[Path | None, Path | None]:
    """The COCO file and the file of triplets of an import."""
    if is_folder(source):
        annotations, triplets = source / ANNOTATIONS, source / TRIPLETS
        found = annotations if exists(annotations) else None
        if not found and not exists(triplets):
            raise BadDataset(
                f"There is neither {ANNOTATIONS} nor {TRIPLETS} in {source}.",
                "Name a folder that holds one, or a file.",
            )
        return found, triplets
    if not exists(source):
        raise BadDataset(f"There is no {source}.", "Name a folder or a file.")
    is_table = source.suffix.lower() == ".csv"
    return (None, source) if is_table else (source, None)


def _import_boxes(
    store: LabelStore,
    file: Path,
    photos: Mapping[str, KnownPhoto],
    who: str,
    images: Path,
) -> tuple[Imported, dict[str, KnownPhoto]]:
    read = read_annotations(file, lambda path: photo_size(photo_file(images, path)))
    signed = _signatures(file)
    problems = [problem.message for problem in read.problems]
    current = {label.photo.key: label for label in store.labels()}
    described, new, same, unlabelled = {}, [], 0, 0
    for photo in read.photos:
        found = photos.get(photo.path) or _described(store, photo, images)
        described[photo.path] = found
        if not photo.garments and photo.path not in signed:
            unlabelled += 1
            continue
        person, at = signed.get(photo.path, (who, ""))
        try:
            label = checked_label(_label(found, photo, person, at))
        except BadUsage as error:
            problems.append(f"{file}, {photo.path} is left out: {error}")
            continue
        before = current.get(found.key)
        if before and _says_the_same(before, label):
            same += 1
        else:
            new.append(label)
    store.save_all_boxes(new)
    done = Imported(len(new), 0, same, unlabelled, tuple(problems))
    return done, described


def _import_triplets(
    store: LabelStore, file: Path, photos: Mapping[str, KnownPhoto], who: str
) -> Imported:
    triplets, skipped = read_triplets(file, photos)
    before = {one.keys for one in store.judgements() if not one.neither}
    judgements = [
        Judgement(photos[one.query], photos[one.positive], photos[one.negative])
        for one in triplets
    ]
    new = [replace(one, who=who) for one in judgements if one.keys not in before]
    store.save_all_judgements(new)
    return Imported(
        triplets=len(new),
        known=len(judgements) - len(new),
        problems=tuple(problem.message for problem in skipped),
    )


def _described(store: LabelStore, photo: Photo, images: Path) -> KnownPhoto:
    """A photograph that only the imported file knows."""
    for origin, folder in FOLDERS.items():
        if folder and photo.path.startswith(folder):
            own = replace(photo, path=photo.path.removeprefix(folder))
            if origin == "upload":
                return _upload(store, own, photo_file(images, photo.path))
            return KnownPhoto(origin, own, str((images / folder).absolute()))
    return KnownPhoto("dataset", photo, str(images.absolute()))


def _upload(store: LabelStore, photo: Photo, file: Path) -> KnownPhoto:
    """An upload of another workspace; its file is kept if it came along."""
    try:
        content = store.keep_upload(read_file(file))
    except OSError:  # an export tells that it is missing
        content = ""
    return KnownPhoto("upload", photo, content=content)


def _label(known: KnownPhoto, photo: Photo, who: str, at: str) -> PhotoLabel:
    """The label that the entry of a photograph stands for."""
    garments = []
    for one in photo.garments:
        group = group_of(one.category, one.group)
        name = "" if one.category == group else one.category
        garments.append(Garment(group, one.box_in_image, label=name))
    state: State = "boxes" if garments else "nothing"
    return PhotoLabel(known, state, tuple(garments), who, at)


def _signatures(file: Path) -> dict[str, tuple[str, str]]:
    """Who labelled each photograph, and when, where a COCO file tells it."""
    signed = {}
    for image in read_json_object(file).entries("images"):
        try:
            who, at = image.text(WHO, ""), image.text(WHEN, "")
            path = image.text("file_name")
        except BadEntry:  # told where it matters
            continue
        if who:
            signed[path] = (who, _time(at))
    return signed


def _time(text: str) -> str:
    """A time in ISO 8601 as it is; "" if it is none."""
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return ""
    return text


def _says_the_same(label: PhotoLabel, other: PhotoLabel) -> bool:
    return (label.state, set(label.garments)) == (other.state, set(other.garments))
