"""View models of charts: curves as inline SVG that takes its colours from the page."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tiefvision.report.colours import series_class

WIDTH, HEIGHT = 400, 240
"""Size of the drawing in its own units: near the pixels it gets on a page, so that
letters keep their size."""

LEFT, RIGHT, TOP, BOTTOM = 46, 14, 12, 40
"""Least margins in the same units: room for the numbers and the name of the x axis."""

DIGIT, GAP = 7, 12
"""Width of a digit beside the y axis, and of what is beside them, in the same units."""

TICKS = 5
"""Numbers along an axis, about."""

MAX_DOTS = 60
"""A curve of more points is drawn without a dot on each."""

Range = tuple[float, float]


@dataclass(frozen=True)
class Curve:
    """A named line.

    Attributes:
        name: name of the curve in the legend.
        points: (x, y), ascending in x; points that are not finite are not drawn.
        state: CSS class of the curve's colour.
        reference: whether other curves are compared with this one; it is drawn dashed,
            grey and without dots.
    """

    name: str
    points: tuple[tuple[float, float], ...]
    state: str = series_class(0)
    reference: bool = False

    @property
    def drawn(self) -> tuple[tuple[float, float], ...]:
        """The points that can be drawn."""
        return tuple(point for point in self.points if all(map(math.isfinite, point)))


@dataclass(frozen=True)
class Tick:
    """A number along an axis: its place on the drawing, and its text."""

    place: float
    label: str


@dataclass(frozen=True)
class Dot:
    """A point of a curve.

    Attributes:
        x: place from the left of the drawing.
        y: place from the top of the drawing.
        title: what the pointer shows.
    """

    x: float
    y: float
    title: str


@dataclass(frozen=True)
class Line:
    """A curve as it is drawn.

    Attributes:
        state: CSS class.
        points: "x,y" of each point, separated by spaces.
        dots: the points that are marked.
    """

    state: str
    points: str
    dots: tuple[Dot, ...]


@dataclass(frozen=True)
class Chart:
    """Curves in a frame; all places in units of the drawing, from its upper left.

    Attributes:
        description: the chart in words, for readers who do not see it.
        axis: name of the x axis.
        x_ticks: numbers along the x axis.
        y_ticks: numbers along the y axis.
        lines: the curves, the last on top.
        width: width of the drawing.
        height: height of the drawing.
        left: left end of the frame.
        right: right end of the frame.
        bottom: lower end of the frame.
    """

    description: str
    axis: str
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    lines: tuple[Line, ...]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    bottom: int = HEIGHT - BOTTOM


@dataclass(frozen=True)
class LegendEntry:
    """A name beside a colour, which the CSS class ``state`` gives."""

    name: str
    state: str


@dataclass(frozen=True)
class CurveCard:
    """A chart of several curves under the names of their colours."""

    legend: tuple[LegendEntry, ...]
    chart: Chart


def with_legend(curves: Sequence[Curve], chart: Chart) -> CurveCard:
    """A chart under the names of its curves; a reference is not named."""
    named = [curve for curve in curves if not curve.reference]
    return CurveCard(tuple(LegendEntry(one.name, one.state) for one in named), chart)


def chart_of(
    curves: Sequence[Curve], axis: str, description: str, y_range: Range | None = None
) -> Chart:
    """Curves over whole numbers such as epochs or k.

    Args:
        curves: the curves, of which at least one has a point that can be drawn.
        axis: name of the x axis.
        description: the chart in words, for readers who do not see it.
        y_range: least extent of the y axis; without it, the extent of the curves.
    """
    points = [point for curve in curves for point in curve.drawn]
    xs = [x for x, _ in points]
    ys = [y for _, y in points] + list(y_range or ())
    x_range, y_range = _widen(min(xs), max(xs)), _widen(min(ys), max(ys))
    x_ticks = [tick for tick in tick_values(*x_range) if tick == int(tick)]
    if min(xs) == 1:
        x_ticks = sorted({1.0, *x_ticks})  # recall@1 is what most readers look for
    y_ticks = [
        Tick(_y(value, y_range), f"{value:g}") for value in tick_values(*y_range)
    ]
    left = max(LEFT, *(GAP + DIGIT * len(tick.label) for tick in y_ticks))

    def place(x: float, y: float) -> tuple[float, float]:
        return _x(x, x_range, left), _y(y, y_range)

    return Chart(
        description,
        axis,
        tuple(Tick(_x(value, x_range, left), f"{value:g}") for value in x_ticks),
        tuple(y_ticks),
        tuple(_line(curve, place, axis) for curve in curves if curve.drawn),
        left=left,
    )


def tick_values(low: float, high: float) -> list[float]:
    """Round numbers within a range of some width: steps of 1, 2 or 5 times a power.

    >>> tick_values(0.0, 1.0)
    [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    """
    rough = (high - low) / TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough)
    # A hair wider, so that rounding does not lose the ends.
    first, last = math.ceil(low / step - 1e-6), math.floor(high / step + 1e-6)
    digits = max(0, 1 - math.floor(math.log10(step)))
    return [round(number * step, digits) for number in range(first, last + 1)]


def _widen(low: float, high: float) -> Range:
    """A range of some width around a single value, else as it is."""
    if high > low:
        return low, high
    around = abs(low) / 2 or 1.0
    return low - around, high + around


def _x(value: float, x_range: Range, left: int) -> float:
    share = (value - x_range[0]) / (x_range[1] - x_range[0])
    return round(left + share * (WIDTH - left - RIGHT), 1)


def _y(value: float, y_range: Range) -> float:
    share = (value - y_range[0]) / (y_range[1] - y_range[0])
    return round(HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM), 1)


def _line(
    curve: Curve, place: Callable[[float, float], tuple[float, float]], axis: str
) -> Line:
    places = [place(x, y) for x, y in curve.drawn]
    points = " ".join(f"{x},{y}" for x, y in places)
    if curve.reference:
        return Line("reference", points, ())
    dots = tuple(
        Dot(left, top, f"{curve.name}, {axis} {x:g}: {y:.3f}")
        for (x, y), (left, top) in zip(curve.drawn, places, strict=True)
    )
    return Line(curve.state, points, dots if len(dots) <= MAX_DOTS else ())
