"""Files of vectors that were made elsewhere, and the names of their rows.

    FILE.npy        (N, D) floats, and beside it one of
    FILE.txt        N lines, each the path of a photograph
    FILE.csv        a header with ``photo``, ``item`` or both, and N lines
    rows.jsonl      N lines of JSON with the same keys, as ``export --to npy`` writes
    FILE.parquet    columns ``vector``, and ``photo``, ``item`` or both
    FOLDER          what ``export --to npy`` writes

A row with a photograph is the photograph's; one with an item alone is of the item.
"""

import csv
import io
from pathlib import Path

import numpy as np
from numpy.lib.format import MAGIC_PREFIX

from tiefvision.datasets.sheets import read_sheet
from tiefvision.errors import BadDataset, reason_of
from tiefvision.exporting.npy import ROWS, VECTORS
from tiefvision.exporting.parquet import read_named_vectors
from tiefvision.exporting.texts import read_json_lines
from tiefvision.files import is_file, is_folder
from tiefvision.judging.vectors import VectorFile

FIX = "docs/rankers.md shows the files that --vectors takes."

PHOTO, ITEM = "photo", "item"
"""Columns with the name of a row."""


def read_vector_file(path: Path) -> VectorFile:
    """Read a file of vectors, or a folder with one; nothing is unpickled.

    Raises:
        BadDataset: The file is missing or damaged, its names are missing, or there are
            more or fewer of them than vectors.
        TiefVisionError: pyarrow is missing.
    """
    file = path / VECTORS if is_folder(path) else path
    if not is_file(file):
        raise BadDataset(f"There is no file {file}.", FIX)
    if file.suffix not in (".npy", ".parquet"):
        raise BadDataset(f"{file} ends neither in .npy nor in .parquet.", FIX)
    try:
        read = _read_npy(file) if file.suffix == ".npy" else _read_parquet(file)
    except (OSError, EOFError, ValueError, LookupError, TypeError, csv.Error) as error:
        raise BadDataset(f"{file} cannot be read: {reason_of(error)}.", FIX) from error
    _require_vectors(read)
    return read


def _require_vectors(read: VectorFile) -> None:
    vectors, count = read.vectors, len(read.photos)
    if vectors.ndim != 2 or not np.issubdtype(vectors.dtype, np.floating):
        raise BadDataset(
            f"{read.path} holds {vectors.dtype} of shape {vectors.shape}, not rows of "
            "floats.",
            FIX,
        )
    if len(vectors) != count:
        raise BadDataset(
            f"{read.path} holds {len(vectors)} vectors, and {count} names.",
            "Write one name for each vector.",
        )
    if not vectors.size:
        raise BadDataset(f"{read.path} holds no vector.", FIX)
    for number, (photo, item) in enumerate(zip(read.photos, read.items, strict=True)):
        if not photo and not item:
            raise BadDataset(f"{read.path}: row {number + 1} names nothing.", FIX)


def _read_npy(file: Path) -> VectorFile:
    with file.open("rb") as opened:
        if (
            opened.read(len(MAGIC_PREFIX)) != MAGIC_PREFIX
        ):  # np.load takes it for a pickle
            raise BadDataset(
                f"{file} is no file of NumPy's, as numpy.save writes it.", FIX
            )
    vectors = np.load(file, mmap_mode="r", allow_pickle=False)
    text, table, rows = (
        file.with_suffix(".txt"),
        file.with_suffix(".csv"),
        file.with_name(ROWS),
    )
    there = [one for one in (text, table, rows) if is_file(one)]
    if rows in there and file.name != VECTORS:
        there.remove(rows)
    if len(there) != 1:
        beside = " and ".join(one.name for one in there) or "no names"
        raise BadDataset(
            f"{file} has {beside} beside it.",
            f"Write the names of its rows into {text.name} or {table.name}.",
        )
    if text in there:
        names = read_sheet(text).text.rstrip().splitlines()
        return VectorFile(file, names, [""] * len(names), vectors)
    named = _read_csv(table) if table in there else list(read_json_lines(rows))
    photos, items = (
        [str(row.get(column) or "") for row in named] for column in (PHOTO, ITEM)
    )
    return VectorFile(file, photos, items, vectors)


def _read_csv(file: Path) -> list[dict[str, str]]:
    sheet = read_sheet(file)
    lines = io.StringIO(sheet.text, newline="")
    reader = csv.DictReader(lines, delimiter=sheet.delimiter, strict=True)
    columns = reader.fieldnames or ()
    if not {PHOTO, ITEM} & set(columns):
        raise BadDataset(
            f"{file} has the columns {', '.join(columns)}: neither {PHOTO} nor {ITEM}.",
            FIX,
        )
    return list(reader)


def _read_parquet(file: Path) -> VectorFile:
    photos: list[str] = []
    items: list[str] = []
    blocks = []
    for block in read_named_vectors(file):
        photos += block.photos
        items += block.items
        blocks.append(block.vectors)
    if not blocks:
        raise BadDataset(f"{file} holds no row.", FIX)
    lengths = {block.shape[1] for block in blocks}
    if len(lengths) > 1:
        raise BadDataset(f"{file} holds vectors of several lengths.", FIX)
    return VectorFile(file, photos, items, np.concatenate(blocks))
