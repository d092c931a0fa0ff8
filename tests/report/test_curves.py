import xml.etree.ElementTree as ElementTree

import pytest

from tiefvision.report.curves import (
    BOTTOM,
    HEIGHT,
    LEFT,
    MAX_DOTS,
    RIGHT,
    TOP,
    WIDTH,
    Curve,
    draw_curves,
    tick_values,
)


def draw(*curves: Curve, **options) -> ElementTree.Element:
    return ElementTree.fromstring(draw_curves(curves, "k", "a <b>", **options).html)


def places(svg: ElementTree.Element) -> list[list[tuple[float, float]]]:
    return [
        [tuple(map(float, pair.split(","))) for pair in line.attrib["points"].split()]
        for line in svg.iter("polyline")
    ]


def texts(svg: ElementTree.Element) -> list[str | None]:
    return [text.text for text in svg.iter("text")]


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.0, 1.0, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (1, 20, [5, 10, 15, 20]),
        (0.41, 0.62, [0.45, 0.5, 0.55, 0.6]),
        (-3.0, 7.0, [-2, 0, 2, 4, 6]),
        (0, 12000, [0, 5000, 10000]),
    ],
)
def test_ticks_are_round_numbers_within_the_range(low, high, expected):
    assert tick_values(low, high) == expected


def test_a_curve_reaches_the_corners_of_its_range():
    svg = draw(Curve("a", ((1, 0.0), (10, 1.0))))
    assert places(svg) == [[(LEFT, HEIGHT - BOTTOM), (WIDTH - RIGHT, TOP)]]
    assert "1" in texts(svg) and "10" in texts(svg) and "k" in texts(svg)


def test_the_range_given_is_shown():
    svg = draw(Curve("a", ((1, 0.5), (2, 0.5))), y_range=(0.0, 1.0))
    middle = (TOP + HEIGHT - BOTTOM) / 2
    assert [y for _, y in places(svg)[0]] == [middle, middle]


def test_points_that_are_not_finite_are_left_out():
    svg = draw(Curve("a", ((1, 0.1), (2, float("nan")), (3, float("inf")), (4, 0.2))))
    assert len(places(svg)[0]) == 2


@pytest.mark.parametrize("value", [0.0, 3.0, -2.0])
def test_a_single_point_is_a_dot_in_the_middle(value):
    (point,) = places(draw(Curve("a", ((0, value),))))[0]
    assert LEFT < point[0] < WIDTH - RIGHT and TOP < point[1] < HEIGHT - BOTTOM


def test_curves_keep_their_colours_and_long_ones_have_no_dots():
    short = Curve("a", ((1, 0.1), (2, 0.2)), series=1)
    long = Curve("b", tuple((x, 0.1) for x in range(MAX_DOTS + 1)), series=3)
    svg = draw(short, long, Curve("c", ()))
    groups = [group for group in svg.iter("g") if group.find("polyline") is not None]
    assert [group.attrib["class"] for group in groups] == ["series-1", "series-3"]
    assert [len(list(group.iter("circle"))) for group in groups] == [2, 0]


def test_a_reference_has_a_style_of_its_own_and_no_dots():
    svg = draw(Curve("a", ((1, 0.1), (2, 0.9))), Curve("b", ((1, 0), (2, 1)), 0, True))
    groups = [group for group in svg.iter("g") if group.find("polyline") is not None]
    assert [group.attrib["class"] for group in groups] == ["series-0", "reference"]
    assert [len(list(group.iter("circle"))) for group in groups] == [2, 0]
