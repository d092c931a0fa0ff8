"""Imports DeepFashion's Consumer-to-shop Clothes Retrieval (Liu et al., CVPR 2016).

Reads the dataset as published at
https://mmlab.ie.cuhk.edu.hk/projects/DeepFashion/Consumer2ShopRetrieval.html:

    Eval/list_eval_partition.txt    image_pair_name_1 image_pair_name_2 item_id
                                    evaluation_status: a consumer's photograph, a shop's
                                    of the same item, and train, val or test
    Anno/list_bbox_consumer2shop.txt
                                    image_name clothes_type source_type x_1 y_1 x_2 y_2
    Img/img/DRESSES/Dress/id_00000001/comsumer_01.jpg, shop_01.jpg

A photograph of several pairs is written once. As published, the gallery of a test query
holds the shop photographs of val and test; `tiefvision compare` adds those of train.
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

BOXES = "list_bbox_consumer2shop.txt"
COLUMNS = ("image_pair_name_1", "image_pair_name_2", "item_id", "evaluation_status")
WHAT = "DeepFashion Consumer-to-shop Clothes Retrieval"
STATUSES: dict[str, Split] = {"train": "train", "val": "val", "test": "test"}
SOURCES: tuple[Source, Source] = ("street", "shop")


def import_consumer2shop(
    source: Path, target: Path, *, seed: int, track: Track = untracked
) -> ImportReport:
    """Converts Consumer-to-shop Retrieval; the next run completes an interrupted one.

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
    dataset = Retrieval("consumer2shop", WHAT, BOXES, "source_type", _photos)
    return import_retrieval(source, target, dataset, track)


def _photos(
    file: Path, folder: str, boxes: dict[str, Garment], faults: list[str]
) -> Iterator[tuple[int, Listed]]:
    """Line and photograph of each row of the list, two a row.

    Args:
        file: the list.
        folder: folder that names of photographs start from.
        boxes: garments by the name of the photograph.
        faults: takes sentences on rows that cannot be used.
    """
    wrong = LineFaults(file)
    for line, (*pair, item, status) in read_rows(file, COLUMNS, faults):
        if status not in STATUSES:
            told = f": the status {status!a} is none of {', '.join(STATUSES)}."
            wrong.add(line, told, "lines of another status")
            continue
        for image, source in zip(pair, SOURCES, strict=True):
            garments = (boxes[image],) if image in boxes else ()
            path = image.removeprefix("img/")
            split = STATUSES[status]
            photo = Photo(path, 0, 0, source, split, item, LICENSE, garments)
            yield line, Listed(photo, folder + image)
    faults += wrong.told()
