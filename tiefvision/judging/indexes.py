"""Evaluation of an NMSLIB index of each ranker against exact search."""

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
from tiefvision.judging.results import RankerResult, run_search
from tiefvision.judging.vectors import lacking
from tiefvision.models.protocol import GALLERY
from tiefvision.progress import Track, untracked
from tiefvision.ranking.garments import Embed, GarmentsOf
from tiefvision.ranking.registry import ranker_kind
from tiefvision.ranking.views import embed_views
from tiefvision.workspace.artifacts import Workspace
from tiefvision.workspace.job import input_digests

MOST_BYTES = 2 << 30
"""Largest size of a gallery's embeddings for which an index is built in memory; NMSLIB
keeps a copy of them. For a larger gallery only the index of stage 9 is evaluated."""


def with_indexes(
    comparison: Comparison,
    rankers: Mapping[str, Embed],
    garments_of: GarmentsOf,
    workspace: Workspace,
    track: Track = untracked,
) -> Comparison:
    """Add facts about an index of each ranker to a comparison.

    The index of the workspace's gallery is used if it holds the same photographs and
    the ranker's embeddings. Otherwise an index is built in memory; it takes the
    embeddings of the whole gallery, up to ``MOST_BYTES``, and NMSLIB's copy of them.

    An index always searches the whole gallery. If each query may find only a part of
    it (``Search.within``), or the ranker lacks some vectors, the facts hold just the
    length of an embedding. A row of several training seeds has no index.

    Args:
        comparison: comparison by exact search.
        rankers: the rankers compared, by name.
        garments_of: reader of the crops of views.
        workspace: workspace whose gallery may hold an index.
        track: shows progress, ranker by ranker.

    Returns:
        The comparison with ``Comparison.indexes``.
    """
    alone = [result for result in comparison.results if not result.seeds]
    results = track(alone, "searching by index", len(alone))
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
    search = replace(comparison.search, closeups=0)
    width = embed_views(search.gallery[:1], garments_of, embed).shape[1]
    facts: dict[str, Any] = {"embedding": width}
    lacks_some = any(
        lacking(embed, views) is not None for views in (search.gallery, search.queries)
    )
    if search.within != "all" or lacks_some:
        return facts
    index, stored = _stored_index(workspace, search, result.ranker)
    if index is None and 4 * width * len(search.gallery) <= MOST_BYTES:
        index = build_index(embed_views(search.gallery, garments_of, embed))
    if index is None:
        return facts
    if comparison.search.closeups:
        # An index holds photographs alone; close-ups order what it finds.
        (whole,) = run_search(search, {result.ranker: embed}, garments_of)
        result = whole.with_misses(result.ranks == 0)
    recall = judge_index(search, result, index, embed, garments_of, comparison.seed)
    ahead = {name: figure.to_dict() for name, figure in recall.differences.items()}
    judged = {"recall_of_exact": recall.recall_of_exact, "ahead_of_exact": ahead}
    asked = search, result, index, embed, garments_of, comparison.seed
    return facts | stored | judged | reranking_facts(*asked)


def _stored_index(
    workspace: Workspace, search: Search, ranker: str
) -> tuple[HnswIndex | None, dict[str, Any]]:
    """The workspace's index of the gallery and its size; None and {} if unsuitable.

    An index is suitable if it holds the photographs of the search, in the same order,
    and the ranker's embeddings as they are.
    """
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
            if facts.get("reduced"):  # principal components, not the embeddings
                return None, {}
            size = facts["bytes"]
            return read_index(gallery, ranker), {"bytes": size}
    except (TiefVisionError, KeyError):
        return None, {}  # no index for this ranker, a damaged one, or an older release
