"""The one way from a photograph to a row: open, locate, choose the crop, describe.

Stage 6, ``index``, datasets prepared for a comparison, near-duplicates and searches all
come through here.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tiefvision.encoders.dense import DenseEncoder
from tiefvision.errors import UnreadablePhoto
from tiefvision.photos.resizing import mirror_photo
from tiefvision.photos.working import WorkingPhoto, open_photos
from tiefvision.progress import Track
from tiefvision.ranking.crops import CropRules, crop_garment, describe_crop
from tiefvision.ranking.garments import GarmentBatch
from tiefvision.ranking.needs import EVERYTHING, Need
from tiefvision.records import Box, Crop
from tiefvision.store.artifact import ArtifactWriter
from tiefvision.workspace.garments import CROP, garment_tensors
from tiefvision.workspace.records import crop_to_record

Choose = Callable[[str, WorkingPhoto], Crop]
"""Chooses what of a photograph, given its path and its pixels, is compared."""

Pixels = NDArray[np.uint8]
"""A crop, (224, 224, 3) uint8 RGB."""

Views = Callable[[str, WorkingPhoto, Box | None], Iterable[tuple[str, Pixels]]]
"""Makes the views of a garment, each with its name, ``CROP`` among them."""


def crop_pixels(
    photo: WorkingPhoto, box_in_image: Box | None, mirrored: bool = False
) -> Pixels:
    """The crop of a photograph, (224, 224, 3) uint8 RGB.

    Args:
        photo: The photograph.
        box_in_image: Pixels of the photograph after EXIF rotation; None for all of it.
        mirrored: Whether left and right are exchanged.
    """
    box = photo.box_in_pixels(box_in_image) if box_in_image else None
    crop = crop_garment(photo.pixels, box)
    return mirror_photo(crop) if mirrored else crop


def crop_alone(
    path: str, photo: WorkingPhoto, box_in_image: Box | None
) -> Iterator[tuple[str, Pixels]]:
    """The one view that a catalogue keeps."""
    yield CROP, crop_pixels(photo, box_in_image)


def choose_whole(path: str, photo: WorkingPhoto) -> Crop:
    """The whole photograph."""
    return Crop(None)


@dataclass(frozen=True)
class Described:
    """A photograph as rankers see it.

    Attributes:
        crop: What of it is compared.
        views: Each view by its name, a batch of one.
    """

    crop: Crop
    views: Mapping[str, GarmentBatch]


@dataclass(frozen=True)
class Describer:
    """Everything between an opened photograph and a row.

    Attributes:
        encoder: Encoder of garments.
        rules: Rules by which a crop becomes a feature map.
        choose: Choice of what is compared.
        needs: What rankers will read; nothing else is made.
        views: Maker of the views.
    """

    encoder: DenseEncoder
    rules: CropRules
    choose: Choose = choose_whole
    needs: Collection[Need] = EVERYTHING
    views: Views = crop_alone

    def describe(self, path: str, photo: WorkingPhoto) -> Described:
        """Choose what of a photograph is compared, and describe it."""
        crop = self.choose(path, photo)
        made = self.views(path, photo, crop.box_in_image)
        return Described(crop, {name: self._describe(pixels) for name, pixels in made})

    def describe_box(
        self, photo: WorkingPhoto, box_in_image: Box | None, mirrored: bool = False
    ) -> GarmentBatch:
        """Describe a part of a photograph that is chosen already: a batch of one.

        Args:
            photo: The photograph.
            box_in_image: Pixels of the photograph after EXIF rotation; None for all of
                it.
            mirrored: Whether left and right are exchanged.
        """
        return self._describe(crop_pixels(photo, box_in_image, mirrored))

    def _describe(self, pixels: Pixels) -> GarmentBatch:
        return describe_crop(self.encoder, pixels, self.rules, self.needs)


def describe_files(
    describer: Describer, files: Mapping[str, Path], track: Track, doing: str
) -> Iterator[tuple[str, Described | UnreadablePhoto]]:
    """Open and describe photographs, decoding ahead.

    Args:
        describer: What is made of each.
        files: File of each photograph by its path.
        track: Progress of the loop.
        doing: What to call the loop, such as "indexing".

    Yields:
        Each path with its description, or with why the photograph cannot be read.
    """
    opened: Iterable[tuple[str, WorkingPhoto | UnreadablePhoto]] = zip(
        files, open_photos(files.values()), strict=True
    )
    for path, photo in track(opened, doing, len(files)):
        if isinstance(photo, UnreadablePhoto):
            yield path, photo
        else:
            yield path, describer.describe(path, photo)


def write_described(
    writer: ArtifactWriter,
    describer: Describer,
    files: Mapping[str, Path],
    track: Track,
    doing: str,
) -> None:
    """Describe photographs into an artifact, each in a commit of its own.

    Writes crop/<path> the record of a ``Crop``; map/<path>, colours/<path> and
    pixels/<path> as ``garment_tensors`` has them; skipped/<path> why one was left out.
    Photographs that an earlier, interrupted run wrote are left as they are.

    Args:
        writer: Writer of the artifact.
        describer: What is made of each photograph.
        files: File of each photograph by its path.
        track: Progress of the loop.
        doing: What to call the loop.
    """
    left = {
        path: file
        for path, file in files.items()
        if not writer.has(f"crop/{path}") and not writer.has(f"skipped/{path}")
    }
    for path, described in describe_files(describer, left, track, doing):
        if isinstance(described, UnreadablePhoto):
            writer.write(records={f"skipped/{path}": str(described)})
        else:
            writer.write(
                garment_tensors(path, described.views),
                {f"crop/{path}": crop_to_record(described.crop)},
            )
