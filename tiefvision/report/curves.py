"""Curves as inline SVG that takes its colours from the page."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tiefvision.report.markup import Markup, element, series_class

WIDTH, HEIGHT = 400, 240
"""Units of the drawing: near the pixels it gets, so that letters keep their size."""

LEFT, RIGHT, TOP, BOTTOM = 46, 14, 12, 40
"""Margins in the same units: room for the numbers and the name of the x axis."""

TICKS = 5
"""Numbers along an axis, about."""

MAX_DOTS = 60
"""A curve of more points is drawn without a dot on each."""

Range = tuple[float, float]


@dataclass(frozen=True)
class Curve:
    """A named line.

    Attributes:
        name: As in the legend.
        points: (x, y), ascending in x; those that are not finite are left out.
        series: Number of its colour.
        reference: What the others are held against; drawn dashed, without dots and in
            no colour.
    """

    name: str
    points: tuple[tuple[float, float], ...]
    series: int = 0
    reference: bool = False

    @property
    def drawn(self) -> tuple[tuple[float, float], ...]:
        """The points that can be drawn."""
        return tuple(point for point in self.points if all(map(math.isfinite, point)))


def draw_curves(
    curves: Sequence[Curve], axis: str, description: str, y_range: Range | None = None
) -> Markup:
    """Curves over whole numbers such as epochs or k.

    Args:
        curves: At least one of them with a point.
        axis: Name of the x axis.
        description: For readers who do not see the picture.
        y_range: What the y axis shows at least; otherwise what the curves take.
    """
    points = [point for curve in curves for point in curve.drawn]
    xs = [x for x, _ in points]
    ys = [y for _, y in points] + list(y_range or ())
    x_range, y_range = _widen(min(xs), max(xs)), _widen(min(ys), max(ys))
    x_ticks = [tick for tick in tick_values(*x_range) if tick == int(tick)]
    if min(xs) == 1:
        x_ticks = sorted({1.0, *x_ticks})  # recall@1 is what most readers look for
    return element(
        "svg",
        {
            "class": "chart",
            "viewBox": f"0 0 {WIDTH} {HEIGHT}",
            "role": "img",
            "aria-label": description,
        },
        *(_y_tick(value, y_range) for value in tick_values(*y_range)),
        *(_x_tick(value, x_range) for value in x_ticks),
        _text(axis, (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 6, "middle"),
        *(_line(curve, x_range, y_range, axis) for curve in curves if curve.drawn),
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


def _x(value: float, x_range: Range) -> float:
    share = (value - x_range[0]) / (x_range[1] - x_range[0])
    return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)


def _y(value: float, y_range: Range) -> float:
    share = (value - y_range[0]) / (y_range[1] - y_range[0])
    return round(HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM), 1)


def _y_tick(value: float, y_range: Range) -> Markup:
    y = _y(value, y_range)
    ends = {"x1": LEFT, "x2": WIDTH - RIGHT, "y1": y, "y2": y}
    line = element("line", {"class": "grid", **ends})
    return element("g", {}, line, _text(f"{value:g}", LEFT - 8, y + 4, "end"))


def _x_tick(value: float, x_range: Range) -> Markup:
    return _text(f"{value:g}", _x(value, x_range), HEIGHT - BOTTOM + 17, "middle")


def _text(text: str, x: float, y: float, anchor: str) -> Markup:
    return element("text", {"x": x, "y": y, "text-anchor": anchor}, text)


def _line(curve: Curve, x_range: Range, y_range: Range, axis: str) -> Markup:
    places = [(_x(x, x_range), _y(y, y_range)) for x, y in curve.drawn]
    line = element("polyline", {"points": " ".join(f"{x},{y}" for x, y in places)})
    if curve.reference:
        return element("g", {"class": "reference"}, line)
    dots = [
        element(
            "circle",
            {"cx": left, "cy": top, "r": 3.2},
            element("title", {}, f"{curve.name}, {axis} {x:g}: {y:.3f}"),
        )
        for (x, y), (left, top) in zip(curve.drawn, places, strict=True)
    ]
    shown = dots if len(dots) <= MAX_DOTS else []
    return element("g", {"class": series_class(curve.series)}, line, *shown)
