"""What a folder, a dataset or some files offer to a catalogue."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from tiefvision.catalogue.living.ledger import Facts
from tiefvision.datasets.files import is_dataset, path_fault
from tiefvision.datasets.layout import item_ids, read_dataset
from tiefvision.datasets.products import Listed as Product
from tiefvision.datasets.products import read_products
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
        problems: a sentence for each thing in the table of products that was not used.
        alone: files that were listed by themselves, one by one; what a catalogue knows
            of them already stays.
    """

    root: Path
    photos: Mapping[str, Facts]
    skipped: tuple[str, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    alone: frozenset[str] = frozenset()


def list_folder(root: Path, items_file: Path | None = None) -> Listed:
    """The photographs of a folder, or the shop photographs of a dataset.

    Args:
        root: folder.
        items_file: table of products; None for the one in the folder, if there is one.

    Raises:
        TiefVisionError: There is no such folder.
        BadDataset: Its annotations, or the table, cannot be used.
    """
    if not is_folder(root):
        raise no_folder(root)
    if is_dataset(root):
        return _of_dataset(root, items_file)
    return _of_folder(root, items_file)


def list_paths(
    paths: Sequence[Path],
    root: Path | None = None,
    items_file: Path | None = None,
    folders: bool = False,
) -> Listed:
    """The photographs among files and folders, as a catalogue would tell them.

    Args:
        paths: at least one path. A file that is none is told when it is opened.
        root: folder of the catalogue; None for a new one.
        items_file: table of products; None for the one in the catalogue's folder.
        folders: whether each folder of the catalogue is a product.

    Raises:
        BadDataset: The only path is a dataset whose annotations cannot be used; beside
            others it is told and left out.
    """
    listed, refused = _list_folders(paths, items_file)
    named = {path: name_fault(path) for path in paths if not is_folder(path)}
    files = [absolute(path) for path, fault in named.items() if not fault]
    photos = {file: facts for one in listed for file, facts in one.photos.items()}
    alone = [file for file in files if file not in photos]
    above = [str(one.root) for one in listed] + [str(Path(one).parent) for one in files]
    common = Path(os.path.commonpath(above or [os.getcwd()]))  # noqa: PTH109
    return Listed(
        common,
        photos | _of_files(alone, root or common, items_file, folders),
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
        tuple(problem for one in listed for problem in one.problems),
        frozenset(alone),
    )


def _list_folders(
    paths: Sequence[Path], items_file: Path | None
) -> tuple[list[Listed], list[str]]:
    """What the folders among paths offer, and why others cannot be used."""
    listed, refused = [], []
    for path in filter(is_folder, paths):
        try:
            listed.append(list_folder(path, items_file))
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


def _of_folder(root: Path, items_file: Path | None) -> Listed:
    listing = list_photos(root)
    faults = {path: path_fault(path) for path in listing.photos}
    good = [path for path, fault in faults.items() if not fault]
    products = read_products(root, item_ids(good), folders=True, file=items_file)
    bad = (
        f"Cannot use {path!a} below {root}: its name {fault}."
        for path, fault in faults.items()
        if fault
    )
    return Listed(
        Path(absolute(root)),
        {absolute(root / path): _facts(products.photos[path]) for path in good},
        (*listing.left_out, *bad),
        problems=products.problems,
    )


def _of_dataset(root: Path, items_file: Path | None) -> Listed:
    dataset = read_dataset(root)
    shop = [photo for photo in dataset.photos if photo.source == "shop"]
    chosen = shop or dataset.photos
    items = {photo.path: photo.item_id or photo.path for photo in chosen}
    products = read_products(root, items, folders=False, file=items_file)
    photos, names = {}, {}
    for photo in chosen:
        groups = groups_of(photo).split()
        # Annotated garments of several groups do not tell which one is for sale.
        group = groups[0] if len(groups) == 1 else ""
        told = _facts(products.photos[photo.path])
        file = absolute(dataset.images / photo.path)
        photos[file] = replace(
            told, variant=told.variant or photo.variant, group=told.group or group
        )
        names[file] = photo.path
    # Problems of boxes alone are no photographs that were left out.
    problems = [p for p in dataset.problems if p.kind == "skipped photograph"]
    skipped = tuple(problem.message for problem in problems)
    return Listed(Path(absolute(root)), photos, skipped, names, products.problems)


def _of_files(
    files: Sequence[str], root: Path, items_file: Path | None, folders: bool
) -> dict[str, Facts]:
    """What is told of single files; those outside of the folder have no table."""
    inside = {
        Path(file).relative_to(root).as_posix(): file
        for file in files
        if Path(file).is_relative_to(root)
    }
    own = {
        path: Path(path).parent.as_posix() if folders and "/" in path else stem
        for path in inside
        for stem in [Path(path).stem]
    }
    # Its problems are those of a part, so that nobody needs to hear them.
    told = read_products(root, own, folders=False, file=items_file).photos
    found = {file: Facts(Path(file).stem) for file in files}
    return found | {file: _facts(told[path]) for path, file in inside.items()}


def _facts(told: Product) -> Facts:
    return Facts(told.item, told.variant, told.group, dict(told.columns))


def name_fault(path: Path) -> str:
    """Why a catalogue cannot know a file by its name; "" if it can."""
    text = str(path)
    if "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        return "holds a character that is not text"
    return ""


def absolute(path: Path) -> str:
    """A path by which a catalogue knows a file; links in it are kept."""
    return os.path.abspath(path)  # noqa: PTH100 - resolve would follow links
