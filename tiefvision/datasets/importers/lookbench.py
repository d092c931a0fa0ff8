"""Imports a subset of LookBench: queries and gallery in Parquet files.

LookBench (Gao et al., arXiv:2601.14706) is published as

    v20251201/
      real_streetlook/query.parquet, gallery.parquet      a subset, one of four
      aigen_streetlook/ ... real_studio_flat/ ... aigen_studio/ ...
      noise/*.parquet                                     distractors of all subsets

with a row for each photograph: ``image`` (its bytes), ``category``,
``main_attribute``, ``other_attributes`` and ``item_ID``. Queries become street
photographs and the gallery shop photographs of the test split. The photographs of
``noise`` beside the subset join the gallery and are relevant for nobody.

Whether a photograph is relevant is written as three files of judgements, of which
``tiefvision compare --qrels`` makes the benchmark's figures:

    qrels/coarse.tsv     the same category
    qrels/fine.tsv       the same category and main attribute
    qrels/overlap.tsv    the same category, graded by the number of attributes shared

The benchmark's README asks for "all attributes" in its Fine Recall; its published
figures (nDCG@1 below Fine Recall@1) are those of the main attribute. How it grades the
overlap is not published, so that nDCG by ``overlap`` ranks rankers alike, but need not
equal the leaderboard's. Boxes of the garments (``bbox``) are left out, as the
benchmark's own evaluation does: a query is a whole photograph.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tiefvision.datasets.files import IMAGES, path_fault
from tiefvision.datasets.importers.formats import (
    ImportReport,
    claim_target,
    make_report,
)
from tiefvision.datasets.parquet_rows import read_parquet_rows
from tiefvision.datasets.qrels import write_qrels
from tiefvision.datasets.writing import write_annotations
from tiefvision.errors import BadDataset, UnreadablePhoto
from tiefvision.files import is_file, read_file, replace_file
from tiefvision.photos.formats import suffix_of
from tiefvision.photos.reading import photo_size
from tiefvision.progress import Track, untracked
from tiefvision.records import Photo, Source

LICENSE = "Apache-2.0"

DESCRIPTION = "LookBench, https://huggingface.co/datasets/srpone/look-bench"

QUERY, GALLERY, NOISE = "query", "gallery", "noise"

QRELS = "qrels"
"""Folder of the judgements, in that of the dataset."""

_NEEDED = ("image", "category", "main_attribute", "item_ID")
_WANTED = ("other_attributes",)


@dataclass(frozen=True)
class _Labelled:
    """A photograph with what LookBench says of it.

    Attributes:
        photo: The photograph.
        category: Category of the garment; "" for a distractor.
        main: Main attribute of the garment.
        attributes: All attributes of the garment, the main one among them.
    """

    photo: Photo
    category: str
    main: str
    attributes: frozenset[str]


def import_lookbench(
    source: Path, target: Path, *, seed: int, track: Track = untracked
) -> ImportReport:
    """Converts a subset; an interrupted run is completed by the next.

    Args:
        source: The folder that holds query.parquet and gallery.parquet.
        target: A new or empty folder, or that of an earlier run.
        seed: Unused, because nothing is random.
        track: Shows progress.

    Returns:
        What was written and left out.

    Raises:
        BadDataset: ``source`` has another layout, or ``target`` holds something else.
        TiefVisionError: pyarrow is missing.
    """
    files = _files(source)
    claim_target(target, "lookbench", {})
    skipped: list[str] = []
    parts = {
        part: [
            row
            for file in track(some, f"Copying {part}", len(some))
            for row in _read(file, part, source, target, skipped)
        ]
        for part, some in files.items()
    }
    photos = [row.photo for rows in parts.values() for row in rows]
    if not parts[QUERY] or not parts[GALLERY]:
        missing = GALLERY if parts[QUERY] else QUERY
        raise BadDataset(
            f"No photograph of {source / missing}.parquet can be read.",
            reasons=skipped,
        )
    for name, judged in _judgements(parts[QUERY], parts[GALLERY]).items():
        if judged:
            write_qrels(target / QRELS / f"{name}.tsv", judged)
    write_annotations(target, photos, description=DESCRIPTION)
    return make_report(photos, (), skipped)


def _files(source: Path) -> dict[str, list[Path]]:
    """The Parquet files of queries, gallery and distractors."""
    files = {part: [source / f"{part}.parquet"] for part in (QUERY, GALLERY)}
    for (file,) in files.values():
        if not is_file(file):
            raise BadDataset(
                f"{source} holds no subset of LookBench: there is no {file}.",
                "Name a folder such as v20251201/real_streetlook.",
            )
    return files | {NOISE: sorted((source.parent / NOISE).glob("*.parquet"))}


def _read(
    file: Path, part: str, source: Path, target: Path, skipped: list[str]
) -> Iterator[_Labelled]:
    """The photographs of a file, written to the target; ``skipped`` gets the others."""
    kind: Source = "street" if part == QUERY else "shop"
    for number, row in enumerate(read_parquet_rows(file, _NEEDED, _WANTED)):
        try:
            content = _content(row["image"], source)
            width, height = photo_size(content)
        except (UnreadablePhoto, OSError, ValueError) as error:
            skipped.append(f"{file}, row {number}: {error}")
            continue
        path = f"{part}/{file.stem}-{number:06d}{suffix_of(content)}"
        if not is_file(target / IMAGES / path):
            replace_file(target / IMAGES / path, content)
        item = "" if row["item_ID"] is None else str(row["item_ID"])
        photo = Photo(path, width, height, kind, "test", item, LICENSE)
        main = _text(row["main_attribute"])
        known = _attributes(row.get("other_attributes")) | ({main} - {""})
        category = "" if part == NOISE else _text(row["category"])
        yield _Labelled(photo, category, main, frozenset(known))


def _content(image: Any, source: Path) -> bytes:
    """The file of a photograph: its bytes, or those at a path below the subset."""
    if isinstance(image, Mapping):
        image = image.get("bytes") or image.get("path")
    if isinstance(image, bytes):
        return image
    if not isinstance(image, str):
        raise ValueError("it holds no photograph")
    fault = path_fault(image)
    if fault:
        raise ValueError(f"the path {image!r} {fault}")
    return read_file(source / image)


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip().casefold()


def _attributes(value: Any) -> frozenset[str]:
    """Attributes as a set, of a list, of names with values, or of a text.

    >>> sorted(_attributes("Long sleeve, ['Red']"))
    ['long sleeve', 'red']
    """
    if isinstance(value, Mapping):
        found = [f"{name}: {one}" for name, one in value.items() if one is not None]
    elif isinstance(value, str):
        found = re.split(r"[,;|]", re.sub(r"[\[\]\"'{}]", "", value))
    else:
        found = list(value or ())
    return frozenset(_text(one) for one in found) - {""}


def _judgements(
    queries: list[_Labelled], gallery: list[_Labelled]
) -> dict[str, dict[str, dict[str, float]]]:
    """Query to photograph to grade, by name of the file of judgements."""
    by_category: dict[str, list[_Labelled]] = {}
    for shown in gallery:
        by_category.setdefault(shown.category, []).append(shown)
    files: dict[str, dict[str, dict[str, float]]] = {
        "coarse": {},
        "fine": {},
        "overlap": {},
    }
    for asked in queries:
        alike = by_category.get(asked.category, []) if asked.category else []
        grades = {
            "coarse": {one.photo.path: 1.0 for one in alike},
            "fine": {
                one.photo.path: 1.0
                for one in alike
                if asked.main and one.main == asked.main
            },
            "overlap": {
                one.photo.path: float(len(shared))
                for one in alike
                if (shared := one.attributes & asked.attributes)
            },
        }
        for name, found in grades.items():
            if found:
                files[name][asked.photo.path] = found
    return files
