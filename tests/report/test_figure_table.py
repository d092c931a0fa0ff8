from dataclasses import replace

import pytest

from tiefvision.evaluation.intervals import Figure
from tiefvision.report.figure_table import (
    LOSS,
    WHISKER_WIDTH,
    Difference,
    RankerRow,
    excludes_zero,
    figure_table,
    index_table,
)
from tiefvision.report.tables import MISSING, Cell, Row, Table

BASELINE = RankerRow(
    "baseline",
    "no training",
    {"recall@1": Figure(0.4, 0.3, 0.5), "recall@5": Figure(0.7, 0.6, 0.8)},
    {"recall_of_exact": 0.9984, "embedding": 2304, "bytes": 5_300_000},
)
DEEPRANK = RankerRow(
    "deeprank", "trained", {"recall@1": Figure(0.6, 0.5, 0.7)}, {"embedding": 256}
)


def text(cell: Cell) -> str:
    return " ".join((cell.text, *cell.notes))


def texts(row: Row) -> list[str]:
    return [text(cell) for cell in row.cells]


@pytest.mark.parametrize(
    ("difference", "expected"),
    [
        (Figure(0.2, 0.1, 0.3), True),
        (Figure(-0.2, -0.3, -0.1), True),
        (Figure(0.1, 0.0, 0.2), False),
        (Figure(0.0, -0.1, 0.1), False),
    ],
)
def test_an_interval_that_touches_zero_does_not_exclude_it(difference, expected):
    assert excludes_zero(difference) is expected


def test_every_figure_has_its_cell():
    table = figure_table([BASELINE, DEEPRANK], ())
    assert table.columns == ("ranker", "recall@1", "recall@5", LOSS)
    baseline, deeprank = table.rows
    assert (baseline.heading, baseline.note) == ("baseline", "no training")
    assert [row.state for row in table.rows] == ["series-0", "series-11"]
    assert texts(baseline)[0] == "0.400 0.300 to 0.500"
    assert texts(deeprank)[1] == MISSING
    best = [row.cells[0].state == "best" for row in table.rows]
    assert best == [False, True]


@pytest.mark.parametrize(
    ("figure", "state", "shown"),
    [
        (Figure(0.2, 0.1, 0.3), "ahead", "▲ +0.200 +0.100 to +0.300"),
        (Figure(-0.2, -0.3, -0.1), "behind", "▼ -0.200 -0.300 to -0.100"),
        (Figure(0.0, -0.1, 0.1), "", "+0.000 -0.100 to +0.100"),
        (Figure(-0.0002, -0.1, 0.1), "", "+0.000 -0.100 to +0.100"),
        (Figure(0.0, 0.0, 0.0), "", "+0.000 +0.000 to +0.000"),
    ],
)
def test_a_difference_is_marked_if_its_interval_excludes_zero(figure, state, shown):
    difference = Difference("deeprank minus cosine", {"recall@1": figure})
    row = figure_table([BASELINE, DEEPRANK], [difference]).rows[-1]
    assert row.heading == "deeprank minus cosine"
    assert row.cells[0].state == state
    assert texts(row) == [shown, MISSING, ""]


def test_the_interval_by_query_is_shown_by_the_pointer():
    known = RankerRow("known", "", {"recall@1": Figure(0.5, 0.3, 0.7, (0.4, 0.6))}, {})
    gained = Difference("one", {"recall@1": Figure(0.2, 0.1, 0.3, (-0.15, 0.25))})
    ranker, difference = figure_table([known], [gained]).rows
    assert ranker.cells[0].title == "by query 0.400 to 0.600"
    assert difference.cells[0].title == "by query -0.150 to +0.250"
    assert figure_table([DEEPRANK], ()).rows[0].cells[0].title == ""


def test_a_corrected_p_stands_below_p():
    figures = {"recall@1": Figure(0.2, 0.1, 0.3)}
    one = Difference("one", figures, {"recall@1": 0.01}, {"recall@1": 0.03})
    (row,) = figure_table((), [one]).rows
    assert texts(row) == ["▲ +0.200 +0.100 to +0.300 p 0.01 Holm 0.03"]


