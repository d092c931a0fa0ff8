"""The page of a comparison: its figures, curves, and searches to look at."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from tiefvision.evaluation.intervals import Figure
from tiefvision.evaluation.retrieval import recall_at
from tiefvision.files import replace_file
from tiefvision.judging.comparison import Comparison
from tiefvision.judging.examples import (
    draw_queries,
    find_flips,
    show_both_ends,
    show_flip,
)
from tiefvision.judging.indexes import MOST_BYTES
from tiefvision.judging.protocol import note_reach
from tiefvision.judging.query_boxes import BLOCK_BYTES, BLOCKS_KEPT, TRUE
from tiefvision.judging.reranking_recall import steps_in_words
from tiefvision.judging.results import CUTS, chances, differences
from tiefvision.progress import Track, untracked
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
"""Rankers with a recall curve, as many as there are colours: the last and the best."""

LARGEST_CUT = max(CUTS)
"""Of the recalls told: a smaller gallery makes some of them meaningless."""

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
        comparison: What to show.
        records: Of the photographs, which says where their files are.
        path: Of the page.
        history: Training curves of the supervised ranker.
        gallery: Maps of the gallery.
        track: Shows progress.
    """
    figures = {
        result.ranker: result.figures(comparison.seed) for result in comparison.results
    }
    changes = tuple(_differences(comparison))
    page = ComparisonPage(
        title="Rankers side by side",
        protocol=comparison.protocol,
        notes=(*_notes(comparison), *steps_in_words(comparison.indexes)),
        rankers=tuple(
            RankerRow(
                name,
                comparison.learnt.get(name) or DESCRIPTIONS.get(name, ""),
                _shown(found),
                _index_of(comparison, name),
            )
            for name, found in figures.items()
        ),
        differences=tuple(replace(one, figures=_shown(one.figures)) for one in changes),
        more=tuple(
            RankerRow(name, "", _others(found), {}) for name, found in figures.items()
        ),
        more_differences=tuple(
            replace(one, figures=_others(one.figures)) for one in changes
        ),
        by_box=tuple(_rows_by_box(comparison)),
        by_box_differences=tuple(_differences_by_box(comparison)),
        by_box_notes=tuple(_notes_by_box(comparison)),
        recall_curves={
            result.ranker: tuple(
                float(recall_at(result.ranks, k).mean())
                for k in range(1, LONGEST_CURVE + 1)
            )
            for result in comparison.foremost(MOST_CURVES)
        },
        history=tuple(dict(row) for row in history),
        flips=tuple(
            show_flip(comparison, records, number) for number in find_flips(comparison)
        ),
        examples=tuple(
            show_both_ends(comparison, records, number)
            for number in draw_queries(comparison)
        ),
        gallery=gallery,
    )
    replace_file(path, render_comparison(page, track).encode("utf-8"))


SHOWN_FIGURES = (
    "recall@1",
    "recall@5",
    "recall@20",
    "reciprocal_rank",
    "average_precision",
    "triplet_accuracy",
)
"""Of the first table: shares of 1, as many as stand beside each other."""


def _differences(comparison: Comparison) -> Iterator[Difference]:
    """The last ranker against the first, and against its best rival."""
    last = comparison.results[-1]
    for other in comparison.opponents():
        yield Difference(
            f"{last.ranker} minus {other.ranker}",
            comparison.ahead(other),
            comparison.chances(other),
        )


def _rows_by_box(comparison: Comparison) -> Iterator[RankerRow]:
    """Of those held against each other, by the box they were given, and by others."""
    if not comparison.by_box:
        return
    kinds = {comparison.box: comparison.results, **comparison.by_box}
    last = comparison.results[-1]
    shown = {one.ranker for one in (*comparison.opponents(), last)}
    for number, ranker in enumerate(comparison.results):
        if ranker.ranker not in shown:
            continue
        for kind, results in kinds.items():
            figures = _shown(results[number].figures(comparison.seed))
            yield RankerRow(f"{ranker.ranker}, {kind}", "", figures, {})


def _differences_by_box(comparison: Comparison) -> Iterator[Difference]:
    """What the last ranker gains by each other box over the one it was given."""
    last = comparison.results[-1]
    for kind, results in comparison.by_box.items():
        yield Difference(
            f"{last.ranker}, {kind} minus {comparison.box}",
            _shown(differences(results[-1], last, comparison.seed)),
            chances(results[-1], last, comparison.seed),
        )


def _notes_by_box(comparison: Comparison) -> Iterator[str]:
    """What became of the queries by other boxes."""
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


def _shown(figures: Mapping[str, Figure]) -> dict[str, Figure]:
    return {name: figures[name] for name in SHOWN_FIGURES}


def _others(figures: Mapping[str, Figure]) -> dict[str, Figure]:
    return {name: figures[name] for name in figures if name not in SHOWN_FIGURES}


DESCRIPTIONS = {
    "cosine": "unsupervised: mean cosine of the encodings' cells",
    "deeprank": "supervised: trained on triplets by the angle hinge",
    "mean": "unsupervised: the mean of the cells",
    "max": "unsupervised: the largest of each channel (MAC)",
    "gem": "unsupervised: the generalised mean of the cells (GeM)",
    "spoc": "unsupervised: the sum in which the middle counts more (SPoC)",
    "rgb": "unsupervised: an 8x8x8 histogram of colours",
    "lab": "unsupervised: a histogram of colours in CIE LAB",
    "gabor": "unsupervised: Gabor jets as visual words",
    "blobs": "unsupervised: MSER blobs as visual words",
    "mix": "encoding and LAB colours, their weight learnt in training",
    "pca": "unsupervised: 256 principal components of the cells",
}


def _index_of(comparison: Comparison, ranker: str) -> dict[str, float | int]:
    """What the tables tell of an index, one number for each thing."""
    facts = dict(comparison.indexes.get(ranker, {}))
    changes = facts.pop("ahead_of_exact", {})
    return facts | {name: figure["value"] for name, figure in changes.items()}


def _notes(comparison: Comparison) -> Iterator[str]:
    """What the protocol does not say, and the memory of exact search, if known."""
    terms = comparison.terms
    if terms.get("unfound_gallery"):
        yield (
            f"{terms['unfound_gallery']} photographs of the gallery are taken whole, "
            "for nothing was found in them."
        )
    if note := note_reach(terms, LARGEST_CUT):
        yield note
    if comparison.peaks:
        yield (
            f"Exact search goes block by block, {BLOCK} photographs at a time: about "
            f"{max(comparison.peaks.values()) / 1e6:.3g} MB at most, beside what works "
            "inside a ranker."
        )
    if any("recall_of_exact" in facts for facts in comparison.indexes.values()):
        yield (
            "An index that is made for the comparison takes more: the embeddings of "
            f"the gallery, up to {MOST_BYTES / 1e9:.2g} GB, and NMSLIB's copy of them."
        )
    if comparison.by_box:
        yield (
            f"Queries by other boxes: up to {BLOCKS_KEPT} blocks of their crops are "
            f"kept for the next ranker, {BLOCKS_KEPT * BLOCK_BYTES / 1e6:.0f} MB."
        )
    for kind in comparison.gone:
        if kind not in comparison.by_box:
            yield f"Nothing is told by box, {kind}: no query could be read again."
    if comparison.search.within != "all":
        yield (
            "An index searches the whole gallery, not a part of it for each query: "
            "what it would lose is not told here."
        )
