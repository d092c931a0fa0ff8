import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import pytest

from tiefvision.evaluation.intervals import Figure
from tiefvision.report.figure_table import (
    LOSS,
    MISSING,
    Difference,
    RankerRow,
    excludes_zero,
    figure_table,
    index_table,
)

BASELINE = RankerRow(
    "baseline",
    "no training",
    {"recall@1": Figure(0.4, 0.3, 0.5), "recall@5": Figure(0.7, 0.6, 0.8)},
    {"recall_of_exact": 0.9984, "embedding": 2304, "bytes": 5_300_000},
)
DEEPRANK = RankerRow(
    "deeprank", "trained", {"recall@1": Figure(0.6, 0.5, 0.7)}, {"embedding": 256}
)


def rows(markup) -> list[list[ElementTree.Element]]:
    return [list(row) for row in ElementTree.fromstring(markup.html).iter("tr")]


def text(cell: ElementTree.Element) -> str:
    return " ".join(cell.itertext())


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
    head, baseline, deeprank = rows(figure_table([BASELINE, DEEPRANK], ()))
    assert [text(cell) for cell in head] == ["ranker", "recall@1", "recall@5", LOSS]
    assert text(baseline[1]) == "0.400 0.300 to 0.500"
    assert text(deeprank[2]) == MISSING
    best = [cell.attrib.get("class") == "best" for cell in (baseline[1], deeprank[1])]
    assert best == [False, True]


@pytest.mark.parametrize(
    ("figure", "state", "shown"),
    [
        (Figure(0.2, 0.1, 0.3), "ahead", "▲ +0.200 +0.100 to +0.300"),
        (Figure(-0.2, -0.3, -0.1), "behind", "▼ -0.200 -0.300 to -0.100"),
        (Figure(0.0, -0.1, 0.1), "", "+0.000 -0.100 to +0.100"),
        (Figure(0.0, 0.0, 0.0), "", "+0.000 +0.000 to +0.000"),
    ],
)
def test_a_difference_is_marked_if_its_interval_excludes_zero(figure, state, shown):
    table = figure_table(
        [BASELINE, DEEPRANK],
        [Difference("deeprank minus cosine", {"recall@1": figure})],
    )
    name, cell, other, loss = rows(table)[-1]
    assert text(name).startswith("deeprank minus cosine")
    assert (cell.attrib["class"], text(cell)) == (state, shown)
    assert (text(other), text(loss)) == (MISSING, "")


def test_a_row_for_each_difference():
    gained = {"recall@1": Figure(0.1, 0.1, 0.1)}
    differences = [Difference("one", gained), Difference("two", gained)]
    table = rows(figure_table([BASELINE, DEEPRANK], differences))
    assert [text(row[0]).split()[0] for row in table[-2:]] == ["one", "two"]
    assert len(table) == 5


def test_the_whisker_shows_the_interval_to_scale():
    cell = rows(figure_table([BASELINE], ()))[1][1]
    bars = {bar.attrib["class"]: bar.attrib for bar in cell.iter("rect")}
    whole = float(bars["track"]["width"])
    assert float(bars["range"]["x"]) / whole == pytest.approx(0.3, abs=0.01)
    assert float(bars["range"]["width"]) / whole == pytest.approx(0.2, abs=0.01)


def test_what_an_index_loses_is_a_column():
    judged = replace(
        BASELINE, index={"recall_of_exact": 0.9984, "recall@1": -0.0125, "recall@10": 0}
    )
    head, baseline, deeprank = rows(figure_table([judged, DEEPRANK], ()))
    assert text(head[-1]) == LOSS
    assert text(baseline[-1]) == "0.2% recall@1 -0.013 recall@10 +0.000"
    assert text(deeprank[-1]) == MISSING
    head, *_ = rows(figure_table([DEEPRANK], ()))
    assert text(head[-1]) == "recall@1"


def test_an_index_is_described_in_units():
    without = RankerRow("random", "", {}, {})
    _, baseline, deeprank = rows(index_table([BASELINE, DEEPRANK, without]))
    assert [text(cell) for cell in baseline[1:]] == ["2,304", "5.3 MB"]
    assert [text(cell) for cell in deeprank[1:]] == ["256", MISSING]


def test_what_is_no_share_is_not_drawn():
    score, share = Figure(40.0, -3.5, 80.0), Figure(0.5, 0.4, 0.6)
    row = RankerRow("any", "", {"score@30": score, "recall@1": share}, {})
    change = Difference("one", {"score@30": score, "recall@1": Figure(0.1, 0.0, 0.2)})
    _, figures, changes = rows(figure_table([row], [change]))
    for name, one, other in (figures, changes):
        drawn = [list(cell.iter("svg")) for cell in (name, one, other)]
        assert [len(pictures) for pictures in drawn] == [0, 0, 1]
    assert text(figures[1]) == "40.000 -3.500 to 80.000"
    # The reach of the whiskers is that of shares alone.
    marks = [bar.attrib["class"] for bar in changes[2].iter("rect")]
    value = [bar for bar in changes[2].iter("rect") if bar.attrib["class"] == "value"]
    assert "zero" in marks and float(value[0].attrib["x"]) == pytest.approx(
        70.8, abs=0.1
    )