def test_p_stands_below_its_difference():
    gained = {"recall@1": Figure(0.2, 0.1, 0.3)}
    difference = Difference("one", gained, {"recall@1": 0.0125})
    row = figure_table([BASELINE], [difference]).rows[-1]
    assert row.cells[0].notes == ("+0.100 to +0.300", "p 0.013")


def test_a_row_for_each_difference():
    gained = {"recall@1": Figure(0.1, 0.1, 0.1)}
    differences = [Difference("one", gained), Difference("two", gained)]
    rows = figure_table([BASELINE, DEEPRANK], differences).rows
    assert [row.heading for row in rows] == ["baseline", "deeprank", "one", "two"]


def test_the_whisker_shows_the_interval_to_scale():
    whisker = figure_table([BASELINE], ()).rows[0].cells[0].whisker
    assert whisker.left / WHISKER_WIDTH == pytest.approx(0.3, abs=0.01)
    assert whisker.width / WHISKER_WIDTH == pytest.approx(0.2, abs=0.01)
    assert whisker.value / WHISKER_WIDTH == pytest.approx(0.4, abs=0.01)
    assert not whisker.zero


def test_what_an_index_loses_is_a_column():
    judged = replace(
        BASELINE, index={"recall_of_exact": 0.9984, "recall@1": -0.0125, "recall@10": 0}
    )
    table = figure_table([judged, DEEPRANK], ())
    assert table.columns[-1] == LOSS
    baseline, deeprank = table.rows
    assert texts(baseline)[-1] == "0.2% recall@1 -0.013 recall@10 +0.000"
    assert texts(deeprank)[-1] == MISSING
    assert figure_table([DEEPRANK], ()).columns[-1] == "recall@1"


def test_an_index_is_described_in_units():
    without = RankerRow("random", "", {}, {})
    baseline, deeprank = index_table([BASELINE, DEEPRANK, without]).rows
    assert texts(baseline) == ["2,304", "5.3 MB"]
    assert texts(deeprank) == ["256", MISSING]


def test_what_is_no_share_is_not_drawn():
    score, share = Figure(40.0, -3.5, 80.0), Figure(0.5, 0.4, 0.6)
    row = RankerRow("any", "", {"score@30": score, "recall@1": share}, {})
    change = Difference("one", {"score@30": score, "recall@1": Figure(0.1, 0.0, 0.2)})
    figures, changes = figure_table([row], [change]).rows
    for one, other in (figures.cells, changes.cells):
        assert one.whisker is None and other.whisker is not None
    assert texts(figures)[0] == "40.000 -3.500 to 80.000"
    # The reach of the whiskers is that of shares alone: 0.1 of 0.2 to either side.
    assert changes.cells[1].whisker.zero
    assert changes.cells[1].whisker.value == pytest.approx(72.0, abs=0.1)


def test_a_table_is_written_cell_by_cell(macro):
    whisker = figure_table([BASELINE], ()).rows[0].cells[0].whisker
    cells = (Cell("1 < 2", "best", ("a", "b"), whisker), Cell("", "", share=0.5))
    row = Row("one & all", cells, "series-3", "note", swatch=True)
    card = macro("table", Table(("", "first", "second"), (row,), "numbers"))
    assert [table.attrib["class"] for table in card.iter("table")] == ["numbers"]
    assert [th.findtext("span") or "" for th in card.iter("th")] == [
        "",
        "first",
        "second",
        "one & all",
    ]
    first, second = card.iter("td")
    written = [text.strip() for text in first.itertext() if text.strip()]
    assert written == ["1 < 2", "a", "b"]
    assert first.attrib == {"class": "best"}
    assert second.attrib == {"style": "--share: 0.5"} and not list(second)
    bars = {bar.attrib["class"]: bar.attrib for bar in first.iter("rect")}
    assert list(bars) == ["track", "range", "value"]
    assert float(bars["range"]["x"]) == whisker.left
    assert float(bars["value"]["x"]) + 1.25 == pytest.approx(whisker.value)
