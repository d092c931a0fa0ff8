"""From a photograph to a row of a gallery: open, locate, choose the crop, describe.

This is the only implementation: stage 6, ``index``, datasets prepared for a comparison,
near-duplicates and searches all use it.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tiefvision.boxes import as_box, clip_to_image, scale_boxes
from tiefvision.datasets.files import path_hint
from tiefvision.errors import UnreadablePhoto
from tiefvision.files import exists
from tiefvision.photos.resizing import mirror_photo
from tiefvision.photos.working import WorkingPhoto, open_photos
from tiefvision.progress import Track
from tiefvision.ranking.crops import (
    CropRules,
    closeup_boxes,
    crop_garment,
    describe_crop,
    widen_box,
)
from tiefvision.ranking.garments import GarmentBatch
from tiefvision.ranking.needs import EVERYTHING, Need
from tiefvision.records import Box, Crop, View
from tiefvision.store.artifact import ArtifactWriter
from tiefvision.workspace.garments import CROP, garment_tensors, view_name
from tiefvision.workspace.records import crop_to_record

if TYPE_CHECKING:  # networks are imported where one is loaded
    from tiefvision.encoders.dense import DenseEncoder

Choose = Callable[[str, WorkingPhoto], Crop]
"""Function from path and pixels of a photograph to the crop that is compared."""

Pixels = NDArray[np.uint8]
"""A crop, (224, 224, 3) uint8 RGB."""

Views = Callable[[str, WorkingPhoto, Box | None], Iterable[tuple[str, Pixels]]]
"""Function from path, photograph and box (in the photograph's ``pixels``) of a garment
to its views, each with its name; ``CROP`` is among the names."""


def crop_pixels(
    photo: WorkingPhoto, box_in_pixels: Box | None, mirrored: bool = False
) -> Pixels:
    """The crop of a photograph, (224, 224, 3) uint8 RGB.

    Args:
        photo: photograph.
        box_in_pixels: box in pixels of ``photo.pixels``; None for the whole photograph.
        mirrored: whether left and right are exchanged.
    """
    crop = crop_garment(photo.pixels, box_in_pixels)
    return mirror_photo(crop) if mirrored else crop


def crop_alone(
    path: str, photo: WorkingPhoto, box_in_pixels: Box | None
) -> Iterator[tuple[str, Pixels]]:
    """The unchanged crop, the only view that a catalogue keeps."""
    yield CROP, crop_pixels(photo, box_in_pixels)


def choose_whole(path: str, photo: WorkingPhoto) -> Crop:
    """Choose the whole photograph."""
    return Crop(None)


@dataclass(frozen=True)
class Described:
    """A photograph as rankers see it.

    Attributes:
        crop: part of the photograph that is compared.
        views: views by name, each a batch of one.
    """

    crop: Crop
    views: Mapping[str, GarmentBatch]


@dataclass(frozen=True)
class Describer:
    """Turns an opened photograph into what rankers compare.

    Attributes:
        encoder: encoder of garments.
        rules: rules by which a crop becomes a feature map.
        choose: function that chooses the crop of a photograph.
        needs: parts that rankers read (maps, colours, pixels); others are not computed.
        views: function that makes the views of a crop.
    """

    encoder: "DenseEncoder"
    rules: CropRules
    choose: Choose = choose_whole
    needs: Collection[Need] = EVERYTHING
    views: Views = crop_alone

    def describe(self, path: str, photo: WorkingPhoto) -> Described:
        """Choose the crop of a photograph; describe all its views and close-ups."""
        crop = self.choose(path, photo)
        box = self._box(photo, crop.box_in_image)
        made = chain(self.views(path, photo, box), self._closeups(photo, box))
        return Described(crop, {name: self._describe(pixels) for name, pixels in made})

    def describe_box(
        self, photo: WorkingPhoto, box_in_image: Box | None, mirrored: bool = False
    ) -> GarmentBatch:
        """Describe a given box of a photograph: a batch of one.

        Args:
            photo: photograph.
            box_in_image: box in pixels of the photograph after EXIF rotation; None for
                the whole photograph.
            mirrored: whether left and right are exchanged.
        """
        box = self._box(photo, box_in_image)
        return self._describe(crop_pixels(photo, box, mirrored))

    def covered(self, photo: WorkingPhoto, box_in_image: Box | None) -> Box:
        """The part of a photograph that the description of a box covers.

        Args:
            photo: photograph.
            box_in_image: box that was asked for; None for the whole photograph.

        Returns:
            The widened box, cut at the edges, in pixels of the photograph.
        """
        box = self._box(photo, box_in_image)
        if box is None:
            return 0.0, 0.0, float(photo.width), float(photo.height)
        height, width = photo.pixels.shape[:2]
        scaled = scale_boxes(box, photo.width / width, photo.height / height)
        return as_box(clip_to_image(scaled, photo.width, photo.height))

    def _box(self, photo: WorkingPhoto, box_in_image: Box | None) -> Box | None:
        """The box to cut out, in pixels of ``photo.pixels``; None for everything."""
        if box_in_image is None:
            return None
        height, width = photo.pixels.shape[:2]
        box = photo.box_in_pixels(box_in_image)
        return widen_box(box, width, height, self.rules.square)

    def _closeups(
        self, photo: WorkingPhoto, box_in_pixels: Box | None
    ) -> Iterator[tuple[str, Pixels]]:
        """The close-ups of a box of ``photo.pixels``, or of the whole photograph."""
        height, width = photo.pixels.shape[:2]
        whole = box_in_pixels or (0.0, 0.0, float(width), float(height))
        boxes = closeup_boxes(whole, self.rules.closeups)
        for number, box in enumerate(boxes, 1):
            yield view_name(View("", closeup=number)), crop_pixels(photo, box)

    def _describe(self, pixels: Pixels) -> GarmentBatch:
        return describe_crop(self.encoder, pixels, self.rules, self.needs)


def describe_files(
    describer: Describer, files: Mapping[str, Path], track: Track, doing: str
) -> Iterator[tuple[str, Described | UnreadablePhoto]]:
    """Open and describe photographs; the next ones are decoded meanwhile.

    Args:
        describer: describer of each photograph.
        files: file of each photograph by its path.
        track: shows progress.
        doing: label of the progress, such as "indexing".

    Yields:
        Each path with the description of its photograph, or with the error if it cannot
        be read.

    Raises:
        Exception: A network failed; a note of the error is the path.
    """
    opened: Iterable[tuple[str, WorkingPhoto | UnreadablePhoto]] = zip(
        files, open_photos(files.values()), strict=True
    )
    for path, photo in track(opened, doing, len(files)):
        if isinstance(photo, UnreadablePhoto):
            hint = "" if exists(files[path]) else path_hint(path)
            yield path, UnreadablePhoto(str(photo), hint)
        else:
            try:
                described = describer.describe(path, photo)
            except Exception as error:
                error.add_note(path)
                raise
            yield path, described


def write_described(
    writer: ArtifactWriter,
    describer: Describer,
    files: Mapping[str, Path],
    track: Track,
    doing: str,
    names: Mapping[str, str] | None = None,
) -> None:
    """Describe photographs and write each into an artifact in a commit of its own.

    Keys: crop/<name>, the record of a ``Crop``; map/<name>, colours/<name> and
    pixels/<name>, as ``garment_tensors`` defines them; skipped/<path>, the reason why a
    photograph could not be read. Photographs that an interrupted run wrote are kept.

    Args:
        writer: writer of the artifact.
        describer: describer of each photograph.
        files: file of each photograph by its path.
        track: shows progress.
        doing: label of the progress.
        names: name of each photograph in the artifact, by its path; None for the path.
    """
    named = names or {}
    left = {
        path: file
        for path, file in files.items()
        if not writer.has(f"crop/{named.get(path, path)}")
        and not writer.has(f"skipped/{path}")
    }
    for path, described in describe_files(describer, left, track, doing):
        if isinstance(described, UnreadablePhoto):
            writer.write(records={f"skipped/{path}": str(described)})
        else:
            name = named.get(path, path)
            writer.write(
                garment_tensors(name, described.views),
                {f"crop/{name}": crop_to_record(described.crop)},
            )
