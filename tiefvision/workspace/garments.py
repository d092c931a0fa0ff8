"""Garments on their way to the disk and back to the rankers.

The keys of an artifact: map/<path>, colours/<path>, pixels/<path>. Under each stand the
views by name, "crop", "mirror" and "altered1", "altered2" and so on; what a mirror
image shares with its photograph is not kept twice.
"""

import itertools
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tiefvision.errors import StaleArtifact
from tiefvision.ranking.garments import GarmentBatch, GarmentsOf
from tiefvision.ranking.unit_cells import LEAST
from tiefvision.records import View
from tiefvision.store.artifact import Artifact
from tiefvision.workspace.artifacts import command_for
from tiefvision.workspace.maps import to_half

CROP, MIRROR, ASKING = "crop", "mirror", "altered1"
"""The last is the altered view that asks in a search; see ``search_of_split``."""


def view_name(view: View) -> str:
    """Under which name a view of a photograph is kept."""
    if view.alteration:
        return f"altered{view.alteration}"
    return MIRROR if view.mirrored else CROP


def garment_tensors(
    path: str, views: Mapping[str, GarmentBatch], pixels: bool = False
) -> dict[str, dict[str, NDArray[Any]]]:
    """What an artifact keeps of a photograph, by key.

    Args:
        path: Of the photograph.
        views: By name, a batch of one each; ``CROP`` among them.
        pixels: Whether those of the crop, and of the altered view that asks, are kept
            for rankers that look at them.
    """
    kept = {
        f"map/{path}": {name: to_half(view.maps[0]) for name, view in views.items()},
        f"colours/{path}": {
            name: to_half(view.colours[0])
            for name, view in views.items()
            if name != MIRROR
        },
    }
    if pixels:
        kept[f"pixels/{path}"] = {
            name: views[name].pixels[0] for name in (CROP, ASKING) if name in views
        }
    return kept


def alterations_of(crops: Artifact) -> int:
    """Altered views of each photograph. Raises StaleArtifact: of an earlier release."""
    if "alterations" not in crops.header.details:
        raise StaleArtifact(
            f"{crops.path} was written by an earlier release.",
            f"Run: {command_for(crops.path.stem)}",
        )
    return int(crops.header.details["alterations"])


class HoldsTensors(Protocol):
    """A finished artifact, or one in the making."""

    def tensor(self, key: str, name: str) -> NDArray[Any]:
        """One of the named arrays of a key."""


class StoredGarments:
    """Garments of an artifact, read when asked for."""

    def __init__(
        self, artifact: HoldsTensors, views: Sequence[View], device: torch.device
    ) -> None:
        self._artifact, self._views, self._device = artifact, views, device

    @cached_property
    def maps(self) -> Tensor:
        """(B, C, h, w) float32 of unit cells."""
        maps = self._read("map", [view_name(view) for view in self._views])
        # Half precision left the cells a little off unit length. Map by map they stay
        # in the cache, and leave the other cores to whoever trains meanwhile.
        for cells in maps if self._device.type == "cpu" else [maps.transpose(0, 1)]:
            cells /= cells.square().sum(0).sqrt_().clamp_min_(LEAST)
        return maps

    @cached_property
    def colours(self) -> Tensor:
        """(B, K) float32 of unit length."""
        return self._read("colours", self._unmirrored())

    @cached_property
    def pixels(self) -> NDArray[np.uint8]:
        """(B, S, S, 3) uint8 RGB. Raises KeyError for views whose are not kept."""
        crops = [
            self._artifact.tensor(f"pixels/{view.path}", name)
            for view, name in zip(self._views, self._unmirrored(), strict=True)
        ]
        return np.stack(
            [
                crop[:, ::-1] if view.mirrored else crop
                for crop, view in zip(crops, self._views, strict=True)
            ]
        )

    def _unmirrored(self) -> list[str]:
        """Names of the views that mirror images share colours and pixels with."""
        plain = [View(view.path, alteration=view.alteration) for view in self._views]
        return [view_name(view) for view in plain]

    def _read(self, kind: str, names: Sequence[str]) -> Tensor:
        arrays = (
            torch.from_numpy(self._artifact.tensor(f"{kind}/{view.path}", name))
            for view, name in zip(self._views, names, strict=True)
        )
        first = next(arrays)
        rows = torch.empty(len(names), *first.shape)
        for row, array in zip(rows, itertools.chain([first], arrays), strict=True):
            row.copy_(array)
        return rows.to(self._device)


def garments_reader(artifact: HoldsTensors, device: torch.device) -> GarmentsOf:
    """A function that reads garments by their views."""
    return lambda views: StoredGarments(artifact, views, device)
