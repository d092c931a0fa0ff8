"""What an NMSLIB index of each ranker loses: the workspace's, or one made for it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tiefvision.catalogue.gallery import read_index, read_rows
from tiefvision.errors import TiefVisionError
from tiefvision.evaluation.searches import Search
from tiefvision.index.hnsw import HnswIndex, build_index
from tiefvision.judging.comparison import Comparison
from tiefvision.judging.index_recall import judge_index
from tiefvision.judging.reranking_recall import reranking_facts
from tiefvision.judging.results import RankerResult
from tiefvision.models.protocol import GALLERY
from tiefvision.progress import Track, untracked
from tiefvision.ranking.garments import Embed, GarmentsOf
from tiefvision.ranking.registry import ranker_kind
from tiefvision.ranking.views import embed_views
from tiefvision.workspace.artifacts import Workspace
from tiefvision.workspace.job import input_digests

MOST_BYTES = 2 << 30
"""Embeddings of a gallery for which an index is built in memory; NMSLIB keeps a copy.
A larger gallery is judged by the index of stage 9, or not at all."""


def with_indexes(
    comparison: Comparison,
    rankers: Mapping[str, Embed],
    garments_of: GarmentsOf,
    workspace: Workspace,
    track: Track = untracked,
) -> Comparison:
    """The same comparison with what an index of each ranker loses.

    Args:
        comparison: By exact search.
        rankers: Those that were compared, by name.
        garments_of: Reads the maps of views.
        workspace: Whose gallery is used where it was indexed for these photographs by
            this ranker; otherwise an index is built in memory.
        track: Shows progress, ranker by ranker.

    An index that is built takes its own memory, beside that of exact search: the
    embeddings of the whole gallery, up to ``MOST_BYTES``, and NMSLIB's copy of them.

    An index knows no restriction: where each query searches a part of the gallery, as
    ``Search.within`` says, there is nothing to hold its answers against, and only the
    size of embeddings is told.
    """
    results = track(comparison.results, "searching by index", len(comparison.results))
    facts = {
        result.ranker: _facts(
            comparison, result, rankers[result.ranker], garments_of, workspace
        )
        for result in results
    }
    return replace(comparison, indexes=facts)


def _facts(
    comparison: Comparison,
    result: RankerResult,
    embed: Embed,
    garments_of: GarmentsOf,
    workspace: Workspace,
) -> dict[str, Any]:
    search = comparison.search
    width = embed_views(search.gallery[:1], garments_of, embed).shape[1]
    facts: dict[str, Any] = {"embedding": width}
    if search.within != "all":
        return facts
    index, stored = _stored_index(workspace, search, result.ranker)
    if index is None and 4 * width * len(search.gallery) <= MOST_BYTES:
        index = build_index(embed_views(search.gallery, garments_of, embed))
    if index is None:
        return facts
    loss = judge_index(search, result, index, embed, garments_of, comparison.seed)
    ahead = {name: figure.to_dict() for name, figure in loss.ahead.items()}
    judged = {"recall_of_exact": loss.recall_of_exact, "ahead_of_exact": ahead}
    asked = search, result, index, embed, garments_of, comparison.seed
    return facts | stored | judged | reranking_facts(*asked)


def _stored_index(
    workspace: Workspace, search: Search, ranker: str
) -> tuple[HnswIndex | None, dict[str, Any]]:
    """The index of the gallery, if it is of these photographs, and its size."""
    try:
        own = [ranker] if ranker_kind(ranker).learns == "triplets" else []
        made_of = ["photos", "crops", *own]
        with workspace.open(GALLERY) as gallery:
            digests = input_digests(workspace, made_of)
            inputs = gallery.header.inputs
            if any(inputs.get(name) != digest for name, digest in digests.items()):
                return None, {}
            rows = [row.photo for row in read_rows(gallery)]
            if rows != [view.path for view in search.gallery]:
                return None, {}
            facts = gallery.header.details["indexes"][ranker]
            if facts.get("reduced"):  # an index of other numbers than are compared
                return None, {}
            size = facts["bytes"]
            return read_index(gallery, ranker), {"bytes": size}
    except (TiefVisionError, KeyError):
        return None, {}  # not indexed for this ranker, damaged or of an older version
