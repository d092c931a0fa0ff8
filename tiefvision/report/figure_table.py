"""Figures of rankers as tables, with their intervals to read and to see."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field

from tiefvision.evaluation.intervals import Figure
from tiefvision.report.markup import Markup, element, series_class

MISSING = "—"

LOSS = "lost by NMSLIB"
"""The column of what an index loses against exact search."""

INDEX_COLUMNS = {
    "embedding": "numbers in an embedding",
    "bytes": "index on disk",
}


@dataclass(frozen=True)
class RankerRow:
    """What is known of a ranker.

    Attributes:
        name: Of the ranker.
        description: What it is, in a sentence or less.
        figures: By name, means over queries, most of them in [0, 1].
        index: "recall_of_exact", the share in [0, 1] of the exact nearest neighbours
            that its index finds; "recall@1" and "recall@10" by the index less those of
            exact search; "embedding", numbers of one; "bytes" of the index.
    """

    name: str
    description: str
    figures: Mapping[str, Figure]
    index: Mapping[str, float | int]


@dataclass(frozen=True)
class Difference:
    """What one ranker gains over another.

    Attributes:
        name: Such as "deeprank minus cosine".
        figures: Those of one less those of the other.
        chances: How likely each would be if both were alike.
    """

    name: str
    figures: Mapping[str, Figure]
    chances: Mapping[str, float] = field(default_factory=dict)


def figure_table(
    rankers: Sequence[RankerRow], differences: Sequence[Difference] = ()
) -> Markup:
    """A row for each ranker, then one for each difference between two.

    Where an index was judged, a last column tells what it loses. Figures that are no
    shares of 1 are not drawn.

    Args:
        rankers: The first is the baseline.
        differences: Between two of them.
    """
    named = [row.figures for row in rankers] + [one.figures for one in differences]
    columns = list(dict.fromkeys(name for figures in named for name in figures))
    best = {name: _best(rankers, name) for name in columns}
    shares = {
        name for name in columns if all(_is_share(one.get(name)) for one in named)
    }
    judged = any("recall_of_exact" in row.index for row in rankers)
    rows = [
        element(
            "tr",
            {"class": series_class(number)},
            _ranker_heading(row),
            *(
                _figure_cell(row.figures.get(name), best[name], name in shares)
                for name in columns
            ),
            *([_loss_cell(row.index)] if judged else []),
        )
        for number, row in enumerate(rankers)
    ]
    rows += [_difference_row(one, columns, shares, judged) for one in differences]
    headings = [name.replace("_", " ") for name in columns]
    return _table([*headings, LOSS] if judged else headings, rows)


def index_table(rankers: Sequence[RankerRow]) -> Markup:
    """A row for each ranker's index; without a row where none has one."""
    rows = [
        element(
            "tr",
            {"class": series_class(number)},
            element("th", {"scope": "row", "class": "swatch"}, row.name),
            *(
                element("td", {}, _index_value(key, row.index.get(key)))
                for key in INDEX_COLUMNS
            ),
        )
        for number, row in enumerate(rankers)
        if row.index
    ]
    return _table(list(INDEX_COLUMNS.values()), rows)


def excludes_zero(difference: Figure) -> bool:
    """Whether the interval leaves no doubt about the sign."""
    return difference.low > 0 or difference.high < 0


def _table(columns: Sequence[str], rows: Sequence[Markup]) -> Markup:
    headings = [element("th", {"scope": "col"}, name) for name in ("ranker", *columns)]
    head = element("thead", {}, element("tr", {}, *headings))
    table = element("table", {}, head, element("tbody", {}, *rows))
    return element("div", {"class": "card wide"}, table)


def _is_share(figure: Figure | None) -> bool:
    """Whether a figure, or a difference of two, may be a share of 1."""
    return figure is None or (figure.low >= -1.0 and figure.high <= 1.0)


