import numpy as np
import pytest

from tiefvision.engines.choice import Backend
from tiefvision.locating.findings import tell
from tiefvision.models.trained import TrainedModels
from tiefvision.photos.working import open_photo
from tiefvision.workspace.artifacts import Workspace
from tiefvision.workspace.records import photo_path, read_photos


@pytest.fixture(scope="module")
def explained(trained):
    """Results of ``find`` and ``explain`` for a few photographs."""
    workspace = Workspace(trained)
    locator = TrainedModels(workspace).locator(Backend("cpu").inference)
    with workspace.open("photos") as records:
        paths = [photo_path(records, photo.path) for photo in read_photos(records)[::8]]
    photos = [open_photo(path) for path in paths]
    seen = []
    for photo in photos:
        levels = locator.encode(photo)
        garments = tell(locator.candidates(levels, photo), locator.telling)
        evidence = locator.explain(levels, garments, photo)
        seen.append((photo, locator.find(photo), garments, evidence))
    return seen


def test_what_is_encoded_once_gives_the_same_garments(explained):
    assert any(found for _, found, _, _ in explained)
    for _, found, garments, _ in explained:
        assert garments == found


def test_a_garment_has_voters_and_heat(explained):
    for photo, found, _, evidence in explained:
        assert evidence.heat.shape[0 if photo.height > photo.width else 1] == 48
        assert bool(len(evidence.weights)) == bool(found)
        assert len(evidence.voters_in_image) == len(evidence.weights)
        assert (np.diff(evidence.weights) <= 0).all()
        if found:
            # Inside the box the heat exceeds the average somewhere.
            x0, y0, x1, y1 = (
                np.array(found[0].box_in_image) * 48 / max(photo.width, photo.height)
            )
            inside = evidence.heat[round(y0) : round(y1), round(x0) : round(x1)]
            assert inside.max() >= evidence.heat.mean()
