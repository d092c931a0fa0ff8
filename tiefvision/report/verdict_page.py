"""The page that judges a locator: figures, scores, confusions, worst photographs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tiefvision.evaluation.confusion import NOT_FOUND, NOTHING_THERE, Confusion
from tiefvision.evaluation.detection import CategoryFigures, MeanFigures
from tiefvision.evaluation.reliability import Bin, expected_calibration_error
from tiefvision.report.colours import series_class
from tiefvision.report.curves import Curve, CurveCard, chart_of, with_legend
from tiefvision.report.locating_page import LEAD
from tiefvision.report.markup import Fitted, Markup, fit_in_page, render, render_page
from tiefvision.report.tables import MISSING, Cell, Row, Table

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

PER_CENT = 100


@dataclass(frozen=True)
class VerdictPage:
    """All that the page shows; whatever is empty is left out.

    Attributes:
        lead: what was judged, in words.
        figures: figures of each category of the test split.
        means: means of these figures over the categories.
        windows: per name of what is looked for, recall by number of windows.
        reliability: per name of a split, its reliability curve.
        confusion: confusions of the boxes from ``threshold`` on.
        threshold: score from which on boxes are best believed, by the validation split.
        worst: per heading, cards that ``photo_card`` made, the worst first.
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
    return render_page(
        "verdict",
        title=TITLE,
        lead=page.lead,
        figures=_figures(page.figures, page.means),
        windows=_windows(page.windows),
        reliability=_reliability(page.reliability),
        confusion=_confusion(page.confusion),
        threshold=f"{page.threshold:.2f}",
        about_cards=LEAD,
        worst=_worst(page.worst),
    )


def _figures(figures: Sequence[CategoryFigures], means: MeanFigures) -> Table | None:
    if not figures:
        return None
    rows = [_figures_row(one.category, one) for one in figures]
    if means.categories > 1:
        rows.append(_figures_row(f"mean of {means.categories} categories", means))
    return Table(("category", *COLUMNS.values()), tuple(rows), "numbers")


def _figures_row(name: str, figures: CategoryFigures | MeanFigures) -> Row:
    cells = tuple(_number(getattr(figures, column, None)) for column in COLUMNS)
    return Row(name, cells, "summary" if isinstance(figures, MeanFigures) else "")


def _windows(recalls: Mapping[str, Mapping[str, float]]) -> Table | None:
    if not recalls:
        return None
    counts = tuple(next(iter(recalls.values())))
    rows = (
        Row(name, tuple(_number(by_count[count]) for count in counts))
        for name, by_count in recalls.items()
    )
    return Table(("", *counts), tuple(rows), "numbers")


def _reliability(curves: Mapping[str, tuple[Bin, ...]]) -> CurveCard | None:
    known = {name: bins for name, bins in curves.items() if bins}
    if not known:
        return None
    ends = (0.0, 0.0), (float(PER_CENT), float(PER_CENT))
    drawn = [
        Curve("score = share", ends, reference=True),
        *(
            Curve(
                f"{name}, off by {expected_calibration_error(bins):.1%}",
                tuple(
                    (PER_CENT * one.mean_score, PER_CENT * one.right.value)
                    for one in bins
                ),
                series_class(number),
            )
            for number, (name, bins) in enumerate(known.items())
        ),
    ]
    about = "share of right boxes in per cent over their score in per cent"
    return with_legend(drawn, chart_of(drawn, "score, %", about))


def _confusion(confusion: Confusion) -> Table | None:
    if confusion.rows == (NOTHING_THERE,):
        return None
    rows = (
        Row(
            name,
            tuple(
                _confusion_cell(name, column, count, sum(counts))
                for column, count in zip(confusion.columns, counts, strict=True)
            ),
        )
        for name, counts in zip(confusion.rows, confusion.counts.tolist(), strict=True)
    )
    return Table(("", *confusion.columns), tuple(rows), "confusion")


def _confusion_cell(row: str, column: str, count: int, total: int) -> Cell:
    """A count on a ground as strong as its share of the row is large."""
    if (row, column) == (NOTHING_THERE, NOT_FOUND):
        return Cell("", "void")
    return Cell(
        str(count) if count else "",
        "agreed" if row == column else "",
        share=round(count / max(total, 1), 3),
        title=f"{row}, {column}: {count} of {total}" if count else "",
    )


def _worst(worst: Mapping[str, Sequence[Markup]]) -> Fitted:
    """All cards together, so that one limit holds for them."""
    headed = [
        card if number else render("headed_card", heading=heading, card=card)
        for heading, cards in worst.items()
        for number, card in enumerate(cards)
    ]
    return fit_in_page(headed, len(headed), "photographs")


def _number(value: float | int | None) -> Cell:
    if value is None:
        return Cell(MISSING)
    return Cell(str(value) if isinstance(value, int) else f"{value:.3f}")
