import re

import numpy as np
import pytest

from tiefvision.evaluation.confusion import NOT_FOUND, NOTHING_THERE, Confusion
from tiefvision.evaluation.detection import CategoryFigures, mean_over_categories
from tiefvision.evaluation.intervals import Figure
from tiefvision.evaluation.reliability import Bin
from tiefvision.report.markup import MAX_PAGE_BYTES, Markup
from tiefvision.report.tables import MISSING
from tiefvision.report.verdict_page import COLUMNS, VerdictPage, render_verdict

COAT = CategoryFigures("coat", 70, 60, 0.81, 0.62, 0.53, 0.74, 0.95, 0.36, 0.27, 0.048)
DRESS = CategoryFigures("dress", 9, 8, 0.41, 0.2, 0.13, 0.5, 0.6, 0.3, 0.2, None)
COUNTS = np.array([[6, 2, 0], [0, 0, 0], [1, 3, 0]])
CONFUSION = Confusion(
    ("coat", "dress", NOTHING_THERE), ("coat", "dress", NOT_FOUND), COUNTS
)
NOTHING = Confusion((NOTHING_THERE,), (NOT_FOUND,), np.zeros((1, 1), np.int64))
CURVE = (Bin(0.2, Figure(0.1, 0.0, 0.2), 30), Bin(0.8, Figure(0.9, 0.8, 1.0), 10))


def page_of(
    figures=(COAT, DRESS),
    reliability=None,
    confusion=CONFUSION,
    worst=None,
    lead="L.",
    windows=None,
):
    means = mean_over_categories(figures, 1)
    return render_verdict(
        VerdictPage(
            lead,
            figures,
            means,
            windows or {},
            reliability or {},
            confusion,
            0.5,
            worst or {},
        )
    )


def rows_of(page, kind):
    """The texts of the cells of a table, row by row."""
    (table,) = re.findall(f'<table class="{kind}">(.*?)</table>', page, re.DOTALL)
    return [
        [
            re.sub("<[^>]*>", "", cell)
            for cell in re.findall(r"<t[hd]\b.*?</t[hd]>", row)
        ]
        for row in re.findall("<tr.*?</tr>", table, re.DOTALL)
    ]


def test_the_figures_of_every_category_stand_under_their_headings(parse):
    page = page_of(lead="Nine photographs.")
    assert "Nine photographs." in parse(page).text
    head, coat, dress, mean = rows_of(page, "numbers")
    assert head == ["category", *COLUMNS.values()]
    values = dict(zip(["category", *COLUMNS], coat, strict=True))
    assert values == {
        "category": "coat",
        "photographs": "60",
        "mean_iou": "0.740",
        "over_half": "0.950",
        "mean_box_iou": "0.360",
        "mean_box_over_half": "0.270",
        "ap50": "0.810",
        "ap50_95": "0.530",
        "false_alarms": "0.048",
    }
    assert dress[-1] == MISSING
    assert mean[0] == "mean of 2 categories"
    assert mean[head.index("AP50")] == "0.610"
    assert mean[head.index("photographs")] == MISSING


def test_recall_stands_under_the_number_of_windows():
    windows = {"outfit": {"1": 0.5, "10": 0.75}, "garments": {"1": 0.25, "10": 1.0}}
    assert rows_of(page_of((), windows=windows), "numbers") == [
        ["", "1", "10"],
        ["outfit", "0.500", "0.750"],
        ["garments", "0.250", "1.000"],
    ]


def test_one_category_needs_no_mean():
    assert [row[0] for row in rows_of(page_of([DRESS]), "numbers")] == [
        "category",
        "dress",
    ]


def test_the_confusions_are_shaded_by_their_share_of_the_row(parse):
    page = page_of()
    parse(page)
    assert rows_of(page, "confusion") == [
        ["", "coat", "dress", NOT_FOUND],
        ["coat", "6", "2", ""],
        ["dress", "", "", ""],
        [NOTHING_THERE, "1", "3", ""],
    ]
    cells = re.findall(r'<td( class="agreed")? style="--share: ([\d.]+)"', page)
    assert [float(share) for _, share in cells] == [0.75, 0.25, 0, 0, 0, 0, 0.25, 0.75]
    # The diagonal, but for its end: there nothing can be right.
    assert [number for number, (agreed, _) in enumerate(cells) if agreed] == [0, 4]
    assert page.count('class="void"') == 1
    assert 'title="coat, dress: 2 of 8"' in page
    assert "score 0.50 or more" in page


def test_the_reliability_of_every_split_lies_beside_the_diagonal(parse):
    page = page_of(reliability={"val": CURVE, "test": CURVE[:1], "empty": ()})
    text = parse(page).text
    # 30 boxes of 40 are 0.1 off, and so are the others.
    assert "val, off by 10.0%" in text and "test, off by 10.0%" in text
    assert "empty" not in text
    assert page.count("<circle") == 3
    (diagonal,) = re.findall(
        '<g class="reference"><polyline points="(.*?),(.*?) (.*?),(.*?)"/>', page
    )
    left, bottom, right, top = map(float, diagonal)
    circles = re.findall(r'<circle cx="([\d.]+)" cy="([\d.]+)"', page)
    places = [((float(x) - left) / (right - left), float(y)) for x, y in circles]
    assert [x for x, _ in places] == pytest.approx([0.2, 0.8, 0.2], abs=2e-3)
    shares = [(bottom - y) / (bottom - top) for _, y in places]
    assert shares == pytest.approx([0.1, 0.9, 0.1], abs=2e-3)


def test_the_worst_stand_under_their_headings_in_order(parse):
    card = Markup("<article>first outfit</article>")
    worst = {
        "Outfits": [card, Markup("<article>second outfit</article>")],
        "Garments": [Markup("<article>first garment</article>")],
        "Nobody's": [],
    }
    text = parse(page_of(worst=worst)).text
    shown = ["Outfits", "first outfit", "second outfit", "Garments", "first garment"]
    places = [text.index(words) for words in shown]
    assert places == sorted(places)
    assert text.count("Outfits") == 1 and "Nobody's" not in text
    assert "windows that voted" in text  # what the panels are


def test_one_limit_holds_for_all_photographs_together(parse):
    card = Markup("x" * (MAX_PAGE_BYTES // 3))
    page = page_of(worst={"Outfits": [card] * 2, "Garments": [card] * 2})
    assert "Left out to keep this page small: 2 of 4 photographs." in parse(page).text
    assert len(page.encode()) < 5_000_000


def test_what_is_empty_is_left_out(parse):
    page = parse(page_of((), {"val": ()}, NOTHING, {"Outfits": []}))
    assert "h2" not in page.tags and "table" not in page.tags


def test_hostile_names_stay_text(parse):
    hostile = "\"'><script>alert(1)</script>"
    figures = CategoryFigures(hostile, 1, 1, *[None] * 8)
    names = (hostile, NOTHING_THERE), (hostile, NOT_FOUND)
    confusion = Confusion(*names, np.ones((2, 2), np.int64))
    page = page_of([figures], {hostile: CURVE}, confusion, {hostile: [Markup("")]})
    # Figures, legend, the titles of two dots, row and column of the table, a heading.
    assert parse(page).text.count(hostile) == 7
