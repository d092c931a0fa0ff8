"""Crops of garments in an artifact, and their reader for rankers.

Keys of an artifact: map/<path> float16 (C, h, w), colours/<path> float16 (K,), and
pixels/<path>, a PNG file as (n,) uint8. Each key holds the views by name: "crop",
"mirror", "altered1", "closeup1" and so on. A mirror image shares colours and pixels
with the view that it mirrors.

Pixels are stored as PNG, since decoding the photograph again takes 7 ms a crop instead
of 1.3 to 2.1 ms. A PNG takes 60 to 82 kB, raw pixels 150 kB
(docs/experiments/0009-pixels.md).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tiefvision.errors import StaleArtifact
from tiefvision.ranking.garments import GarmentBatch, GarmentsOf
from tiefvision.ranking.grid import flatten_grid
from tiefvision.ranking.similarity import normalise_in_place
from tiefvision.records import View
from tiefvision.store.artifact import Artifact
from tiefvision.workspace.artifacts import command_of
from tiefvision.workspace.maps import from_half, to_half

CROP, MIRROR = "crop", "mirror"
"""Names of the unchanged view and of its mirror image."""


def view_name(view: View) -> str:
    """Name of a view in an artifact."""
    if view.closeup:
        return f"closeup{view.closeup}"
    if view.alteration:
        return f"altered{view.alteration}"
    return MIRROR if view.mirrored else CROP


def garment_tensors(
    path: str, views: Mapping[str, GarmentBatch]
) -> dict[str, dict[str, NDArray[Any]]]:
    """The tensors that an artifact stores for a photograph, by key.

    Args:
        path: path of the photograph.
        views: views by name, each a batch of one; ``CROP`` is among them. Empty parts
            are not stored.
    """
    own = {name: view for name, view in views.items() if name != MIRROR}
    kept: dict[str, dict[str, NDArray[Any]]] = {}
    if views[CROP].maps.size:
        kept[f"map/{path}"] = {n: to_half(view.maps[0]) for n, view in views.items()}
    if views[CROP].colours.size:
        kept[f"colours/{path}"] = {n: to_half(v.colours[0]) for n, v in own.items()}
    if views[CROP].pixels.size:
        kept[f"pixels/{path}"] = {n: compress(v.pixels[0]) for n, v in own.items()}
    return kept


def compress(crop: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Encode a crop, (S, S, 3) uint8 RGB, as the bytes of a PNG file, (n,) uint8."""
    import cv2  # lazily: `search` and most runs of `index` do not need it

    fast = [cv2.IMWRITE_PNG_COMPRESSION, 1]
    _, file = cv2.imencode(".png", np.ascontiguousarray(crop[:, :, ::-1]), fast)
    return np.asarray(file, dtype=np.uint8).ravel()


def decompress(kept: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Decode a stored crop to (S, S, 3) uint8 RGB.

    Args:
        kept: bytes of a PNG file, (n,) uint8, as ``compress`` gives them; or raw
            pixels, (S, S, 3) uint8, as earlier releases stored them.
    """
    if kept.ndim == 3:
        return kept
    import cv2

    pixels = cv2.imdecode(kept, cv2.IMREAD_COLOR)
    assert pixels is not None, "the stored pixels are no PNG file"
    return np.ascontiguousarray(pixels[:, :, ::-1], dtype=np.uint8)


def closeups_of(crops: Artifact) -> int:
    """Number of close-ups of each crop; earlier releases made none."""
    return int(crops.header.details.get("closeups", 0))


def alterations_of(crops: Artifact) -> int:
    """Number of altered views of each photograph.

    Raises:
        StaleArtifact: An earlier release wrote the artifact, without this number.
    """
    if "alterations" not in crops.header.details:
        raise StaleArtifact(
            f"{crops.path} was written by an earlier release.",
            f"Run: {command_of(crops.path)}",
        )
    return int(crops.header.details["alterations"])


def view_counts(crops: Artifact) -> tuple[int, int]:
    """Numbers of altered views and of close-ups of each photograph."""
    return alterations_of(crops), closeups_of(crops)


class HoldsTensors(Protocol):
    """A finished artifact, or the writer of one."""

    def tensor(self, key: str, name: str) -> NDArray[Any]:
        """Read one of the named arrays of a key."""


class StoredGarments:
    """Garments whose maps, colours and pixels are each read on first access.

    Args:
        artifact: artifact with the crops.
        views: B views to read.

    Attributes:
        views: the views.
    """

    def __init__(self, artifact: HoldsTensors, views: Sequence[View]) -> None:
        self._artifact, self.views = artifact, views

    @cached_property
    def maps(self) -> NDArray[np.float32]:
        """Feature maps with cells of unit length, (B, C, h, w) float32."""
        maps = self._read("map", [view_name(view) for view in self.views])
        # Cells are normalised again because half precision rounds them.
        normalise_in_place(flatten_grid(maps))
        return maps

    @cached_property
    def colours(self) -> NDArray[np.float32]:
        """LAB histograms of unit length, (B, K) float32."""
        return self._read("colours", self._unmirrored())

    @cached_property
    def pixels(self) -> NDArray[np.uint8]:
        """Crops, (B, S, S, 3) uint8 RGB. Raises KeyError if pixels are not stored."""
        crops = [
            decompress(self._artifact.tensor(f"pixels/{view.path}", name))
            for view, name in zip(self.views, self._unmirrored(), strict=True)
        ]
        return np.stack(
            [
                crop[:, ::-1] if view.mirrored else crop
                for crop, view in zip(crops, self.views, strict=True)
            ]
        )

    def _unmirrored(self) -> list[str]:
        """Name of each view, for mirror images that of the view that they mirror."""
        return [view_name(replace(view, mirrored=False)) for view in self.views]

    def _read(self, kind: str, names: Sequence[str]) -> NDArray[np.float32]:
        rows: NDArray[np.float32] | None = None
        for number, (view, name) in enumerate(zip(self.views, names, strict=True)):
            array = self._artifact.tensor(f"{kind}/{view.path}", name)
            if rows is None:
                rows = np.empty((len(names), *array.shape), dtype=np.float32)
            from_half(array, rows[number])
        assert rows is not None, "there is a view to read"
        return rows


def garments_reader(artifact: HoldsTensors) -> GarmentsOf:
    """A reader of an artifact's garments by their views."""
    return lambda views: StoredGarments(artifact, views)
