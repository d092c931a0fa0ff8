"""Recommendations for all items of a living catalogue."""

from collections.abc import Sequence

from tiefvision.catalogue.living.embedded import read_embedded
from tiefvision.catalogue.recommending import (
    ItemPhoto,
    Partition,
    Recommendation,
    RecommendSettings,
    keys_of,
    recommend,
)
from tiefvision.progress import Track
from tiefvision.store.table import Table
from tiefvision.workspace.artifacts import CATALOGUE, Workspace


def recommend_items(
    workspace: Workspace,
    ranker: str,
    by: Sequence[str],
    nearest: int,
    before: Sequence[Recommendation],
    track: Track,
) -> tuple[str, list[Partition]]:
    """The nearest items of every item of a workspace's catalogue.

    Args:
        workspace: workspace with a catalogue.
        ranker: name of a ranker that was indexed, or its FILE.py:CLASS; "" for the last
            one.
        by: what an item and its recommendations share: "group", or columns.
        nearest: number of items for each item.
        before: lines of the table before; unchanged partitions keep theirs.
        track: shows progress, partition by partition.

    Returns:
        Name of the ranker, and the partitions.

    Raises:
        StaleArtifact: There is no index for the ranker.
    """
    with Table(workspace.path(CATALOGUE)) as table:
        embedded = read_embedded(table, ranker)
        groups = [row.crop.category for row in embedded.rows]
        keys = keys_of(groups, [row.columns for row in embedded.rows], by)
        rows = [
            ItemPhoto(row.item, row.photo, key, fingerprint)
            for row, key, fingerprint in zip(
                embedded.rows, keys, embedded.fingerprints, strict=True
            )
        ]
        settings = RecommendSettings(nearest)
        found = recommend(rows, embedded.vectors_at, before, settings, track)
        return embedded.ranker, list(found)
