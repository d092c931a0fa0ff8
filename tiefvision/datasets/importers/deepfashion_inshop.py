"""Imports DeepFashion's In-shop Clothes Retrieval (Liu et al., CVPR 2016).

Reads the dataset as published at
https://mmlab.ie.cuhk.edu.hk/projects/DeepFashion/InShopRetrieval.html:

    Eval/list_eval_partition.txt    image_name item_id evaluation_status; the status is
                                    train, query or gallery
    Anno/list_bbox_inshop.txt       image_name clothes_type pose_type x_1 y_1 x_2 y_2
    Img/img/WOMEN/Dresses/id_00000002/02_1_front.jpg

All 52,712 photographs are a shop's. In the test split a photograph of the status query
searches, as a street photograph does, and one of the status gallery is found. For
training, the first photograph of an item is the one to be found and the others search.
No photograph is published for validation.
"""

from collections.abc import Iterator
from pathlib import Path

from tiefvision.datasets.importers.deepfashion import (
    LICENSE,
    Retrieval,
    import_retrieval,
    read_rows,
)
from tiefvision.datasets.importers.formats import ImportReport
from tiefvision.datasets.importers.published import Listed
from tiefvision.datasets.line_faults import LineFaults
from tiefvision.progress import Track, untracked
from tiefvision.records import Garment, Photo, Source, Split

BOXES = "list_bbox_inshop.txt"
COLUMNS = ("image_name", "item_id", "evaluation_status")
WHAT = "DeepFashion In-shop Clothes Retrieval"

STATUSES: dict[str, tuple[Split, Source]] = {
    "query": ("test", "street"),
    "gallery": ("test", "shop"),
    "train": ("train", "street"),
}
"""Split and source of a photograph by its status."""


def import_inshop(
    source: Path, target: Path, *, seed: int, track: Track = untracked
) -> ImportReport:
    """Converts In-shop Clothes Retrieval; the next run completes an interrupted one.

    Args:
        source: folder that holds ``Eval``, ``Anno`` and ``Img``.
        target: a new or empty folder, or that of an earlier run.
        seed: unused, because nothing is random.
        track: shows progress.

    Returns:
        What was written, what was left out, and what is left of the dataset.

    Raises:
        BadDataset: ``source`` has another layout, no photograph is there, or
            ``target`` holds something else.
    """
    dataset = Retrieval("inshop", WHAT, BOXES, "pose_type", _photos)
    return import_retrieval(source, target, dataset, track)


def _photos(
    file: Path, folder: str, boxes: dict[str, Garment], faults: list[str]
) -> Iterator[tuple[int, Listed]]:
    """Line and photograph of each row of the list.

    Args:
        file: the list.
        folder: folder that names of photographs start from.
        boxes: garments by the name of the photograph.
        faults: takes sentences on rows that cannot be used.
    """
    wrong = LineFaults(file)
    begun: set[str] = set()
    for line, (image, item, status) in read_rows(file, COLUMNS, faults):
        if status not in STATUSES:
            told = f": the status {status!a} is none of {', '.join(STATUSES)}."
            wrong.add(line, told, "lines of another status")
            continue
        split, source = STATUSES[status]
        if split == "train" and item not in begun:
            begun.add(item)
            source = "shop"
        garments = (boxes[image],) if image in boxes else ()
        path = image.removeprefix("img/")
        photo = Photo(path, 0, 0, source, split, item, LICENSE, garments)
        yield line, Listed(photo, folder + image)
    faults += wrong.told()
