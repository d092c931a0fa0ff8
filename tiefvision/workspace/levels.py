"""Feature maps of photographs at several sizes, as stage 2 stores them."""

from collections.abc import Callable, Sequence

from tiefvision.encoders.architectures import architecture_named
from tiefvision.locating.pyramid import Pyramid, level_of_map
from tiefvision.locating.windows import Level
from tiefvision.records import Photo
from tiefvision.store.artifact import Artifact
from tiefvision.workspace.records import record_to_photo


def read_pyramid(features: Artifact) -> Pyramid:
    """The image pyramid with which stage 2 encoded a dataset."""
    details = features.header.details
    return Pyramid(tuple(details["long_sides"]), details["border"])


def read_made(features: Artifact) -> list[Photo]:
    """The pictures that stage 2 made and encoded beside those of a dataset."""
    return [record_to_photo(record) for record in features.records("made")]


def levels_reader(
    features: Artifact, photos: Sequence[Photo]
) -> Callable[[str], list[Level]]:
    """A reader of a photograph's feature maps by its path, one level for each size.

    Args:
        features: artifact of stage 2.
        photos: photographs of the dataset, for their sizes.
    """
    assert features.header.encoder is not None
    architecture = architecture_named(features.header.encoder["name"])
    pyramid = read_pyramid(features)
    sizes = {photo.path: (photo.width, photo.height) for photo in photos}

    def levels_of(path: str) -> list[Level]:
        maps = features.tensors(f"map/{path}")
        return [
            level_of_map(
                maps[str(long_side)],
                *sizes[path],
                long_side,
                pyramid,
                architecture,
            )
            for long_side in pyramid.sides_for(*sizes[path])
        ]

    return levels_of
