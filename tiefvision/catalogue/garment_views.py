"""The views of a garment that stage 6 stores: crop, mirror image and altered views."""

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from tiefvision.augmenting.alterations import ALTERED, alter_garment
from tiefvision.augmenting.views import SourcePhoto, ViewRules
from tiefvision.catalogue.describing import Pixels, crop_pixels
from tiefvision.datasets.masks import read_foreground
from tiefvision.errors import UnreadablePhoto
from tiefvision.photos.resizing import mirror_photo
from tiefvision.photos.working import WorkingPhoto, open_photo
from tiefvision.records import Box, View
from tiefvision.store.artifact import Artifact
from tiefvision.workspace.garments import CROP, MIRROR, view_name
from tiefvision.workspace.records import photo_path


@dataclass(frozen=True)
class ViewMaker:
    """Makes the views of garments of a dataset.

    Attributes:
        records: artifact of stage 1, which says where the photographs' files are.
        grounds: paths of photographs from which new backgrounds are cut.
        alterations: number of altered views of each garment.
        seed: seed of the random numbers; together with the path of a photograph it
            determines its views.
        altered: limits of the alterations.
    """

    records: Artifact
    grounds: Sequence[str]
    alterations: int
    seed: int
    altered: ViewRules = ALTERED

    def views(
        self, path: str, opened: WorkingPhoto, box_in_pixels: Box | None
    ) -> Iterator[tuple[str, Pixels]]:
        """Make the views of a garment.

        Args:
            path: path of the photograph.
            opened: the decoded photograph.
            box_in_pixels: box of the garment in pixels of ``opened.pixels``; None for
                the whole photograph.

        Yields:
            Name and crop, (224, 224, 3) uint8 RGB, of each view.
        """
        crop = crop_pixels(opened, box_in_pixels)
        yield CROP, crop
        yield MIRROR, mirror_photo(crop)
        if not self.alterations:
            return
        generator = np.random.default_rng([self.seed, zlib.crc32(path.encode())])
        source = self._source(path, opened)
        ground = self._ground(generator) or source
        width, height = source.image.size
        place = box_in_pixels or (0.0, 0.0, float(width), float(height))
        for number in range(1, self.alterations + 1):
            altered = alter_garment(source, place, ground, generator, self.altered)
            yield view_name(View(path, alteration=number)), altered

    def _source(self, path: str, opened: WorkingPhoto) -> SourcePhoto:
        image = Image.fromarray(opened.pixels)
        root = Path(self.records.header.details["root"])
        return SourcePhoto(image, read_foreground(root, path, image.size))

    def _ground(self, generator: np.random.Generator) -> SourcePhoto | None:
        path = self.grounds[int(generator.integers(len(self.grounds)))]
        try:
            opened = open_photo(photo_path(self.records, path))
        except UnreadablePhoto:
            return None
        return SourcePhoto(Image.fromarray(opened.pixels))
