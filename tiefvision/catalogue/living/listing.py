"""What a folder, a dataset or some files offer to a catalogue."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tiefvision.catalogue.living.ledger import Facts
from tiefvision.datasets.files import is_dataset, path_fault
from tiefvision.datasets.layout import item_ids, read_dataset
from tiefvision.errors import TiefVisionError
from tiefvision.files import is_folder, no_folder
from tiefvision.photos.listing import list_photos
from tiefvision.records import groups_of


@dataclass(frozen=True)
class Listed:
    """Photographs that are to be in a catalogue.

    Attributes:
        root: folder that was listed, absolute; the common one of several.
        photos: what is told of each photograph, by the absolute path of its file.
        skipped: a sentence for each thing that was left out.
        names: path of each photograph as annotations or a user wrote it, by its file.
        alone: files that were listed by themselves; nothing is told of them but their
            name, so that what a catalogue knows already stays.
    """

    root: Path
    photos: Mapping[str, Facts]
    skipped: tuple[str, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    alone: frozenset[str] = frozenset()


def list_folder(root: Path) -> Listed:
    """The photographs of a folder, or the shop photographs of a dataset.

    Raises:
        TiefVisionError: There is no such folder.
        BadDataset: Its annotations cannot be used.
    """
    if not is_folder(root):
        raise no_folder(root)
    return _of_dataset(root) if is_dataset(root) else _of_folder(root)


def list_paths(paths: Sequence[Path]) -> Listed:
    """The photographs among files and folders.

    Args:
        paths: at least one path. A file that is none is told when it is opened.

    Raises:
        BadDataset: The only path is a dataset whose annotations cannot be used; beside
            others it is told and left out.
    """
    listed, refused = _list_folders(paths)
    named = {path: name_fault(path) for path in paths if not is_folder(path)}
    files = [absolute(path) for path, fault in named.items() if not fault]
    photos = {file: facts for one in listed for file, facts in one.photos.items()}
    alone = frozenset(files) - set(photos)
    photos |= {file: Facts(Path(file).stem) for file in files if file in alone}
    above = [str(one.root) for one in listed] + [str(Path(one).parent) for one in files]
    return Listed(
        Path(os.path.commonpath(above or [os.getcwd()])),  # noqa: PTH109
        photos,
        (
            *refused,
            *(reason for one in listed for reason in one.skipped),
            *(
                f"Cannot use {str(path)!a}: its name {fault}."
                for path, fault in named.items()
                if fault
            ),
        ),
        {file: name for one in listed for file, name in one.names.items()},
        alone,
    )


def _list_folders(paths: Sequence[Path]) -> tuple[list[Listed], list[str]]:
    """What the folders among paths offer, and why others cannot be used."""
    listed, refused = [], []
    for path in filter(is_folder, paths):
        try:
            listed.append(list_folder(path))
        except TiefVisionError as error:
            if len(paths) == 1:
                raise
            refused.append(str(error))
    return listed, refused


def none_readable(root: Path, reasons: Iterable[str]) -> TiefVisionError:
    """Makes the error about a folder without a photograph that can be used."""
    reasons = tuple(reasons)
    if reasons:
        message = f"No photograph in {root} can be read."
        return TiefVisionError(message, reasons=reasons)
    return TiefVisionError(
        f"There is no photograph in {root}.", "Give a folder of JPEG, PNG or WebP."
    )


def _of_folder(root: Path) -> Listed:
    listing = list_photos(root)
    faults = {path: path_fault(path) for path in listing.photos}
    good = [path for path, fault in faults.items() if not fault]
    items = item_ids(good)
    return Listed(
        Path(absolute(root)),
        {absolute(root / path): Facts(items[path]) for path in good},
        (
            *listing.left_out,
            *(
                f"Cannot use {path!a} below {root}: its name {fault}."
                for path, fault in faults.items()
                if fault
            ),
        ),
    )


def _of_dataset(root: Path) -> Listed:
    dataset = read_dataset(root)
    shop = [photo for photo in dataset.photos if photo.source == "shop"]
    chosen = shop or dataset.photos
    photos, names = {}, {}
    for photo in chosen:
        groups = groups_of(photo).split()
        # Annotated garments of several groups do not tell which one is for sale.
        group = groups[0] if len(groups) == 1 else ""
        file = absolute(dataset.images / photo.path)
        photos[file] = Facts(photo.item_id or photo.path, photo.variant, group)
        names[file] = photo.path
    # Problems of boxes alone are no photographs that were left out.
    problems = [p for p in dataset.problems if p.kind == "skipped photograph"]
    skipped = tuple(problem.message for problem in problems)
    return Listed(Path(absolute(root)), photos, skipped, names)


def name_fault(path: Path) -> str:
    """Why a catalogue cannot know a file by its name; "" if it can."""
    text = str(path)
    if "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        return "holds a character that is not text"
    return ""


def absolute(path: Path) -> str:
    """A path by which a catalogue knows a file; links in it are kept."""
    return os.path.abspath(path)  # noqa: PTH100 - resolve would follow links
