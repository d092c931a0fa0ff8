"""The page that sets rankers side by side: figures, curves and examples."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tiefvision.progress import Track, untracked
from tiefvision.records import Box
from tiefvision.report.curves import Curve, draw_curves
from tiefvision.report.figure_table import (
    LOSS,
    Difference,
    RankerRow,
    figure_table,
    index_table,
)
from tiefvision.report.gallery_map import GalleryMap, draw_gallery_map
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

SMALL_HEIGHT = 120
"""The same where both ends of a list are shown, 82 pixels high."""

ABOUT_TRAINING = {
    "loss": "Mean angle hinge of the triplets trained on.",
    "triplet_accuracy": "Share of the triplets trained on whose positive is closer "
    "than the negative, before each step. The negatives are hard ones, found anew "
    "in every epoch.",
    "val_reciprocal_rank": "On the validation split; the weights of the best epoch "
    "are kept. Epoch 0 is before training.",
}
"""What is plotted in the chart of a figure."""


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
        farthest: Ranker to the other end of its list, the farthest first.
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
        title: Of the page.
        protocol: Who searches where, and what a hit is, in words.
        notes: What to keep in mind, a sentence each.
        rankers: The baseline first, the supervised ranker last.
        differences: What the last ranker gains over others.
        by_box: Of the same queries by other boxes, a row for each ranker and box.
        recall_curves: Ranker to recall@1, recall@2 and so on.
        history: Figures of each epoch of the supervised ranker's training, with
            "epoch"; an epoch may lack some.
        flips: Searches that the rankers answer most differently.
        examples: Searches drawn at random, in the order shown.
        gallery: Maps of the gallery, or None.
        more: Rankers again, with figures that the first table has no room for.
        more_differences: What the last ranker gains over others by these.
        by_box_differences: What other boxes gain over the one that was found.
        by_box_notes: What to keep in mind about ``by_box``, a sentence each.
    """

    title: str
    protocol: str
    notes: tuple[str, ...]
    rankers: tuple[RankerRow, ...]
    differences: tuple[Difference, ...]
    by_box: tuple[RankerRow, ...]
    recall_curves: Mapping[str, tuple[float, ...]]
    history: tuple[Mapping[str, float], ...]
    flips: tuple[Example, ...]
    examples: tuple[Example, ...]
    gallery: GalleryMap | None = None
    more: tuple[RankerRow, ...] = ()
    more_differences: tuple[Difference, ...] = ()
    by_box_differences: tuple[Difference, ...] = ()
    by_box_notes: tuple[str, ...] = ()


def render_comparison(page: ComparisonPage, track: Track = untracked) -> str:
    """The page as HTML in one piece, at most 5 MB; examples beyond are left out.

    Args:
        page: What to show.
        track: Shows progress over the examples.
    """
    gallery = _gallery(page, track)
    taken = len(gallery.html) if gallery else 0
    parts = (
        _introduction(page),
        _figures(page),
        _by_box(page),
        _recall_curves(page),
        _training_curves(page),
        _examples(page, track, taken),
        gallery,
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
    if page.differences:
        explanation += (
            " ▲ and ▼: the interval of the difference excludes 0. p: how likely so "
            "large a difference is between rankers that are alike (paired "
            "randomisation test)."
        )
    if any("recall_of_exact" in row.index for row in page.rankers):
        explanation += (
            f" {LOSS[0].upper()}{LOSS[1:]}: share of the ten nearest neighbours by "
            "exact search that the index does not find, and what recall by the index "
            "is more or less. All other figures are by exact search."
        )
    parts = [
        figure_table(page.rankers, page.differences),
        element("p", {"class": "quiet"}, explanation),
    ]
    if page.more:
        parts.append(
            element(
                "details",
                {},
                element("summary", {}, "All other figures"),
                figure_table(page.more, page.more_differences),
            )
        )
    if any(row.index for row in page.rankers):
        parts += [
            element("h2", {}, "Indexes"),
            index_table(page.rankers),
        ]
    return section("Figures", *parts)


def _by_box(page: ComparisonPage) -> Markup | None:
    if not page.by_box:
        return None
    about = (
        "The same queries cropped by other boxes (predicted: the one that was found; "
        "true: the annotated one; whole: none): what locating wins, and what it costs."
    )
    return section(
        "By box",
        figure_table(page.by_box, page.by_box_differences),
        element("p", {"class": "quiet"}, " ".join((about, *page.by_box_notes))),
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
    about = [element("p", {"class": "quiet"}, text) for text in _about(name)]
    return [element("div", {"class": "card"}, heading, drawn, *about)]


def _about(name: str) -> list[str]:
    return [ABOUT_TRAINING[name]] if name in ABOUT_TRAINING else []


def _gallery(page: ComparisonPage, track: Track) -> Markup | None:
    if page.gallery is None:
        return None
    about = (
        f"{len(page.gallery.tiles)} photographs, drawn at random, the same on every "
        "map: t-SNE of their embeddings, each in a cell of its own near its place. "
        "What a ranker finds alike lies together; longer distances mean little. "
        "The pointer names a photograph and shows it on every map."
    )
    return section(
        "Map of the gallery",
        element("p", {"class": "quiet"}, about),
        draw_gallery_map(page.gallery, _series_numbers(page), track),
    )


def _examples(page: ComparisonPage, track: Track, taken: int) -> Markup | None:
    """Flips and other examples in one piece, so that one limit holds for both."""
    examples = [*page.flips, *page.examples]
    if not examples:
        return None
    headings = {len(page.flips): "Drawn at random: both ends of each list"}
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
    return section("Searches", fit_in_page(cards, len(examples), "examples", taken))


def _example_card(example: Example, order: Mapping[str, int]) -> Markup:
    answers = [
        element(
            "div",
            {"class": series_class(order.get(ranker, 0))},
            element("h3", {"class": "swatch"}, ranker),
            _both_ends(hits, example.farthest[ranker])
            if ranker in example.farthest
            else hit_row(hits, HIT_HEIGHT, wrapped=False, judged=True),
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


def _both_ends(
    closest: tuple[ExampleHit, ...], farthest: tuple[ExampleHit, ...]
) -> Markup:
    return element(
        "div",
        {"class": "ends"},
        element("p", {"class": "quiet"}, "closest"),
        hit_row(closest, SMALL_HEIGHT, wrapped=False, judged=True),
        element("p", {"class": "quiet"}, "farthest"),
        hit_row(farthest, SMALL_HEIGHT, wrapped=False, judged=True, from_end=True),
    )


def _series_numbers(page: ComparisonPage) -> dict[str, int]:
    """Every ranker's colour, the same in tables, curves and examples."""
    names = [*(row.name for row in page.rankers), *page.recall_curves]
    return {name: number for number, name in enumerate(dict.fromkeys(names))}
