"""Maps of the gallery by the first and the last of the rankers compared."""

from collections.abc import Mapping

import numpy as np

from tiefvision.evaluation.embedding_map import (
    FEWEST,
    grid_side,
    map_embeddings,
    snap_to_grid,
)
from tiefvision.judging.comparison import Comparison
from tiefvision.progress import Track, untracked
from tiefvision.ranking.garments import Embed, GarmentsOf
from tiefvision.ranking.views import embed_views
from tiefvision.report.gallery_map import GalleryMap, MapTile
from tiefvision.store.artifact import Artifact
from tiefvision.workspace.records import photo_path

MAPPED = 150
"""Number of photographs on a map, as many as can be told apart on half the width of a
page."""


def map_gallery(
    comparison: Comparison,
    records: Artifact,
    rankers: Mapping[str, Embed],
    garments_of: GarmentsOf,
    track: Track = untracked,
) -> GalleryMap | None:
    """Photographs of the gallery, drawn by the seed, placed by t-SNE of embeddings.

    Args:
        comparison: rankers with their results.
        records: the artifact of stage 1, which says where the photographs' files are.
        rankers: the rankers compared, by name.
        garments_of: reads the feature maps of views.
        track: shows progress, ranker by ranker.

    Returns:
        Maps by the first and the last ranker; None where the gallery is too small.
    """
    search = comparison.search
    if len(search.gallery) < FEWEST:
        return None
    generator = np.random.default_rng(comparison.seed)
    count = min(MAPPED, len(search.gallery))
    rows = np.sort(generator.choice(len(search.gallery), count, replace=False))
    views = [search.gallery[row] for row in rows]
    side = grid_side(count)
    ends = comparison.ends()
    cells = {}
    for result in track(ends, "mapping the gallery", len(ends)):
        embeddings = embed_views(
            views, garments_of, rankers[result.each_seed[0].ranker]
        )
        places = map_embeddings(embeddings, comparison.seed)
        cells[result.ranker] = snap_to_grid(places, side, side)
    tiles = tuple(
        MapTile(
            photo_path(records, view.path),
            comparison.boxes[view.path],
            search.gallery_items[row],
        )
        for view, row in zip(views, rows, strict=True)
    )
    return GalleryMap(tiles, cells, side)
