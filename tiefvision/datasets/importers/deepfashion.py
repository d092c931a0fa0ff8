"""What the lists of DeepFashion (Liu et al., CVPR 2016) share.

Every list has its number of rows in the first line, the names of its columns in the
second, and columns separated by spaces. Photographs are named from the folder that
holds ``img``: "img/WOMEN/Dresses/id_00000002/02_1_front.jpg".

Boxes (``list_bbox_*.txt``) come with a type of clothes: 1 upper body, 2 lower body, 3
full body. The folder above the item names the category.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from tiefvision.boxes import as_box
from tiefvision.datasets.importers.formats import ImportReport
from tiefvision.datasets.importers.published import (
    Listed,
    Publication,
    checked,
    corners,
    first_there,
    read_lines,
    write_published,
)
from tiefvision.datasets.line_faults import LineFaults
from tiefvision.errors import BadDataset
from tiefvision.groups import FULL, LOWER, OUTER, UPPER, known_group
from tiefvision.progress import Track
from tiefvision.records import Garment

LICENSE = "DeepFashion: non-commercial research and education only"

LIST_FOLDERS = ("Eval", "Anno", "")
"""Folders below that of the dataset in which its lists may lie."""

GROUPS_OF_TYPE = {"1": (UPPER, OUTER), "2": (LOWER,), "3": (FULL, OUTER)}
"""Groups that the type of clothes admits, the usual one first."""

PARTITION = "list_eval_partition.txt"


PhotosOf = Callable[
    [Path, str, dict[str, Garment], list[str]], Iterator[tuple[int, Listed]]
]
"""(list, folder that names of photographs start from, garments by name, faults) -> line
and photograph of each row that can be used; adds sentences on the others to faults."""


@dataclass(frozen=True)
class Retrieval:
    """One of the datasets for retrieval.

    Attributes:
        format_name: name of the importer.
        what: name of the dataset.
        boxes: name of the list of boxes.
        kind: name of the third column of that list.
        photos_of: reader of the rows of ``PARTITION``.
    """

    format_name: str
    what: str
    boxes: str
    kind: str
    photos_of: PhotosOf


def import_retrieval(
    source: Path, target: Path, dataset: Retrieval, track: Track
) -> ImportReport:
    """Converts a dataset for retrieval; the next run completes an interrupted one.

    Args:
        source: folder that holds ``Eval``, ``Anno`` and ``Img``.
        target: a new or empty folder, or that of an earlier run.
        dataset: what its lists are called and how their rows are read.
        track: shows progress.

    Raises:
        BadDataset: ``source`` has another layout, no photograph is there, or
            ``target`` holds something else.
    """
    file = list_file(source, PARTITION, dataset.what)
    faults: list[str] = []
    boxes = read_boxes(source, dataset.boxes, dataset.kind, faults)
    rows = dataset.photos_of(file, photo_folder(source), boxes, faults)
    listed, more = checked(rows, file)
    if not listed:
        raise BadDataset(f"{file} names no photograph.", reasons=faults + more)
    published = Publication(dataset.format_name, dataset.what, listed, faults + more)
    return write_published(source, target, published, track)


def read_rows(
    file: Path, columns: Sequence[str], faults: list[str]
) -> Iterator[tuple[int, list[str]]]:
    """Line number and cells of each row of a list.

    Args:
        file: the list.
        columns: names that its second line must hold.
        faults: takes sentences on rows of another number of cells.

    Raises:
        BadDataset: The list cannot be read, or is another one.
    """
    lines = read_lines(file)
    next(lines, None)  # the number of rows, which a list cut off does not reach
    number, names = next(lines, (2, ""))
    if names.split() != list(columns):
        raise BadDataset(
            f"{file}, line {number}: expected the columns {' '.join(columns)}.",
            "Name the folder of this dataset as it was published.",
        )
    wrong = LineFaults(file)
    for number, line in lines:
        cells = line.split()
        if len(cells) == len(columns):
            yield number, cells
        else:
            told = f": {len(cells)} cells, expected {len(columns)}."
            wrong.add(number, told, "rows of another number of cells")
    faults += wrong.told()


def list_file(root: Path, name: str, what: str) -> Path:
    """A list of a dataset.

    Args:
        root: folder of the dataset.
        name: name of the list.
        what: name of the dataset, for the message.

    Raises:
        BadDataset: There is none.
    """
    file = first_there(root, (str(PurePosixPath(f) / name) for f in LIST_FOLDERS))
    if file is None:
        raise BadDataset(
            f"{root} is not {what}: there is no Eval/{name}.",
            "Name the folder that holds Eval, Anno and Img.",
        )
    return file


def photo_folder(root: Path) -> str:
    """The folder, "Img/" or "", that the names of photographs start from."""
    return "Img/" if first_there(root, ("Img/img",)) else ""


def read_boxes(
    root: Path, name: str, kind: str, faults: list[str]
) -> dict[str, Garment]:
    """The garment of each photograph by its name; {} where the list is not there.

    Args:
        root: folder of the dataset.
        name: name of the list of boxes.
        kind: name of its third column.
        faults: takes sentences on rows that cannot be used.
    """
    file = first_there(root, (str(PurePosixPath(f) / name) for f in LIST_FOLDERS))
    if file is None:
        faults.append(f"There is no Anno/{name}: photographs have no boxes.")
        return {}
    columns = ("image_name", "clothes_type", kind, "x_1", "y_1", "x_2", "y_2")
    wrong = LineFaults(file)
    found = {}
    for line, (image, clothes, _, *places) in read_rows(file, columns, faults):
        if clothes in GROUPS_OF_TYPE and all(map(_is_number, places)):
            box = as_box(corners([float(place) for place in places]))
            category, group = category_of(image, clothes)
            found[image] = Garment(category, box, group=group)
        else:
            wrong.add(line, " has no box.", "lines have no box")
    faults += wrong.told()
    return found


def category_of(image: str, clothes: str) -> tuple[str, str]:
    """Category and group of a photograph.

    The folder's name is the category where its last word is known and admitted by the
    type of clothes; otherwise the category is the group that the type names.

    Args:
        image: name of the photograph.
        clothes: type of clothes, a key of ``GROUPS_OF_TYPE``.

    >>> category_of("img/WOMEN/Jackets_Coats/id_1/1.jpg", "1")
    ('jackets coats', 'outer')
    >>> category_of("img/MEN/Denim/id_2/1.jpg", "2")
    ('lower', 'lower')
    """
    admitted = GROUPS_OF_TYPE[clothes]
    folders = PurePosixPath(image).parts[:-2]
    words = folders[-1].replace("-", "_").split("_") if folders else []
    known = [group for group in map(known_group, words) if group]
    if known and known[-1] in admitted:
        return " ".join(words).lower(), known[-1]
    return admitted[0], admitted[0]


def _is_number(text: str) -> bool:
    digits = text.removeprefix("-")
    return digits.isascii() and digits.isdigit()
