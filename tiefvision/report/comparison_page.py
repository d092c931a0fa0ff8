"""The page that sets rankers side by side: figures, curves and examples."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tiefvision.progress import Track, untracked
from tiefvision.records import Box
from tiefvision.report.colours import ranker_class, ranker_classes, series_class
from tiefvision.report.curves import (
    Chart,
    Curve,
    CurveCard,
    chart_of,
    with_legend,
)
from tiefvision.report.figure_table import (
    LOSS,
    Difference,
    RankerRow,
    figure_table,
    index_table,
)
from tiefvision.report.gallery_map import GalleryMap, view_gallery
from tiefvision.report.hits import (
    ExampleHit,
    HitFigure,
    QueryFigure,
    example_figures,
    query_figure,
)
from tiefvision.report.markup import Fitted, Markup, fit_in_page, render, render_page
from tiefvision.report.pictures import Marking
from tiefvision.report.tables import Table

__all__ = ["ComparisonPage", "Example", "ExampleHit", "RankerRow", "render_comparison"]

HIT_HEIGHT = 160
"""Pixels of a thumbnail: more than the 108 shown, for screens of high density."""

SMALL_HEIGHT = 120
"""Pixels of a thumbnail where both ends of a list are shown, 82 pixels high."""

ABOUT_TRAINING = {
    "loss": "Mean loss of the triplets trained on.",
    "triplet_accuracy": "Share of the triplets trained on whose positive is closer "
    "than the negative, before each step. Hard negatives that are found anew in every "
    "epoch keep it low.",
    "val_loss": "Mean loss of the triplets of the validation split. Epoch 0 is before "
    "training.",
    "val_triplet_accuracy": "Share of these triplets in order.",
    "val_reciprocal_rank": "Mean reciprocal rank of the search of the validation "
    "split; the weights of the best epoch are kept. Epoch 0 is before training.",
}
"""Per figure of the training, what its chart shows."""


@dataclass(frozen=True)
class Example:
    """A query and what every ranker found for it.

    Attributes:
        query: file of the photograph that asks.
        box_in_image: what was asked for, in pixels of the photograph as it is in the
            file; None for all of it.
        mirrored: whether the mirror image asks.
        caption: what to look at.
        hits: per ranker, its hits, the closest first.
        farthest: per ranker, the other end of its list, the farthest first; a ranker
            that is not there shows its hits alone.
    """

    query: Path
    box_in_image: Box | None
    mirrored: bool
    caption: str
    hits: Mapping[str, tuple[ExampleHit, ...]]
    farthest: Mapping[str, tuple[ExampleHit, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class ComparisonPage:
    """All that the page shows; whatever is empty is left out.

    Attributes:
        title: title of the page.
        verdict: the outcome, a sentence each.
        terms: the protocol as labels and values.
        notes: what to keep in mind, a sentence each.
        rankers: the rankers, the baseline first, the supervised one last.
        differences: what the last ranker gains over others.
        figure_notes: what to keep in mind about the figures, a sentence each.
        by_box: figures of the same queries by other boxes, a row for each ranker and
            box.
        recall_curves: per ranker, recall@1, recall@2 and so on.
        history: figures of each epoch of the supervised ranker's training, with
            "epoch"; an epoch may lack some.
        trained: name of that ranker.
        flips: searches that the rankers answer most differently.
        examples: searches drawn at random, in the order shown.
        gallery: maps of the gallery, or None.
        more: the rankers with figures that the first table has no room for.
        more_differences: what the last ranker gains over others by these figures.
        by_box_differences: what other boxes gain over the box that was found.
        by_box_notes: what to keep in mind about ``by_box``, a sentence each.
        against: what every ranker gains over the baseline, if there are several.
        published: figures over all published queries, lost ones counted as misses.
    """

    title: str
    verdict: tuple[str, ...] = ()
    terms: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    rankers: tuple[RankerRow, ...] = ()
    differences: tuple[Difference, ...] = ()
    figure_notes: tuple[str, ...] = ()
    by_box: tuple[RankerRow, ...] = ()
    recall_curves: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    history: tuple[Mapping[str, float], ...] = ()
    trained: str = ""
    flips: tuple[Example, ...] = ()
    examples: tuple[Example, ...] = ()
    gallery: GalleryMap | None = None
    more: tuple[RankerRow, ...] = ()
    more_differences: tuple[Difference, ...] = ()
    by_box_differences: tuple[Difference, ...] = ()
    by_box_notes: tuple[str, ...] = ()
    against: tuple[Difference, ...] = ()
    published: tuple[RankerRow, ...] = ()


@dataclass(frozen=True)
class FigureSection:
    """Tables of figures.

    Attributes:
        table: the figures looked at first.
        explanation: how to read the table, a sentence each.
        more: all other figures, or None.
        indexes: the indexes, or None.
        against: every ranker against the baseline, or None.
        published: the figures over all published queries, or None.
    """

    table: Table
    explanation: tuple[str, ...]
    more: Table | None
    indexes: Table | None
    against: Table | None
    published: Table | None


@dataclass(frozen=True)
class TrainingCard:
    """The chart of a figure over the epochs, its name, and what it shows."""

    name: str
    chart: Chart
    about: str


@dataclass(frozen=True)
class Answer:
    """What a ranker found for a query.

    Attributes:
        ranker: name of the ranker.
        state: CSS class of the ranker's colour.
        closest: hits, the closest first.
        farthest: the other end of the list, the farthest first; None if not shown.
    """

    ranker: str
    state: str
    closest: tuple[HitFigure, ...]
    farthest: tuple[HitFigure, ...] | None


@dataclass(frozen=True)
class ExampleCard:
    """A query, what to look at, and the answers of the rankers."""

    caption: str
    query: QueryFigure
    answers: tuple[Answer, ...]


def render_comparison(page: ComparisonPage, track: Track = untracked) -> str:
    """The page as HTML in one piece, at most 5 MB; examples beyond are left out.

    Args:
        page: what to show.
        track: shows progress over the examples.
    """
    gallery = _gallery(page, track)
    return render_page(
        "comparison",
        title=page.title,
        page=page,
        figures=_figures(page),
        by_box=figure_table(page.by_box, page.by_box_differences)
        if page.by_box
        else None,
        recalls=_recall_curves(page),
        training=_training_curves(page),
        examples=_examples(page, track, len(gallery)),
        gallery=gallery,
    )


def _figures(page: ComparisonPage) -> FigureSection | None:
    if not page.rankers:
        return None
    explanation = [
        "Means over all queries with 95 % intervals by product; the best are bold. The "
        "pointer shows the intervals by query."
    ]
    explanation += page.figure_notes
    if page.differences:
        explanation.append(
            "▲ and ▼: the interval of the difference excludes 0. p: how likely so "
            "large a difference is between rankers that are alike (paired "
            "randomisation test of whole products)."
        )
    if page.against:
        explanation.append(
            f"Holm: p corrected for the {len(page.against)} rankers held against one "
            "baseline."
        )
    if any("recall_of_exact" in row.index for row in page.rankers):
        explanation.append(
            f"{LOSS[0].upper()}{LOSS[1:]}: share of the ten nearest neighbours by "
            "exact search that the index does not find; below it, recall by the index "
            "minus recall by exact search. All other figures are by exact search."
        )
    return FigureSection(
        figure_table(page.rankers, page.differences),
        tuple(explanation),
        figure_table(page.more, page.more_differences) if page.more else None,
        index_table(page.rankers) if any(row.index for row in page.rankers) else None,
        figure_table((), page.against) if page.against else None,
        figure_table(page.published) if page.published else None,
    )


def _recall_curves(page: ComparisonPage) -> CurveCard | None:
    states = _states(page)
    curves = [
        Curve(name, tuple(enumerate(recalls, start=1)), states[name])
        for name, recalls in page.recall_curves.items()
    ]
    if not any(curve.drawn for curve in curves):
        return None
    chart = chart_of(curves, "k", "recall at k of every ranker", (0.0, 1.0))
    return with_legend(curves, chart)


def _training_curves(page: ComparisonPage) -> list[TrainingCard]:
    # From the last epoch back: the one before training has no loss, which comes first.
    names = dict.fromkeys(name for row in reversed(page.history) for name in row)
    states = ranker_classes(row.name for row in page.rankers[-1:])
    state = next(iter(states.values()), series_class(0))
    return [
        card
        for name in names
        if name != "epoch"
        for card in _training_card(name, page.history, state)
    ]


def _training_card(
    name: str, history: Sequence[Mapping[str, float]], state: str
) -> list[TrainingCard]:
    """The chart of a figure, or none if no epoch has it."""
    points = tuple(
        (row.get("epoch", float(number)), row[name])
        for number, row in enumerate(history)
        if name in row
    )
    curve = Curve(name.replace("_", " "), points, state)
    if not curve.drawn:
        return []
    chart = chart_of([curve], "epoch", f"{curve.name} over the epochs")
    return [TrainingCard(curve.name, chart, ABOUT_TRAINING.get(name, ""))]


def _gallery(page: ComparisonPage, track: Track) -> Markup:
    if page.gallery is None:
        return Markup()
    gallery = view_gallery(page.gallery, track)
    return render("gallery_map", gallery=gallery)


def _examples(page: ComparisonPage, track: Track, taken: int) -> Fitted:
    """Flips and other examples together, so that one limit holds for both."""
    examples = [*page.flips, *page.examples]
    headings = {len(page.flips): "Drawn at random: both ends of each list"}
    if page.flips:
        headings[0] = "Where the rankers differ most"
    states = _states(page)
    tracked = track(examples, "Drawing examples", len(examples)) if examples else ()
    cards = (
        render("headed_card", heading=headings[number], card=card)
        if number in headings
        else card
        for number, example in enumerate(tracked)
        for card in [render("example_card", card=_example_card(example, states))]
    )
    return fit_in_page(cards, len(examples), "examples", taken)


def _example_card(example: Example, states: Mapping[str, str]) -> ExampleCard:
    asked = [Marking(example.box_in_image)] if example.box_in_image else []
    return ExampleCard(
        example.caption,
        query_figure(example.query, asked, example.mirrored),
        tuple(
            _answer(
                ranker,
                states.get(ranker, ranker_class(ranker)),
                hits,
                example.farthest.get(ranker),
            )
            for ranker, hits in example.hits.items()
        ),
    )


def _answer(
    ranker: str,
    state: str,
    closest: tuple[ExampleHit, ...],
    farthest: tuple[ExampleHit, ...] | None,
) -> Answer:
    height = HIT_HEIGHT if farthest is None else SMALL_HEIGHT
    return Answer(
        ranker,
        state,
        example_figures(closest, height, judged=True),
        None
        if farthest is None
        else example_figures(farthest, height, judged=True, from_end=True),
    )


def _states(page: ComparisonPage) -> dict[str, str]:
    """CSS classes of every ranker, the same in tables, curves and examples."""
    return ranker_classes([*(row.name for row in page.rankers), *page.recall_curves])
