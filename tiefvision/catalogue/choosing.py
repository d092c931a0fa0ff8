"""What of a photograph is compared, where a locator chooses it."""

from tiefvision.catalogue.describing import Choose
from tiefvision.locating.findings import is_unsure
from tiefvision.locating.locator import Locator
from tiefvision.photos.working import WorkingPhoto
from tiefvision.records import Crop


def choose_located(locator: Locator) -> Choose:
    """The surest garment that a locator finds, or the whole photograph."""

    def choose(path: str, photo: WorkingPhoto) -> Crop:
        surest = next(iter(locator.find_to_search(photo)), None)
        if surest is None:
            return Crop(None)
        unsure = is_unsure(surest, locator.telling)
        return Crop(surest.box_in_image, surest.category, surest.score, unsure)

    return choose
