"""The views of a garment that stage 6 keeps: crop, mirror image, altered ones."""

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tiefvision.augmenting.alterations import ALTERED, alter_garment
from tiefvision.augmenting.views import SourcePhoto, ViewRules
from tiefvision.datasets.masks import read_foreground
from tiefvision.encoders.dense import DenseEncoder
from tiefvision.errors import UnreadablePhoto
from tiefvision.photos.resizing import mirror_photo
from tiefvision.photos.working import WorkingPhoto, open_photo
from tiefvision.ranking.crops import CropRules, crop_garment, describe_crop
from tiefvision.records import Box, View
from tiefvision.store.artifact import Artifact
from tiefvision.workspace.garments import CROP, MIRROR, garment_tensors, view_name
from tiefvision.workspace.records import photo_path


@dataclass(frozen=True)
class ViewMaker:
    """Makes the views of garments of a dataset.

    Attributes:
        encoder: Makes the maps.
        rules: How a crop becomes one.
        records: Of its photographs.
        grounds: Paths of photographs of which parts become new grounds.
        alterations: Altered views of each.
        seed: Of what is drawn; a photograph's views do not depend on the others'.
        altered: How far altered views differ.
    """

    encoder: DenseEncoder
    rules: CropRules
    records: Artifact
    grounds: Sequence[str]
    alterations: int
    seed: int
    altered: ViewRules = ALTERED

    def tensors(
        self, path: str, opened: WorkingPhoto, box_in_image: Box | None
    ) -> dict[str, dict[str, NDArray[Any]]]:
        """What an artifact keeps of a garment, by key, pixels and all."""
        described = {
            name: describe_crop(self.encoder, crop, self.rules)
            for name, crop in self.views(path, opened, box_in_image)
        }
        return garment_tensors(path, described, pixels=True)

    def views(
        self, path: str, opened: WorkingPhoto, box_in_image: Box | None
    ) -> Iterator[tuple[str, NDArray[np.uint8]]]:
        """Name and crop, (224, 224, 3) uint8 RGB, of each view.

        Args:
            path: Of the photograph.
            opened: The same, decoded.
            box_in_image: Of the garment; None for all of it.
        """
        box = opened.box_in_pixels(box_in_image) if box_in_image else None
        crop = crop_garment(opened.pixels, box)
        yield CROP, crop
        yield MIRROR, mirror_photo(crop)
        if not self.alterations:
            return
        generator = np.random.default_rng([self.seed, zlib.crc32(path.encode())])
        source = self._source(path, opened)
        ground = self._ground(generator) or source
        place = box or (0.0, 0.0, float(source.image.width), float(source.image.height))
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