def _ranker_heading(row: RankerRow) -> Markup:
    return element(
        "th",
        {"scope": "row"},
        element("span", {"class": "swatch name"}, row.name),
        element("small", {}, row.description),
    )


def _best(rankers: Sequence[RankerRow], name: str) -> float:
    return max(
        (row.figures[name].value for row in rankers if name in row.figures), default=0.0
    )


def _figure_cell(figure: Figure | None, best: float, share: bool) -> Markup:
    if figure is None:
        return element("td", {}, MISSING)
    return element(
        "td",
        {"class": "best" if figure.value == best else ""},
        f"{figure.value:.3f}",
        *([_whisker(figure, (0.0, 1.0))] if share else []),
        element("small", {}, f"{figure.low:.3f} to {figure.high:.3f}"),
    )


def _loss_cell(index: Mapping[str, float | int]) -> Markup:
    """Neighbours that the index misses, and what that does to recall."""
    if "recall_of_exact" not in index:
        return element("td", {}, MISSING)
    changes = [
        element("small", {}, f"{name} {index[name]:+.3f}")
        for name in ("recall@1", "recall@10")
        if name in index
    ]
    return element("td", {}, f"{1 - index['recall_of_exact']:.1%}", *changes)


def _difference_row(
    difference: Difference, columns: Sequence[str], shares: Set[str], judged: bool
) -> Markup:
    reach = max(
        (
            max(abs(figure.low), abs(figure.high), abs(figure.value))
            for name, figure in difference.figures.items()
            if name in shares
        ),
        default=0.0,
    )
    heading = element(
        "th",
        {"scope": "row"},
        element("span", {"class": "name"}, difference.name),
        element("small", {}, "query by query"),
    )
    cells = [
        _difference_cell(
            difference.figures.get(name),
            difference.chances.get(name),
            reach if name in shares else None,
        )
        for name in columns
    ]
    last = [element("td", {})] if judged else []
    return element("tr", {"class": "difference"}, heading, *cells, *last)


def _difference_cell(
    difference: Figure | None, chance: float | None, reach: float | None
) -> Markup:
    if difference is None:
        return element("td", {}, MISSING)
    sign, state = "", ""
    if excludes_zero(difference):
        sign, state = ("▲ ", "ahead") if difference.value > 0 else ("▼ ", "behind")
    return element(
        "td",
        {"class": state},
        element("b", {}, f"{sign}{difference.value:+.3f}"),
        *([] if reach is None else [_whisker(difference, (-reach, reach))]),
        element("small", {}, f"{difference.low:+.3f} to {difference.high:+.3f}"),
        *([] if chance is None else [element("small", {}, f"p {chance:.2g}")]),
    )


def _whisker(figure: Figure, ends: tuple[float, float]) -> Markup:
    """A track from one end to the other, the interval and the value on it."""

    def place(value: float) -> float:
        share = (value - ends[0]) / (ends[1] - ends[0] or 1.0)
        return round(96 * min(1.0, max(0.0, share)), 1)

    low, high = place(figure.low), place(figure.high)
    parts = [_bar("track", 0, 96, 3, 2), _bar("range", low, max(1.0, high - low), 1, 6)]
    if ends[0] < 0:
        parts.append(_bar("zero", 47.5, 1, 0, 8))
    parts.append(_bar("value", place(figure.value) - 1.25, 2.5, 0, 8))
    return element(
        "svg",
        {"class": "whisker", "viewBox": "0 0 96 8", "aria-hidden": "true"},
        *parts,
    )


def _bar(name: str, x: float, width: float, y: float, height: float) -> Markup:
    size = {"x": x, "width": round(width, 1), "y": y, "height": height}
    return element("rect", {"class": name, **size})


def _index_value(key: str, value: float | int | None) -> str:
    if value is None:
        return MISSING
    return _readable_bytes(value) if key == "bytes" else f"{value:,}"


def _readable_bytes(count: float) -> str:
    for unit in ("bytes", "kB", "MB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:,.3g} GB"
