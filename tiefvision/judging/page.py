"""The page of a comparison: figures, curves, and examples of searches."""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from tiefvision.evaluation.intervals import Figure
from tiefvision.files import replace_text
from tiefvision.judging.boxes import TRUE
from tiefvision.judging.comparison import Comparison
from tiefvision.judging.examples import (
    draw_queries,
    find_flips,
    show_both_ends,
    show_flip,
)
from tiefvision.judging.indexes import MOST_BYTES
from tiefvision.judging.protocol import note_reach, protocol_rows
from tiefvision.judging.query_boxes import BLOCK_BYTES, BLOCKS_KEPT
from tiefvision.judging.reranking_recall import steps_in_words
from tiefvision.judging.results import (
    CUTS,
    RankerResult,
    chances,
    differences,
    figures_of_all,
)
from tiefvision.judging.summary import ABOUT_REPEATED, shown_once, verdict_in_words
from tiefvision.progress import Track, untracked
from tiefvision.ranking.own import is_known
from tiefvision.ranking.registry import ranker_kind
from tiefvision.ranking.views import BLOCK
from tiefvision.report.comparison_page import (
    ComparisonPage,
    RankerRow,
    render_comparison,
)
from tiefvision.report.figure_table import Difference
from tiefvision.report.gallery_map import GalleryMap
from tiefvision.store.artifact import Artifact

MOST_CURVES = 6
"""Number of rankers with a recall curve, as many as there are colours: the last one and
the best of the others."""

LARGEST_CUT = max(CUTS)
"""Largest k of the recalls shown: a smaller gallery makes some of them meaningless."""

LONGEST_CURVE = 50
"""Recall curves end at this k."""


def write_page(
    comparison: Comparison,
    records: Artifact,
    path: Path,
    history: Sequence[Mapping[str, float]] = (),
    gallery: GalleryMap | None = None,
    track: Track = untracked,
) -> None:
    """Write the HTML page of a comparison.

    Args:
        comparison: what to show.
        records: the artifact of stage 1, which says where the photographs' files are.
        path: file of the page.
        history: training curves of the supervised ranker, a row an epoch.
        gallery: maps of the gallery, or None.
        track: shows progress.
    """
    figures = {
        result.ranker: result.figures(comparison.seed) for result in comparison.results
    }
    deviations = {one.ranker: _deviations(one) for one in comparison.results}
    changes = tuple(_differences(comparison))
    shown = shown_once(SHOWN_FIGURES, comparison.search)
    more = _others(next(iter(figures.values())))
    page = ComparisonPage(
        title="Rankers side by side",
        verdict=verdict_in_words(comparison),
        terms=_terms(comparison, records),
        notes=tuple(_notes(comparison)),
        rankers=tuple(
            RankerRow(
                name,
                comparison.learnt.get(name) or _description(comparison, name),
                _chosen(found, shown),
                _index_of(comparison, name),
                deviations[name],
            )
            for name, found in figures.items()
        ),
        differences=_of_figures(changes, shown),
        published=tuple(_rows_of_published(comparison, shown)),
        figure_notes=(ABOUT_REPEATED,) if shown != SHOWN_FIGURES else (),
        more=tuple(
            RankerRow(name, "", _chosen(found, more), {}, deviations[name])
            for name, found in figures.items()
        ),
        more_differences=_of_figures(changes, more),
        by_box=tuple(_rows_by_box(comparison)),
        by_box_differences=tuple(_differences_by_box(comparison)),
        by_box_notes=tuple(_notes_by_box(comparison)),
        against=_of_figures(_against_baseline(comparison), shown),
        recall_curves={
            result.ranker: tuple(
                float(result.recall_at(k).mean()) for k in range(1, LONGEST_CURVE + 1)
            )
            for result in comparison.foremost(MOST_CURVES)
        },
        history=tuple(dict(row) for row in history),
        trained=comparison.last_trained,
        flips=tuple(
            show_flip(comparison, records, number) for number in find_flips(comparison)
        ),
        examples=tuple(
            show_both_ends(comparison, records, number)
            for number in draw_queries(comparison)
        ),
        gallery=gallery,
    )
    replace_text(path, render_comparison(page, track))


SHOWN_FIGURES = (
    "recall@1",
    "recall@5",
    "recall@20",
    "reciprocal_rank",
    "average_precision",
    "triplet_accuracy",
)
"""Figures of the first table: shares of 1, as many as stand beside each other."""


def _terms(comparison: Comparison, records: Artifact) -> tuple[tuple[str, str], ...]:
    """What was judged, how, and when, as labels and values."""
    return (
        ("photographs", records.header.details["images"]),
        *protocol_rows(comparison.terms, comparison.search),
        ("judged", time.strftime("%Y-%m-%d %H:%M")),
    )


def _differences(comparison: Comparison) -> Iterator[Difference]:
    """Differences of the last ranker to the first, and to the best of the others."""
    last = comparison.results[-1]
    against = {one.name: one for one in _against_baseline(comparison)}
    for other in comparison.opponents():
        name = f"{last.ranker} minus {other.ranker}"
        yield against.get(name) or Difference(
            name, comparison.ahead(other), comparison.chances(other)
        )


def _against_baseline(comparison: Comparison) -> tuple[Difference, ...]:
    """Differences of every ranker to the first, unless there is only one."""
    first, *others = comparison.results
    if len(others) < 2:
        return ()
    return tuple(
        Difference(
            f"{one.ranker} minus {first.ranker}",
            comparison.ahead_of_baseline[one.ranker],
            comparison.against_baseline[one.ranker],
            comparison.corrected[one.ranker],
        )
        for one in others
    )


