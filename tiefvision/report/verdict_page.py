"""The page that judges a locator: figures, scores, confusions, worst photographs."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tiefvision.evaluation.confusion import NOT_FOUND, NOTHING_THERE, Confusion
from tiefvision.evaluation.detection import CategoryFigures, MeanFigures
from tiefvision.evaluation.reliability import Bin, expected_calibration_error
from tiefvision.report.curves import Curve, draw_curves
from tiefvision.report.figure_table import MISSING
from tiefvision.report.locating_page import LEAD
from tiefvision.report.markup import (
    Markup,
    element,
    fit_in_page,
    join,
    legend,
    render_page,
    section,
)

TITLE = "How well garments are located"

COLUMNS = {
    "photographs": "photographs",
    "mean_iou": "IoU",
    "over_half": "IoU over 0.5",
    "mean_box_iou": "mean box: IoU",
    "mean_box_over_half": "mean box: IoU over 0.5",
    "ap50": "AP50",
    "ap50_95": "AP50:95",
    "false_alarms": "false alarms",
}
"""Figures of a category that the table shows, with their headings."""

ABOUT_FIGURES = (
    "IoU: of each garment with the best box of its category, 0 where there is none; "
    "mean box: what the mean box of the training photographs would get. AP: average "
    "precision as COCO computes it. False alarms: the share of photographs without the "
    "category in which it was found."
)

PER_CENT = 100


@dataclass(frozen=True)
class VerdictPage:
    """All that the page shows; whatever is empty is left out.

    Attributes:
        lead: What was judged, in words.
        figures: Of each category of the test split.
        means: Of these categories.
        windows: What to the recall by so many windows.
        reliability: Name of a split to its curve.
        confusion: Of the boxes that are told.
        threshold: The score from which on they are.
        worst: What was located to the cards of ``photo_card``, the worst first.
    """

    lead: str
    figures: Sequence[CategoryFigures]
    means: MeanFigures
    windows: Mapping[str, Mapping[str, float]]
    reliability: Mapping[str, tuple[Bin, ...]]
    confusion: Confusion
    threshold: float
    worst: Mapping[str, Sequence[Markup]]


def render_verdict(page: VerdictPage) -> str:
    """The page as HTML in one piece, at most 5 MB; it says what is left out."""
    parts = (
        element("p", {"class": "lead"}, page.lead),
        _figures(page.figures, page.means),
        _windows(page.windows),
        _reliability(page.reliability),
        _confusion(page.confusion, page.threshold),
        _worst(page.worst),
    )
    return render_page(TITLE, *(part for part in parts if part is not None))


def _figures(figures: Sequence[CategoryFigures], means: MeanFigures) -> Markup | None:
    if not figures:
        return None
    rows = [_figures_row(one.category, one) for one in figures]
    if means.categories > 1:
        mean = _figures_row(f"mean of {means.categories} categories", means)
        rows.append(mean)
    table = _table("numbers", ["category", *COLUMNS.values()], rows)
    about = element("p", {"class": "quiet"}, ABOUT_FIGURES)
    return section("Test split by category", table, about)


def _figures_row(name: str, figures: CategoryFigures | MeanFigures) -> Markup:
    values = [_number(getattr(figures, column, None)) for column in COLUMNS]
    cells = (element("td", {}, value) for value in values)
    kind = "summary" if isinstance(figures, MeanFigures) else ""
    return element("tr", {"class": kind}, _row_heading(name), *cells)


def _windows(recalls: Mapping[str, Mapping[str, float]]) -> Markup | None:
    if not recalls:
        return None
    counts = list(next(iter(recalls.values())))
    rows = [
        element(
            "tr",
            {},
            _row_heading(name),
            *(element("td", {}, _number(by_count[count])) for count in counts),
        )
        for name, by_count in recalls.items()
    ]
    about = (
        "Share of what is there that one of so many windows, those surest of its "
        "category, overlaps by an IoU of 0.5 or more before they vote."
    )
    return section(
        "Recall at a number of windows",
        _table("numbers", ["", *counts], rows),
        element("p", {"class": "quiet"}, about),
    )


def _reliability(curves: Mapping[str, tuple[Bin, ...]]) -> Markup | None:
    known = {name: bins for name, bins in curves.items() if bins}
    if not known:
        return None
    names = {
        f"{name}, off by {expected_calibration_error(bins):.1%}": number
        for number, (name, bins) in enumerate(known.items())
    }
    drawn = [
        Curve(
            name,
            tuple(
                (PER_CENT * one.mean_score, PER_CENT * one.right.value) for one in bins
            ),
            number,
        )
        for (name, number), bins in zip(names.items(), known.values(), strict=True)
    ]
    ends = (0.0, 0.0), (float(PER_CENT), float(PER_CENT))
    chart = draw_curves(
        [Curve("score = share", ends, reference=True), *drawn],
        "score, %",
        "share of right boxes in per cent over their score in per cent",
    )
    about = (
        "Percentage of right boxes (IoU 0.5 or more, and the category) in each tenth "
        "of the score. On the dashed line a score is as good as its word; beside the "
        "name of a split is the mean distance from it."
    )
    card = element(
        "div",
        {"class": "card"},
        legend(names),
        chart,
        element("p", {"class": "quiet"}, about),
    )
    return section("Scores", element("div", {"class": "charts"}, card))


def _confusion(confusion: Confusion, threshold: float) -> Markup | None:
    if confusion.rows == (NOTHING_THERE,):
        return None
    rows = [
        _confusion_row(name, confusion.columns, counts)
        for name, counts in zip(confusion.rows, confusion.counts.tolist(), strict=True)
    ]
    about = (
        f"Rows: what is there. Columns: what boxes of score {threshold:.2f} or more "
        "call it. Outlined: rightly. The stronger the "
        "colour, the larger the share of the row."
    )
    table = _table("confusion", ["", *confusion.columns], rows)
    return section(
        "What is taken for what", element("p", {"class": "quiet"}, about), table
    )


def _confusion_row(name: str, columns: Sequence[str], counts: Sequence[int]) -> Markup:
    total = sum(counts)
    cells = [
        _confusion_cell(name, column, count, total)
        for column, count in zip(columns, counts, strict=True)
    ]
    return element("tr", {}, _row_heading(name), *cells)


def _confusion_cell(row: str, column: str, count: int, total: int) -> Markup:
    """A count on a ground as strong as its share of the row is large."""
    if (row, column) == (NOTHING_THERE, NOT_FOUND):
        return element("td", {"class": "void"})
    attributes = {"style": f"--share: {count / max(total, 1):.3f}"}
    if row == column:
        attributes["class"] = "agreed"
    if not count:
        return element("td", attributes)
    attributes["title"] = f"{row}, {column}: {count} of {total}"
    return element("td", attributes, str(count))


def _worst(worst: Mapping[str, Sequence[Markup]]) -> Markup | None:
    """All cards in one piece, so that one limit holds for them together."""
    headed = [
        card if number else join([element("h3", {}, heading), card])
        for heading, cards in worst.items()
        for number, card in enumerate(cards)
    ]
    if not headed:
        return None
    lead = element("p", {"class": "quiet"}, LEAD)
    cards = fit_in_page(headed, len(headed), "photographs")
    return section("Located worst", lead, cards)


def _table(kind: str, columns: Sequence[str], rows: Iterable[Markup]) -> Markup:
    # The text of a heading is in an element of its own, which can be turned.
    headings = [
        element("th", {"scope": "col"}, element("span", {}, name)) for name in columns
    ]
    head = element("thead", {}, element("tr", {}, *headings))
    table = element("table", {"class": kind}, head, element("tbody", {}, *rows))
    return element("div", {"class": "card wide"}, table)


def _row_heading(name: str) -> Markup:
    return element("th", {"scope": "row"}, name)


def _number(value: float | int | None) -> str:
    if value is None:
        return MISSING
    return str(value) if isinstance(value, int) else f"{value:.3f}"
