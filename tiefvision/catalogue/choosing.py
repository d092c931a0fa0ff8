"""Choice of the crop of a photograph by a locator."""

from typing import TYPE_CHECKING

from tiefvision.catalogue.describing import Choose
from tiefvision.locating.findings import is_unsure
from tiefvision.photos.working import WorkingPhoto
from tiefvision.records import Crop

if TYPE_CHECKING:  # networks are imported where one is loaded
    from tiefvision.locating.locator import Locator


def choose_located(locator: "Locator") -> Choose:
    """A chooser of the surest garment located, or else of the whole photograph."""

    def choose(path: str, photo: WorkingPhoto) -> Crop:
        surest = next(iter(locator.find_to_search(photo)), None)
        if surest is None:
            return Crop(None)
        unsure = is_unsure(surest, locator.telling)
        return Crop(surest.box_in_image, surest.category, surest.score, unsure)

    return choose
