"""From artifacts to the records, maps and networks that algorithms work on."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tiefvision.datasets.files import photo_file
from tiefvision.encoders.architectures import architecture_named
from tiefvision.encoders.dense import DenseEncoder, restore_encoder
from tiefvision.locating.heads import BoxRegressors, CropClassifier, HeadSizes
from tiefvision.locating.pyramid import Pyramid, level_of_map
from tiefvision.locating.windows import Level
from tiefvision.ranking.deeprank import DeepRank
from tiefvision.ranking.similarity import normalise_cells
from tiefvision.ranking.triplets import View
from tiefvision.records import Garment, Photo, Triplet
from tiefvision.store.artifact import Artifact

Module = TypeVar("Module", bound=nn.Module)

HALF_MAX = float(np.finfo(np.float16).max)


def to_half(map_: Tensor) -> NDArray[np.float16]:
    """A map as it lies on disk: half precision, clipped to what that can hold."""
    return map_.clamp(-HALF_MAX, HALF_MAX).to(torch.float16).numpy()


def photo_to_record(photo: Photo) -> dict[str, Any]:
    """A photograph as JSON."""
    return asdict(photo)


def record_to_garment(record: dict[str, Any]) -> Garment:
    """A garment from JSON."""
    return Garment(record["category"], tuple(record["box_in_image"]), record["score"])


def read_photos(photos: Artifact) -> list[Photo]:
    """The photographs of a dataset, by path."""
    return [
        Photo(**{**record, "garments": tuple(map(record_to_garment, garments))})
        for record in photos.records("photo")
        for garments in [record["garments"]]
    ]


def read_judged_triplets(photos: Artifact) -> list[Triplet]:
    """The triplets of a dataset's file."""
    return [Triplet(**record) for record in photos.records("triplet")]


def photo_path(photos: Artifact, path: str) -> Path:
    """Where the file of a photograph lies."""
    return photo_file(Path(photos.header.details["images"]), path)


def read_pyramid(features: Artifact) -> Pyramid:
    """The sizes at which a dataset was encoded."""
    details = features.header.details
    return Pyramid(tuple(details["long_sides"]), details["border"])


def read_encoder(features: Artifact, device: torch.device) -> DenseEncoder:
    """The encoder that made the maps of an artifact, from the weights beside them."""
    arrays = features.tensors("weights/encoder")
    state = {name: torch.from_numpy(array) for name, array in arrays.items()}
    assert features.header.encoder is not None
    return restore_encoder(features.header.encoder, state).to(device)


def levels_reader(
    features: Artifact, photos: Sequence[Photo]
) -> Callable[[str], list[Level]]:
    """A function that reads the maps of a photograph by its path."""
    assert features.header.encoder is not None
    architecture = architecture_named(features.header.encoder["name"])
    pyramid = read_pyramid(features)
    sizes = {photo.path: (photo.width, photo.height) for photo in photos}

    def levels_of(path: str) -> list[Level]:
        maps = features.tensors(f"map/{path}")
        return [
            level_of_map(
                torch.from_numpy(maps[str(long_side)]),
                *sizes[path],
                long_side,
                pyramid,
                architecture,
            )
            for long_side in pyramid.long_sides
        ]

    return levels_of


def paths_with_maps(artifact: Artifact, photos: Sequence[Photo]) -> set[str]:
    """Paths of the photographs whose maps an artifact holds."""
    return {photo.path for photo in photos if artifact.has(f"map/{photo.path}")}


class HoldsTensors(Protocol):
    """A finished artifact, or one in the making."""

    def tensors(self, key: str) -> dict[str, NDArray[Any]]:
        """The named arrays of a key."""


def maps_reader(
    crops: HoldsTensors, device: torch.device
) -> Callable[[Sequence[View]], Tensor]:
    """A function that reads the maps of views, (B, C, h, w) float32 of unit cells."""

    def maps_of(views: Sequence[View]) -> Tensor:
        arrays = [
            crops.tensors(f"map/{view.path}")["mirror" if view.mirrored else "map"]
            for view in views
        ]
        maps = torch.from_numpy(np.stack(arrays)).to(device, torch.float32)
        # Half precision left the cells a little off unit length.
        return normalise_cells(maps)

    return maps_of


def read_classifier(artifact: Artifact, device: torch.device) -> CropClassifier:
    """A trained crop classifier."""
    details = artifact.header.details
    classifier = CropClassifier(
        details["channels"],
        details["window"],
        tuple(details["categories"]),
        HeadSizes(**details["sizes"]),
    )
    return _restored(classifier, artifact, device)


def read_regressors(artifact: Artifact, device: torch.device) -> BoxRegressors:
    """Four trained regressors."""
    details = artifact.header.details
    regressors = BoxRegressors(
        details["channels"], details["window"], HeadSizes(**details["sizes"])
    )
    return _restored(regressors, artifact, device)


def read_deeprank(artifact: Artifact, device: torch.device) -> DeepRank:
    """A trained DeepRank network."""
    return _restored(DeepRank(artifact.header.details["channels"]), artifact, device)


def _restored(module: Module, artifact: Artifact, device: torch.device) -> Module:
    arrays = artifact.tensors("weights/module")
    module.load_state_dict(
        {name: torch.from_numpy(array) for name, array in arrays.items()}
    )
    return module.eval().to(device)