def _rows_of_published(
    comparison: Comparison, shown: Sequence[str]
) -> Iterator[RankerRow]:
    """Figures over all published queries, where their number is known."""
    if not comparison.published:
        return
    for result in comparison.results:
        every = figures_of_all(result, comparison.published, comparison.seed)
        figures = _chosen(every, (name for name in shown if name in every))
        yield RankerRow(result.ranker, "", figures, {})


def _rows_by_box(comparison: Comparison) -> Iterator[RankerRow]:
    """Figures of the rankers compared with the last one, and of the last, by box."""
    if not comparison.by_box:
        return
    kinds = {comparison.box: comparison.results, **comparison.by_box}
    last = comparison.results[-1]
    told = {one.ranker for one in (*comparison.opponents(), last)}
    shown = shown_once(SHOWN_FIGURES, comparison.search)
    cropped = [one.ranker for one in next(iter(comparison.by_box.values()))]
    for ranker in cropped:
        if ranker not in told:
            continue
        for kind, results in kinds.items():
            result = next(one for one in results if one.ranker == ranker)
            figures = _chosen(result.figures(comparison.seed), shown)
            yield RankerRow(f"{ranker}, {kind}", "", figures, {})


def _differences_by_box(comparison: Comparison) -> Iterator[Difference]:
    """Differences of the last ranker by each other box to its own box."""
    last = comparison.results[-1]
    shown = shown_once(SHOWN_FIGURES, comparison.search)
    for kind, results in comparison.by_box.items():
        if results[-1].ranker != last.ranker:  # vectors, which no box concerns
            continue
        yield Difference(
            f"{last.ranker}, {kind} minus {comparison.box}",
            _chosen(differences(results[-1], last, comparison.seed), shown),
            chances(results[-1], last, comparison.seed),
        )


def _notes_by_box(comparison: Comparison) -> Iterator[str]:
    """Queries without an annotated box, and queries that could not be read again."""
    asked = len(comparison.search.queries)
    unboxed = comparison.terms.get("unboxed", 0)
    if unboxed and TRUE in comparison.by_box:
        yield f"{unboxed} of {asked} queries have no annotated box: whole, if {TRUE}."
    for kind, count in comparison.gone.items():
        if count and kind in comparison.by_box:
            yield (
                f"{kind}: {count} of {asked} queries could not be read again; they "
                "count as misses."
            )


def _others(figures: Iterable[str]) -> tuple[str, ...]:
    return tuple(name for name in figures if name not in SHOWN_FIGURES)


def _chosen(figures: Mapping[str, Figure], names: Iterable[str]) -> dict[str, Figure]:
    return {name: figures[name] for name in names}


def _of_figures(
    changes: Iterable[Difference], names: Sequence[str]
) -> tuple[Difference, ...]:
    """Differences restricted to some figures."""
    return tuple(replace(one, figures=_chosen(one.figures, names)) for one in changes)


def _deviations(result: RankerResult) -> dict[str, float]:
    """Deviation of every figure over training seeds; {} for a ranker that is alone."""
    if not result.seeds:
        return {}
    return {name: spread.deviation for name, spread in result.spreads().items()}


def _description(comparison: Comparison, ranker: str) -> str:
    """What a ranker compares, in a sentence; "" for an unknown ranker."""
    for result in comparison.results:
        if result.ranker == ranker and result.seeds:
            return f"mean of {', '.join(one.ranker for one in result.seeds)}"
    return ranker_kind(ranker).summary if is_known(ranker) else ""


def _index_of(comparison: Comparison, ranker: str) -> dict[str, float | int]:
    """Facts of a ranker's index by name, as ``RankerRow.index`` takes them."""
    facts = dict(comparison.indexes.get(ranker, {}))
    changes = facts.pop("ahead_of_exact", {})
    return facts | {name: figure["value"] for name, figure in changes.items()}


def _notes(comparison: Comparison) -> Iterator[str]:
    """Remarks on the protocol, memory, indexes and the probability of a match."""
    terms = comparison.terms
    if terms.get("unfound_gallery"):
        yield (
            "Photographs of the gallery that are taken whole, as nothing was found in "
            f"them: {terms['unfound_gallery']}."
        )
    if note := note_reach(terms, LARGEST_CUT):
        yield note
    if comparison.peaks:
        yield (
            f"Exact search goes block by block, {BLOCK} photographs at a time: about "
            f"{max(comparison.peaks.values()) / 1e6:.3g} MB of memory at most, without "
            "what a ranker takes while it embeds."
        )
    if any("recall_of_exact" in facts for facts in comparison.indexes.values()):
        yield (
            "An index built for the comparison takes more memory: the embeddings of "
            f"the gallery, up to {MOST_BYTES / 1e9:.2g} GB, and NMSLIB's copy of them."
        )
    if comparison.by_box:
        yield (
            f"Queries by other boxes: up to {BLOCKS_KEPT} blocks of their crops are "
            f"kept for the next ranker, {BLOCKS_KEPT * BLOCK_BYTES / 1e6:.0f} MB."
        )
    for kind in comparison.gone:
        if kind not in comparison.by_box:
            yield f"By box, {kind}: no figures, as no query could be read again."
    if comparison.search.within != "all":
        yield (
            "No figures of indexes: an index searches the whole gallery, not a part "
            "of it for each query."
        )
    yield from steps_in_words(comparison.indexes)
    yield from comparison.matches_in_words()
