import json

import pytest

from tiefvision.benchmarks.measured import (
    Measured,
    share_goal,
    tables,
    time_goal,
)


def test_a_goal_is_met_up_to_its_value():
    assert share_goal(0.95, 0.95).met
    assert not share_goal(0.949, 0.95).met
    assert share_goal(0.5, 0.95).text == "95%"
    assert time_goal(0.06, 0.06).met
    assert not time_goal(0.061, 0.06).met
    assert time_goal(1.0, 0.015).text == "15 ms"


def test_heading_and_step():
    row = Measured("locating, a b: all of it", "", 0.5)
    assert (row.heading, row.step) == ("locating, a b", "all of it")


def test_rows_of_a_heading_become_a_table_without_empty_columns():
    rows = [
        Measured("one: a", "float32", 0.5, 2.0, "GFLOP/s", share=0.9),
        Measured("one: b", "float32", 0.25, 4.0, "GFLOP/s", note="remark"),
        Measured("two: c", "", 0.0104, goal=time_goal(0.0104, 0.01)),
    ]
    first, second = tables(rows)
    assert first.heading == "one"
    assert first.columns == ("work", "format", "ms", "GFLOP/s", "of limit")
    assert first.rows == [
        ("a", "float32", "500.0", "2.0", "90%"),
        ("b", "float32", "250.0", "4.0", ""),
    ]
    assert first.notes == ["b: remark."]
    assert second.columns == ("work", "ms", "goal", "met")
    assert second.rows == [("c", "10.4", "10 ms", "no")]


def test_rates_of_several_units_have_them_in_their_cells():
    rows = [
        Measured("one: a", "", 1.0, 2.0, "GB/s"),
        Measured("one: b", "", 1.0, 3.0, "GFLOP/s"),
        Measured("one: c", "", 1.0),
    ]
    (table,) = tables(rows)
    assert table.columns == ("work", "ms", "rate")
    assert [row[2] for row in table.rows] == ["2.0 GB/s", "3.0 GFLOP/s", ""]


def test_comparisons_are_told_as_factors():
    row = Measured("e: s", "float32", 1.0, over_eager=2.25, over_crops=153.4)
    (table,) = tables([row])
    assert dict(zip(table.columns, table.rows[0], strict=True)) == {
        "work": "s",
        "format": "float32",
        "ms": "1000.0",
        "over eager": "2.2 x",
        "over crops": "153 x",
    }


@pytest.mark.parametrize("goal", [None, time_goal(0.5, 1.0)])
def test_a_row_can_be_read_from_json(goal):
    row = Measured("a: b", "float32", 0.5, 2.0, "GB/s", goal=goal)
    read = json.loads(json.dumps(row.to_dict()))
    assert read["goal"] == ({"text": "1000 ms", "met": True} if goal else None)
    assert (read["work"], read["seconds"], read["rate"]) == ("a: b", 0.5, 2.0)
