"""Imports Magento's sample shop "Luma": products by view, for evaluation only.

Reads the layout of `tiefvision.datasets.product_views`. The main view of a product
becomes its shop photograph, the ``QUERY_VIEWS`` become street photographs, and other
views are left out. There are no boxes, and no photograph is in the training split: the
licences cover a shop's pictures, not training material. One half of the products is the
validation split, on which settings are chosen, and the other the test split.
"""

from pathlib import Path

from tiefvision.datasets.files import IMAGES
from tiefvision.datasets.importers.formats import (
    ImportReport,
    claim_target,
    make_report,
)
from tiefvision.datasets.product_views import (
    MAIN_VIEW,
    QUERY_VIEWS,
    Half,
    ProductPhoto,
    half_of,
    read_product_views,
)
from tiefvision.datasets.writing import write_annotations
from tiefvision.errors import BadDataset, UnreadablePhoto
from tiefvision.files import copy_file
from tiefvision.photos.reading import read_photo
from tiefvision.progress import Track, untracked
from tiefvision.records import Photo, Split

LICENSE = "OSL-3.0 / AFL-3.0"

SPLITS: dict[Half, Split] = {"choosing": "val", "reporting": "test"}
"""Split of a product by its half: figures are those of the test split."""

DESCRIPTION = (
    'The sample shop "Luma", https://github.com/magento/magento2-sample-data, '
    "main views as shop photographs"
)


def import_luma(
    source: Path, target: Path, *, seed: int, track: Track = untracked
) -> ImportReport:
    """Converts products by view; an interrupted run is completed by the next.

    Args:
        source: The folder that holds images.csv and images/.
        target: A new or empty folder, or that of an earlier run.
        seed: Unused, because nothing is random.
        track: Shows progress.

    Returns:
        What was written and left out.

    Raises:
        BadDataset: ``source`` has another layout, or ``target`` holds something else.
    """
    views, skipped = read_product_views(source)
    listed = [photo for photo in views if photo.view in (MAIN_VIEW, *QUERY_VIEWS)]
    claim_target(target, "luma", {})
    photos = []
    for photo in track(listed, "Copying photographs", len(listed)):
        path = photo.path.relative_to(source / IMAGES).as_posix()
        try:
            converted = _convert(photo, path)
        except UnreadablePhoto as error:
            skipped.append(str(error))
            continue
        copy_file(photo.path, target / IMAGES / path)
        photos.append(converted)
    if not photos:
        raise BadDataset(f"No photograph in {source} can be read.", reasons=skipped)
    write_annotations(target, photos, description=DESCRIPTION)
    return make_report(photos, (), skipped)


def _convert(photo: ProductPhoto, path: str) -> Photo:
    height, width = read_photo(photo.path).shape[:2]  # decoded to find damage
    return Photo(
        path=path,
        width=width,
        height=height,
        source="shop" if photo.view == MAIN_VIEW else "street",
        split=SPLITS[half_of(photo.product)],
        item_id=photo.product,
        variant=photo.colour,
        license=LICENSE,
    )
