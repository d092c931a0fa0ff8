"""The page that sets rankers side by side: figures, curves and examples."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tiefvision.evaluation.intervals import Figure
from tiefvision.progress import Track, untracked
from tiefvision.records import Box
from tiefvision.report.curves import Curve, draw_curves
from tiefvision.report.figure_table import RankerRow, figure_table, index_table
from tiefvision.report.hits import ExampleHit, hit_row, query_figure
from tiefvision.report.markup import (
    Markup,
    element,
    fit_in_page,
    join,
    legend,
    render_page,
    section,
    series_class,
)

__all__ = ["ComparisonPage", "Example", "ExampleHit", "RankerRow", "render_comparison"]

HIT_HEIGHT = 160
"""Pixels of a thumbnail: more than the 108 shown, for screens of high density."""


@dataclass(frozen=True)
class Example:
    """A query and what every ranker found for it.

    Attributes:
        query: The file of the photograph that asks.
        box_in_image: What was asked for, in the photograph as it is in the file; None
            for all of it.
        mirrored: Its mirror image asks.
        caption: What to look at.
        hits: Ranker to its hits, the closest first.
    """

    query: Path
    box_in_image: Box | None
    mirrored: bool
    caption: str
    hits: Mapping[str, tuple[ExampleHit, ...]]


@dataclass(frozen=True)
class ComparisonPage:
    """All that the page shows; whatever is empty is left out.

    Attributes:
        title: Of the page.
        protocol: Who searches where, and what a hit is, in words.
        notes: What to keep in mind, a sentence each.
        rankers: The baseline first, the supervised ranker last.
        differences: Figures of the last ranker minus those of the first.
        chances: How likely each would be if both were alike.
        by_box: Of the same queries by other boxes, a row for each ranker and box.
        recall_curves: Ranker to recall@1, recall@2 and so on.
        history: Figures of each epoch of the supervised ranker's training, with
            "epoch"; an epoch may lack some.
        flips: Searches that the rankers answer most differently.
        examples: Other searches, in the order shown.
    """

    title: str
    protocol: str
    notes: tuple[str, ...]
    rankers: tuple[RankerRow, ...]
    differences: Mapping[str, Figure]
    chances: Mapping[str, float]
    by_box: tuple[RankerRow, ...]
    recall_curves: Mapping[str, tuple[float, ...]]
    history: tuple[Mapping[str, float], ...]
    flips: tuple[Example, ...]
    examples: tuple[Example, ...]


def render_comparison(page: ComparisonPage, track: Track = untracked) -> str:
    """The page as HTML in one piece, at most 5 MB; examples beyond are left out.

    Args:
        page: What to show.
        track: Shows progress over the examples.
    """
    parts = (
        _introduction(page),
        _figures(page),
        _by_box(page),
        _recall_curves(page),
        _training_curves(page),
        _examples(page, track),
    )
    return render_page(page.title, *(part for part in parts if part is not None))


def _introduction(page: ComparisonPage) -> Markup:
    notes = [element("li", {}, note) for note in page.notes]
    return element(
        "header",
        {},
        element("p", {"class": "lead"}, page.protocol),
        *([element("ul", {"class": "notes"}, *notes)] if notes else []),
    )


def _figures(page: ComparisonPage) -> Markup | None:
    if not page.rankers:
        return None
    explanation = "Means over all queries with 95 % intervals; the best are bold."
    if page.differences and len(page.rankers) > 1:
        explanation += (
            " ▲ and ▼: the interval of the difference excludes 0. p: how likely so "
            "large a difference is between rankers that are alike (paired "
            "randomisation test)."
        )
    parts = [
        figure_table(page.rankers, page.differences, page.chances),
        element("p", {"class": "quiet"}, explanation),
    ]
    if any(row.index for row in page.rankers):
        parts += [
            element("h2", {}, "Indexes"),
            index_table(page.rankers),
            element(
                "p",
                {"class": "quiet"},
                "Nearest neighbours found: the share of those by exact search that "
                "the index returns. The figures above are by exact search.",
            ),
        ]
    return section("Figures", *parts)


def _by_box(page: ComparisonPage) -> Markup | None:
    if not page.by_box:
        return None
    about = (
        "The same queries by the box that was found, by the annotated one, and "
        "not at all: what locating wins, and what it still costs."
    )
    return section(
        "By box",
        figure_table(page.by_box, {}),
        element("p", {"class": "quiet"}, about),
    )


def _recall_curves(page: ComparisonPage) -> Markup | None:
    order = _series_numbers(page)
    curves = [
        Curve(name, tuple(enumerate(recalls, start=1)), order[name])
        for name, recalls in page.recall_curves.items()
    ]
    if not any(curve.drawn for curve in curves):
        return None
    drawn = draw_curves(curves, "k", "recall at k of every ranker", (0.0, 1.0))
    names = legend({curve.name: curve.series for curve in curves})
    card = element("div", {"class": "card"}, names, drawn)
    return section("Recall@k", element("div", {"class": "charts"}, card))


def _training_curves(page: ComparisonPage) -> Markup | None:
    # From the last epoch back: the one before training has no loss, which comes first.
    names = dict.fromkeys(name for row in reversed(page.history) for name in row)
    charts = [
        chart
        for name in names
        if name != "epoch"
        for chart in _training_chart(name, page.history, max(0, len(page.rankers) - 1))
    ]
    if not charts:
        return None
    return section("Training", element("div", {"class": "charts"}, *charts))


def _training_chart(
    name: str, history: Iterable[Mapping[str, float]], series: int
) -> list[Markup]:
    """The chart of a figure, or none if no epoch has it."""
    points = tuple(
        (row.get("epoch", float(number)), row[name])
        for number, row in enumerate(history)
        if name in row
    )
    curve = Curve(name.replace("_", " "), points, series)
    if not curve.drawn:
        return []
    drawn = draw_curves([curve], "epoch", f"{curve.name} over the epochs")
    heading = element("h3", {}, curve.name)
    return [element("div", {"class": "card"}, heading, drawn)]


def _examples(page: ComparisonPage, track: Track) -> Markup | None:
    """Flips and other examples in one piece, so that one limit holds for both."""
    examples = [*page.flips, *page.examples]
    if not examples:
        return None
    headings = {0: "Examples", len(page.flips): "Examples"}
    if page.flips:
        headings[0] = "Where the rankers differ most"
    order = _series_numbers(page)
    tracked = track(examples, "Drawing examples", len(examples))
    cards = (
        join([element("h3", {}, headings[number]), card])
        if number in headings
        else card
        for number, example in enumerate(tracked)
        for card in [_example_card(example, order)]
    )
    return section("Searches", fit_in_page(cards, len(examples), "examples"))


def _example_card(example: Example, order: Mapping[str, int]) -> Markup:
    answers = [
        element(
            "div",
            {"class": series_class(order.get(ranker, 0))},
            element("h3", {"class": "swatch"}, ranker),
            hit_row(hits, HIT_HEIGHT, wrapped=False, judged=True),
        )
        for ranker, hits in example.hits.items()
    ]
    query = query_figure(example.query, example.box_in_image, example.mirrored)
    return element(
        "article",
        {"class": "card"},
        element("h3", {}, example.caption),
        element(
            "div",
            {"class": "asked"},
            query,
            element("div", {"class": "answers"}, *answers),
        ),
    )


def _series_numbers(page: ComparisonPage) -> dict[str, int]:
    """Every ranker's colour, the same in tables, curves and examples."""
    names = [*(row.name for row in page.rankers), *page.recall_curves]
    return {name: number for number, name in enumerate(dict.fromkeys(names))}
