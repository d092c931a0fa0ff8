import pytest

from tiefvision.report.curves import (
    BOTTOM,
    DIGIT,
    GAP,
    HEIGHT,
    LEFT,
    MAX_DOTS,
    RIGHT,
    TOP,
    WIDTH,
    Chart,
    Curve,
    chart_of,
    tick_values,
    with_legend,
)


def draw(*curves: Curve, **options) -> Chart:
    return chart_of(curves, "k", "a <b>", **options)


def places(chart: Chart) -> list[list[tuple[float, float]]]:
    return [
        [tuple(map(float, pair.split(","))) for pair in line.points.split()]
        for line in chart.lines
    ]


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
    chart = draw(Curve("a", ((1, 0.0), (10, 1.0))))
    assert places(chart) == [[(LEFT, HEIGHT - BOTTOM), (WIDTH - RIGHT, TOP)]]
    ends = {tick.label: tick.place for tick in chart.x_ticks}
    assert (ends["1"], ends["10"]) == (chart.left, chart.right)
    heights = {tick.label: tick.place for tick in chart.y_ticks}
    assert (heights["0"], heights["1"]) == (chart.bottom, TOP)


def test_long_numbers_beside_the_axis_have_room():
    chart = draw(Curve("a", ((0, 0.89362), (1, 0.89451))))
    assert "0.8944" in [tick.label for tick in chart.y_ticks]
    assert chart.left == GAP + 6 * DIGIT > LEFT
    assert places(chart)[0][0][0] == chart.x_ticks[0].place == chart.left
    assert places(chart)[0][1][0] == chart.right


def test_the_range_given_is_shown():
    chart = draw(Curve("a", ((1, 0.5), (2, 0.5))), y_range=(0.0, 1.0))
    middle = (TOP + HEIGHT - BOTTOM) / 2
    assert [y for _, y in places(chart)[0]] == [middle, middle]


def test_points_that_are_not_finite_are_left_out():
    points = (1, 0.1), (2, float("nan")), (3, float("inf")), (4, 0.2)
    assert len(places(draw(Curve("a", points)))[0]) == 2


@pytest.mark.parametrize("value", [0.0, 3.0, -2.0])
def test_a_single_point_is_a_dot_in_the_middle(value):
    (point,) = places(draw(Curve("a", ((0, value),))))[0]
    assert LEFT < point[0] < WIDTH - RIGHT and TOP < point[1] < HEIGHT - BOTTOM


def test_curves_keep_their_colours_and_long_ones_have_no_dots():
    short = Curve("a", ((1, 0.1), (2, 0.2)), state="series-1")
    long = Curve("b", tuple((x, 0.1) for x in range(MAX_DOTS + 1)), state="series-3")
    lines = draw(short, long, Curve("c", ())).lines
    assert [line.state for line in lines] == ["series-1", "series-3"]
    assert [len(line.dots) for line in lines] == [2, 0]


def test_a_reference_has_a_style_of_its_own_and_no_dots():
    curves = Curve("a", ((1, 0.1), (2, 0.9))), Curve("b", ((1, 0), (2, 1)), 0, True)
    chart = draw(*curves)
    assert [line.state for line in chart.lines] == ["series-0", "reference"]
    assert [len(line.dots) for line in chart.lines] == [2, 0]
    assert [entry.name for entry in with_legend(curves, chart).legend] == ["a"]


def test_a_chart_is_drawn_as_it_is_described(macro):
    chart = draw(Curve("a <i>", ((1, 0.0), (10, 1.0)), state="series-2"))
    svg = macro("chart", chart)
    assert svg.attrib["aria-label"] == "a <b>"
    (line,) = svg.iter("polyline")
    assert line.attrib["points"] == chart.lines[0].points
    dots = [(dot.attrib["cx"], dot.attrib["cy"]) for dot in svg.iter("circle")]
    assert dots == [(str(dot.x), str(dot.y)) for dot in chart.lines[0].dots]
    titles = [title.text for title in svg.iter("title")]
    assert titles == ["a <i>, k 1: 0.000", "a <i>, k 10: 1.000"]
    labels = [tick.label for tick in (*chart.y_ticks, *chart.x_ticks)]
    assert [text.text for text in svg.iter("text")] == [*labels, "k"]
    grid = [text.attrib["y1"] for text in svg.iter("line")]
    assert grid == [str(tick.place) for tick in chart.y_ticks]
