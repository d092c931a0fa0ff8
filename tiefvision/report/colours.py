"""The fixed colours: one for each group of garments, and one for each ranker."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from tiefvision.groups import FULL, LOWER, OUTER, OUTFIT, UPPER, group_of
from tiefvision.ranking.registry import OWN

OTHER = "other"
"""Stands for all groups, and all rankers, without a colour of their own."""


@dataclass(frozen=True)
class Colour:
    """A colour on two grounds, both as "#rrggbb".

    Attributes:
        on_light: for text and lines on a light ground.
        on_dark: for text and lines on a dark ground, for lines over a photograph, and
            as a ground of black text.
    """

    on_light: str
    on_dark: str


GROUP_COLOURS: Mapping[str, Colour] = MappingProxyType(
    {
        OUTFIT: Colour("#6b6000", "#f0e442"),
        UPPER: Colour("#0b659c", "#56b4e9"),
        OUTER: Colour("#944900", "#ff9d2e"),
        LOWER: Colour("#006b49", "#2fd09a"),
        FULL: Colour("#9f2e71", "#f09ac8"),
        OTHER: Colour("#6546c4", "#bfa8ff"),
    }
)
"""Colours of groups: Okabe & Ito's palette for colour-blind readers. It is lightened,
so that black text on each can be read, and darkened for a light ground."""

SERIES_COLOURS = (
    Colour("#034c92", "#4297f7"),
    Colour("#843dd6", "#9a8db3"),
    Colour("#68700c", "#959e48"),
    Colour("#045a0e", "#89da87"),
    Colour("#533a0d", "#feb637"),
    Colour("#074d4d", "#3ff3f4"),
    Colour("#3656df", "#bbccf6"),
    Colour("#77518c", "#c374ed"),
    Colour("#7f253b", "#f95c80"),
    Colour("#ba0867", "#e69fb6"),
    Colour("#1a7576", "#36b6b6"),
    Colour("#9e4e04", "#ea7812"),
    Colour("#3d0a4d", "#f0f0c0"),
)
"""Colours of rankers, in the order of the registry, and of other curves: far apart in
OKLab, and readable on both grounds."""

OTHER_SERIES = Colour("#5a636e", "#a0a8b2")
"""Colour of a ranker that is not one of this project, where it is shown alone."""


OTHER_CLASS = "series-other"
"""Its CSS class."""


def group_class(name: str) -> str:
    """The CSS class that colours a garment.

    Args:
        name: a group such as "lower", or a category such as "skirt"; "" if unknown.

    >>> group_class("skirt"), group_class("kimono"), group_class("")
    ('group-lower', 'group-other', 'group-other')
    """
    return f"group-{_group(name)}"


def group_colour(name: str) -> Colour:
    """The colour of a garment, by its group or category."""
    return GROUP_COLOURS[_group(name)]


def ranker_class(name: str) -> str:
    """The CSS class of a ranker of this project, by its place in the registry.

    Args:
        name: name of a ranker, which may have a suffix: "deeprank-cells" has the colour
            of "deeprank". So has what follows it, as in "cosine, whole".

    >>> ranker_class("cosine"), ranker_class("cosine, whole"), ranker_class("unknown")
    ('series-0', 'series-0', 'series-other')
    """
    kind = re.split(r"\W", name, maxsplit=1)[0]
    return series_class(OWN.index(kind)) if kind in OWN else OTHER_CLASS


def ranker_classes(names: Iterable[str]) -> dict[str, str]:
    """The CSS classes of rankers that are shown together.

    There are too many networks of the literature for a colour each. One takes the first
    colour that none of the others has.

    >>> ranker_classes(["cosine", "mildnet", "cardigan"])
    {'cosine': 'series-0', 'mildnet': 'series-1', 'cardigan': 'series-2'}
    >>> ranker_classes(["deeprank", "deeprank-cells", "deeprank-cells, whole"])
    {'deeprank': 'series-11', 'deeprank-cells': 'series-11 second', \
'deeprank-cells, whole': 'series-11 second'}
    """
    names = tuple(names)
    taken = set(map(ranker_class, names))
    free = (one for one in map(series_class, range(len(OWN))) if one not in taken)
    others: dict[str, str] = {}
    first: dict[str, str] = {}
    found = {}
    for name in names:
        colour, ranker = ranker_class(name), name.split(",")[0]
        if colour == OTHER_CLASS:
            if ranker not in others:
                others[ranker] = next(free, OTHER_CLASS)
            colour = others[ranker]
        known = first.setdefault(colour, ranker)
        found[name] = colour if known == ranker else f"{colour} second"
    return found


def series_class(number: int) -> str:
    """The CSS class that colours the curve of this number, from 0."""
    return f"series-{number % len(SERIES_COLOURS)}"


def classes() -> dict[str, Colour]:
    """All colours by their CSS class, for the style sheet."""
    groups = {f"group-{name}": colour for name, colour in GROUP_COLOURS.items()}
    series = {series_class(n): colour for n, colour in enumerate(SERIES_COLOURS)}
    return groups | series | {OTHER_CLASS: OTHER_SERIES}


def _group(name: str) -> str:
    group = group_of(name) if name else OTHER
    return group if group in GROUP_COLOURS else OTHER
