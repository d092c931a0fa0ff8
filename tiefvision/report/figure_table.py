"""Figures of rankers as tables, with their intervals to read and to see."""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field

from tiefvision.evaluation.intervals import Figure
from tiefvision.report.colours import ranker_classes
from tiefvision.report.tables import MISSING, Cell, Row, Table, Whisker

LOSS = "lost by NMSLIB"
"""Heading of the column of what an index loses against exact search."""

WHISKER_WIDTH = 96
"""Units of the drawing of an interval."""

INDEX_COLUMNS = {
    "embedding": "numbers in an embedding",
    "bytes": "index on disk",
}


@dataclass(frozen=True)
class RankerRow:
    """What is known of a ranker.

    Attributes:
        name: name of the ranker.
        description: what the ranker is, in a sentence or less; "" for nothing.
        figures: per name of a figure, its mean over queries, most of them in [0, 1].
        index: "recall_of_exact", the share in [0, 1] of the exact nearest neighbours
            that the index finds; "recall@1" and "recall@10", recall by the index minus
            recall by exact search; "embedding", the numbers of one embedding; "bytes",
            the size of the index. Empty without an index.
        deviations: per name of a figure, its standard deviation over training seeds, if
            the figures are means over several.
    """

    name: str
    description: str
    figures: Mapping[str, Figure]
    index: Mapping[str, float | int]
    deviations: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Difference:
    """What one ranker gains over another.

    Attributes:
        name: both rankers, as in "deeprank minus cosine".
        figures: per name of a figure, the mean of its difference over queries.
        chances: per name of a figure, p of the paired randomisation test.
        corrected: per name of a figure, this p corrected for the number of rankers held
            against one baseline; empty where there is only one.
    """

    name: str
    figures: Mapping[str, Figure]
    chances: Mapping[str, float] = field(default_factory=dict)
    corrected: Mapping[str, float] = field(default_factory=dict)


def figure_table(
    rankers: Sequence[RankerRow], differences: Sequence[Difference] = ()
) -> Table:
    """A row for each ranker, then one for each difference between two.

    Where an index was judged, a last column tells what it loses. Figures that are not
    shares of 1 have no drawing.

    Args:
        rankers: the rankers, the baseline first.
        differences: differences between two of the rankers.
    """
    named = [row.figures for row in rankers] + [one.figures for one in differences]
    columns = list(dict.fromkeys(name for figures in named for name in figures))
    shares = {
        name for name in columns if all(_is_share(one.get(name)) for one in named)
    }
    judged = any("recall_of_exact" in row.index for row in rankers)
    best = {name: _best(rankers, name) for name in columns}
    states = ranker_classes(row.name for row in rankers)
    rows = [
        Row(
            row.name,
            (
                *(
                    _figure_cell(row, name, best[name], name in shares)
                    for name in columns
                ),
                *([_loss_cell(row.index)] if judged else []),
            ),
            states[row.name],
            row.description,
            swatch=True,
        )
        for row in rankers
    ]
    rows += [_difference_row(one, columns, shares, judged) for one in differences]
    headings = (name.replace("_", " ") for name in columns)
    return Table(("ranker", *headings, *([LOSS] if judged else [])), tuple(rows))


def index_table(rankers: Sequence[RankerRow]) -> Table:
    """A row for each ranker that has an index."""
    states = ranker_classes(row.name for row in rankers)
    rows = tuple(
        Row(
            row.name,
            tuple(_index_cell(key, row.index.get(key)) for key in INDEX_COLUMNS),
            states[row.name],
            swatch=True,
        )
        for row in rankers
        if row.index
    )
    return Table(("ranker", *INDEX_COLUMNS.values()), rows)


def excludes_zero(difference: Figure) -> bool:
    """Whether the interval leaves no doubt about the sign."""
    return difference.low > 0 or difference.high < 0


def _is_share(figure: Figure | None) -> bool:
    """Whether a figure, or a difference of two, may be a share of 1."""
    return figure is None or (figure.low >= -1.0 and figure.high <= 1.0)


def _best(rankers: Iterable[RankerRow], name: str) -> float:
    return max(
        (row.figures[name].value for row in rankers if name in row.figures), default=0.0
    )


def _figure_cell(row: RankerRow, name: str, best: float, share: bool) -> Cell:
    figure = row.figures.get(name)
    if figure is None:
        return Cell(MISSING)
    notes = [f"{figure.low:.3f} to {figure.high:.3f}"]
    if name in row.deviations:
        notes.append(f"± {row.deviations[name]:.3f} over seeds")
    return Cell(
        f"{figure.value:.3f}",
        "best" if figure.value == best else "",
        tuple(notes),
        _whisker(figure, 0.0, 1.0) if share else None,
        title=_by_query(figure, ".3f"),
    )


def _by_query(figure: Figure, form: str) -> str:
    """The interval that takes queries for independent, in words; "" if unknown."""
    if figure.by_query is None:
        return ""
    low, high = (format(end, form) for end in figure.by_query)
    return f"by query {low} to {high}"


def _loss_cell(index: Mapping[str, float | int]) -> Cell:
    """Neighbours that the index misses, and what that does to recall."""
    if "recall_of_exact" not in index:
        return Cell(MISSING)
    changes = tuple(
        f"{name} {index[name]:+z.3f}"
        for name in ("recall@1", "recall@10")
        if name in index
    )
    return Cell(f"{1 - index['recall_of_exact']:.1%}", notes=changes)


def _difference_row(
    difference: Difference, columns: Sequence[str], shares: Set[str], judged: bool
) -> Row:
    reach = max(
        (
            max(abs(figure.low), abs(figure.high), abs(figure.value))
            for name, figure in difference.figures.items()
            if name in shares
        ),
        default=0.0,
    )
    cells = [
        _difference_cell(
            difference.figures.get(name),
            difference.chances.get(name),
            difference.corrected.get(name),
            reach if name in shares else None,
        )
        for name in columns
    ]
    cells += [Cell("")] if judged else []
    return Row(difference.name, tuple(cells), "difference", "query by query")


def _difference_cell(
    difference: Figure | None,
    chance: float | None,
    corrected: float | None,
    reach: float | None,
) -> Cell:
    if difference is None:
        return Cell(MISSING)
    sign, state = "", ""
    if excludes_zero(difference):
        sign, state = ("▲ ", "ahead") if difference.value > 0 else ("▼ ", "behind")
    notes = [f"{difference.low:+z.3f} to {difference.high:+z.3f}"]
    notes += [] if chance is None else [f"p {chance:.2g}"]
    notes += [] if corrected is None else [f"Holm {corrected:.2g}"]
    return Cell(
        f"{sign}{difference.value:+z.3f}",
        state,
        tuple(notes),
        None if reach is None else _whisker(difference, -reach, reach),
        title=_by_query(difference, "+z.3f"),
    )


def _whisker(figure: Figure, least: float, most: float) -> Whisker:
    """The interval on a track from ``least`` to ``most``."""

    def place(value: float) -> float:
        share = (value - least) / (most - least or 1.0)
        return round(WHISKER_WIDTH * min(1.0, max(0.0, share)), 1)

    low, high = place(figure.low), place(figure.high)
    width = round(max(1.0, high - low), 1)
    return Whisker(low, width, place(figure.value), zero=least < 0)


def _index_cell(key: str, value: float | int | None) -> Cell:
    if value is None:
        return Cell(MISSING)
    return Cell(_readable_bytes(value) if key == "bytes" else f"{value:,}")


def _readable_bytes(count: float) -> str:
    for unit in ("bytes", "kB", "MB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:,.3g} GB"
