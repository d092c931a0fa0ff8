"""Choice of the crop of a photograph by a locator, and the describer that uses it."""

from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING

from tiefvision.catalogue.describing import Choose, Describer
from tiefvision.photos.working import WorkingPhoto
from tiefvision.ranking.crops import CropRules
from tiefvision.ranking.needs import EVERYTHING, Need
from tiefvision.records import Crop, Photo, groups_of

if TYPE_CHECKING:  # networks are imported where one is loaded
    from tiefvision.encoders.dense import DenseEncoder
    from tiefvision.locating.locator import Locator


def choose_located(locator: "Locator") -> Choose:
    """A chooser of the garment for sale, or else of the whole photograph."""

    def choose(path: str, photo: WorkingPhoto) -> Crop:
        return locator.crop(photo)

    return choose


def located_describer(
    locator: "Locator",
    encoder: "DenseEncoder",
    rules: CropRules,
    needs: Collection[Need] = EVERYTHING,
) -> Describer:
    """The describer of shop photographs by some models.

    Args:
        locator: their locator.
        encoder: their encoder of garments.
        rules: rules by which a crop becomes a feature map.
        needs: parts that rankers read.
    """
    return Describer(encoder, rules, choose_located(locator), needs)


def as_listed(crop: Crop, photo: Photo) -> Crop:
    """The crop with the group that the catalogue itself gives the photograph.

    What a catalogue tells overrides what a locator makes of it. A photograph that is
    annotated with garments of several groups does not tell which one is for sale.
    """
    groups = groups_of(photo).split()
    return replace(crop, category=groups[0]) if len(groups) == 1 else crop
