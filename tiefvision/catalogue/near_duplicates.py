"""Photographs of a gallery that are nearly the same, by the index that searches use.

They spoil both training and evaluation: a network that has learnt one of two by heart
knows the other, and a search that finds the other one's item counts as a miss.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiefvision.catalogue.describing import Describer, choose_whole, describe_files
from tiefvision.datasets.files import is_dataset, photo_file
from tiefvision.datasets.layout import Dataset, read_dataset, read_folder
from tiefvision.datasets.splits import join_overlapping
from tiefvision.encoders.dense import DenseEncoder
from tiefvision.errors import UnreadablePhoto
from tiefvision.index.close_pairs import close_pairs
from tiefvision.progress import Track, untracked
from tiefvision.ranking.crops import CropRules
from tiefvision.ranking.needs import Need
from tiefvision.ranking.similarity import flatten_cells
from tiefvision.records import Photo, Source
from tiefvision.workspace.garments import CROP

NEAR_RULES = CropRules(grid=4)
"""Maps of 4 x 4 cells, 4,096 numbers. 804 street photographs of Clothing Co-Parsing
hold nine known pairs of one shot or scene. They are the nine closest pairs of whole
maps, nine of the ten closest of 4 x 4 cells, and of one cell (the mean) the ninth is
the 423rd. Whole maps are eight times as large, and hardly part the ninth pair, 0.8780,
from the next, 0.8777."""

NEEDS: tuple[Need, ...] = ("maps",)

NEAR_COSINES: Mapping[Source, float] = MappingProxyType({"street": 0.92, "shop": 0.985})
"""Cosine from which on two photographs are nearly the same; of two sources the stricter
holds. Street: nine of the nine pairs, and one that is none, two people in one corner of
a park (recall 1, precision 0.9; the nearest pair left out is at 0.919); 0.93 finds
seven, as the hashes of ``near_duplicates`` do, and none that is none. Shop: two black
T-shirts on one model are alike by intention. Of Luma's 420 photographs from the front
16 pairs are this close, 15 of them one item, mostly one picture under two colours; at
0.97 there are 62, 31 of one item. A crop of 4 % off each side keeps 0.976 or more, one
of 8 % 0.944."""


@dataclass(frozen=True)
class NearGroup:
    """Photographs that chains of near pairs link.

    Attributes:
        photos: Their paths.
        closest: Cosine of its closest pair.
        farthest: Of its farthest pair among those above the limit.
        splits: Paths by split.
        items: Their item_ids, without the unknown.
    """

    photos: tuple[str, ...]
    closest: float
    farthest: float
    splits: dict[str, tuple[str, ...]]
    items: tuple[str, ...]

    @property
    def leaks(self) -> bool:
        """Whether it lies in several splits."""
        return len(self.splits) > 1

    @property
    def disagrees(self) -> bool:
        """Whether its photographs carry different item_ids."""
        return len(self.items) > 1


@dataclass(frozen=True)
class NearReport:
    """What has been found.

    Attributes:
        photos: How many were compared.
        limits: Least cosine by source.
        groups: The closest first.
        skipped: Why a photograph could not be read.
    """

    photos: int
    limits: Mapping[Source, float]
    groups: tuple[NearGroup, ...]
    skipped: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        groups = [
            {
                **asdict(group),
                "closest": round(group.closest, 4),
                "farthest": round(group.farthest, 4),
                "leak": group.leaks,
                "different_items": group.disagrees,
            }
            for group in self.groups
        ]
        return {
            "photos": self.photos,
            "limits": dict(self.limits),
            "groups": groups,
            "skipped": self.skipped,
        }


def find_near(
    root: Path,
    encoder: DenseEncoder,
    limits: Mapping[Source, float] = NEAR_COSINES,
    track: Track = untracked,
) -> NearReport:
    """Encode whole photographs, index them, and look at the neighbours of each.

    Args:
        root: A dataset, or a folder of shop photographs.
        encoder: The one of garments; ``NEAR_COSINES`` are of the one that ships.
        limits: The least cosine, by source; of a pair the larger.
        track: Shows progress.

    Raises:
        BadDataset: It is neither.
    """
    dataset = read_dataset(root) if is_dataset(root) else read_folder(root, track)
    photos, embeddings, skipped = _embed(dataset, encoder, track)
    least = np.array([limits[photo.source] for photo in photos], dtype=np.float32)
    cosines = {
        (photos[pair.first].path, photos[pair.second].path): pair.similarity
        for pair in close_pairs(embeddings, least)
    }
    by_path = {photo.path: photo for photo in photos}
    groups = [
        _describe([by_path[path] for path in group], cosines)
        for group in join_overlapping(cosines)
    ]
    groups.sort(key=lambda group: -group.closest)
    # Of a dataset these are other faults, which its check tells.
    unlisted = [] if is_dataset(root) else [one.message for one in dataset.problems]
    return NearReport(len(photos), {**limits}, tuple(groups), (*unlisted, *skipped))


def _embed(
    dataset: Dataset, encoder: DenseEncoder, track: Track
) -> tuple[list[Photo], NDArray[np.float32], list[str]]:
    """Photographs that can be read, (N, D) of unit length, and why others cannot."""
    rows, skipped = {}, []
    files = {p.path: photo_file(dataset.images, p.path) for p in dataset.photos}
    whole = Describer(encoder, NEAR_RULES, choose_whole, needs=NEEDS)
    for path, described in describe_files(whole, files, track, "encoding"):
        if isinstance(described, UnreadablePhoto):
            skipped.append(str(described))
        else:
            rows[path] = flatten_cells(described.views[CROP].maps).numpy()
    photos = [photo for photo in dataset.photos if photo.path in rows]
    none = np.empty((0, 1), dtype=np.float32)
    return photos, np.concatenate([*rows.values()]) if rows else none, skipped


def _describe(
    photos: Sequence[Photo], cosines: Mapping[tuple[str, str], float]
) -> NearGroup:
    paths = tuple(photo.path for photo in photos)
    inside = [cosine for pair, cosine in cosines.items() if pair[0] in paths]
    splits = sorted({photo.split for photo in photos})
    return NearGroup(
        paths,
        max(inside),
        min(inside),
        {
            split: tuple(photo.path for photo in photos if photo.split == split)
            for split in splits
        },
        tuple(sorted({photo.item_id for photo in photos} - {""})),
    )
