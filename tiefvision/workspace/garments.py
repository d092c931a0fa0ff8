"""Crops of garments as artifacts keep them, and as rankers read them.

Keys of an artifact: map/<path> float16 (C, h, w), colours/<path> float16 (K,), and
pixels/<path>, a PNG file as (n,) uint8. Under each stand the views by name: "crop",
"mirror", "altered1", "altered2" and so on. A mirror image shares colours and pixels
with its photograph.

Pixels are kept as fast PNG rather than decoded from the photograph again: 1.3 to 2.1 ms
instead of 7 to read a crop, at 60 to 82 kB instead of 150
(docs/experiments/0009-pixels.md).
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
from tiefvision.workspace.artifacts import command_of
from tiefvision.workspace.maps import to_half

CROP, MIRROR = "crop", "mirror"
"""Names of the view as it is and of its mirror image."""


def view_name(view: View) -> str:
    """Under which name a view of a photograph is kept."""
    if view.alteration:
        return f"altered{view.alteration}"
    return MIRROR if view.mirrored else CROP


def garment_tensors(
    path: str, views: Mapping[str, GarmentBatch]
) -> dict[str, dict[str, NDArray[Any]]]:
    """What an artifact keeps of a photograph, by key.

    Args:
        path: Path of the photograph.
        views: Each view by its name, a batch of one, ``CROP`` among them. Parts that
            are empty are not kept.
    """
    own = {name: view for name, view in views.items() if name != MIRROR}
    kept: dict[str, dict[str, NDArray[Any]]] = {}
    if views[CROP].maps.numel():
        kept[f"map/{path}"] = {n: to_half(view.maps[0]) for n, view in views.items()}
    if views[CROP].colours.numel():
        kept[f"colours/{path}"] = {n: to_half(v.colours[0]) for n, v in own.items()}
    if views[CROP].pixels.size:
        kept[f"pixels/{path}"] = {n: compress(v.pixels[0]) for n, v in own.items()}
    return kept


def compress(crop: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(S, S, 3) uint8 RGB as the bytes of a PNG file, (n,) uint8."""
    import cv2  # as `search` and most of `index` never need it

    fast = [cv2.IMWRITE_PNG_COMPRESSION, 1]
    _, file = cv2.imencode(".png", np.ascontiguousarray(crop[:, :, ::-1]), fast)
    return np.asarray(file, dtype=np.uint8).ravel()


def decompress(kept: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(S, S, 3) uint8 RGB from what ``compress`` made, or an earlier release kept."""
    if kept.ndim == 3:
        return kept
    import cv2

    pixels = cv2.imdecode(kept, cv2.IMREAD_COLOR)
    assert pixels is not None, "what was kept is no PNG"
    return np.ascontiguousarray(pixels[:, :, ::-1], dtype=np.uint8)


def alterations_of(crops: Artifact) -> int:
    """Altered views of each photograph. Raises StaleArtifact: of an earlier release."""
    if "alterations" not in crops.header.details:
        raise StaleArtifact(
            f"{crops.path} was written by an earlier release.",
            f"Run: {command_of(crops.path)}",
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
            decompress(self._artifact.tensor(f"pixels/{view.path}", name))
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
