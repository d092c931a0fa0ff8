"""Near-duplicates among photographs, found by the cosine of their feature maps.

Near-duplicates distort training and evaluation. Of two in different splits, the network
has seen one in training and is tested with the other. Of two with different item_ids, a
search that finds the wrong one counts as a miss.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tiefvision.catalogue.describing import Describer, choose_whole, describe_files
from tiefvision.datasets.files import is_dataset
from tiefvision.datasets.layout import Dataset, read_dataset, read_folder
from tiefvision.datasets.splits import join_overlapping
from tiefvision.errors import UnreadablePhoto
from tiefvision.index.close_pairs import close_pairs
from tiefvision.progress import Track, untracked
from tiefvision.ranking.crops import CropRules
from tiefvision.ranking.needs import Need
from tiefvision.ranking.similarity import flatten_cells
from tiefvision.records import Photo, Source
from tiefvision.workspace.garments import CROP

if TYPE_CHECKING:  # networks are imported where one is loaded
    from tiefvision.encoders.dense import DenseEncoder
    from tiefvision.engines.protocol import Engine

NEAR_RULES = CropRules(grid=4)
"""Feature maps of 4 x 4 cells, 4,096 numbers. The choice was measured on 804 street
photographs of Clothing Co-Parsing with nine known pairs of one shot or scene. By maps
of 4 x 4 cells these pairs are nine of the ten closest, by whole maps the nine closest;
by one cell (the mean) the ninth pair is the 423rd. Whole maps are eight times as large
and hardly separate the ninth pair (cosine 0.8780) from the next (0.8777)."""

NEEDS: tuple[Need, ...] = ("maps",)

NEAR_COSINES: Mapping[Source, float] = MappingProxyType({"street": 0.92, "shop": 0.985})
"""Least cosine of near-duplicates by source; for photographs of two sources the larger
one holds.

Street, on the pairs of ``NEAR_RULES``: 0.92 finds all nine and one false pair, two
people in one corner of a park (recall 1, precision 0.9); the closest pair below the
limit has 0.919. 0.93 finds seven, like the hashes of ``photos.near_duplicates``, and no
false pair.

Shop: the limit is higher because product photographs look alike by design, such as two
black T-shirts on one model. Of Luma's 420 front views 16 pairs reach it, 15 of one item
each, mostly one picture under two colours; 62 pairs reach 0.97, 31 of one item each. A
photograph cropped by 4 % on each side keeps a cosine of 0.976 or more to the original,
by 8 % one of 0.944."""


@dataclass(frozen=True)
class NearGroup:
    """Photographs linked by chains of near-duplicate pairs.

    Attributes:
        photos: paths of the photographs.
        closest: largest cosine of a pair.
        farthest: smallest cosine of a pair above the limit.
        splits: paths of the photographs by split.
        items: distinct item_ids of the photographs, without unknown ones.
    """

    photos: tuple[str, ...]
    closest: float
    farthest: float
    splits: dict[str, tuple[str, ...]]
    items: tuple[str, ...]

    @property
    def leaks(self) -> bool:
        """Whether its photographs are in more than one split."""
        return len(self.splits) > 1

    @property
    def disagrees(self) -> bool:
        """Whether its photographs have different item_ids."""
        return len(self.items) > 1


@dataclass(frozen=True)
class NearReport:
    """The near-duplicates of a dataset or folder.

    Attributes:
        photos: number of photographs compared.
        limits: least cosine of near-duplicates by source.
        groups: groups of near-duplicates, the one with the closest pair first.
        skipped: a message for each photograph that could not be read.
    """

    photos: int
    limits: Mapping[Source, float]
    groups: tuple[NearGroup, ...]
    skipped: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON shows it."""
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


def near_encoder(engine: "Engine") -> "DenseEncoder":
    """The encoder with which ``NEAR_COSINES`` were measured: the AlexNet that ships.

    Args:
        engine: engine of the encoder.

    Raises:
        BadWeights: The file of its weights is missing or damaged.
    """
    from tiefvision.encoders.dense import make_encoder
    from tiefvision.weights import SHIPPED

    return make_encoder("alexnet", SHIPPED, engine=engine)


def find_near(
    root: Path,
    encoder: "DenseEncoder",
    limits: Mapping[Source, float] = NEAR_COSINES,
    track: Track = untracked,
) -> NearReport:
    """Find near-duplicates among whole photographs by their feature maps.

    Args:
        root: folder of a dataset, or of shop photographs.
        encoder: encoder of photographs; ``NEAR_COSINES`` were measured with the shipped
            one.
        limits: least cosine of near-duplicates by source; for photographs of two
            sources the larger one holds.
        track: shows progress.

    Raises:
        BadDataset: The folder is neither.
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
    # The problems of a dataset are reported by its own check.
    unlisted = [] if is_dataset(root) else [one.message for one in dataset.problems]
    return NearReport(len(photos), {**limits}, tuple(groups), (*unlisted, *skipped))


def _embed(
    dataset: Dataset, encoder: "DenseEncoder", track: Track
) -> tuple[list[Photo], NDArray[np.float32], list[str]]:
    """Readable photographs, their embeddings of unit length, (N, D), and messages."""
    rows, skipped = {}, []
    whole = Describer(encoder, NEAR_RULES, choose_whole, needs=NEEDS)
    for path, described in describe_files(whole, dataset.files, track, "encoding"):
        if isinstance(described, UnreadablePhoto):
            skipped.append(str(described))
        else:
            rows[path] = flatten_cells(described.views[CROP].maps)
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
