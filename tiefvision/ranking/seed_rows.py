"""Rows of a comparison: single rankers, and training seeds of one ranker together."""

import re
from collections.abc import Sequence
from itertools import takewhile

from tiefvision.errors import BadUsage

JOINED = ","
"""What joins the names of rankers that differ by their training seed alone."""


def rows_of_names(given: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The rows that names on the command line ask for.

    Args:
        given: a name each, or names joined by ``JOINED`` for training seeds of one
            ranker, which become one row.

    Returns:
        The names of the rankers in each row, by the name of the row: the ranker's, or
        what the names of the seeds have in common, and how many they are.

    Raises:
        BadUsage: Joined names are not of one ranker, or two rows have one name.

    >>> rows_of_names(["cosine", "deeprank-1,deeprank-2"])
    {'cosine': ('cosine',), 'deeprank x2': ('deeprank-1', 'deeprank-2')}
    """
    rows: dict[str, tuple[str, ...]] = {}
    for text in given:
        parts = (part.strip() for part in text.split(JOINED))
        names = tuple(dict.fromkeys(filter(None, parts))) or (text,)
        row = names[0] if len(names) == 1 else f"{_shared(names)} x{len(names)}"
        if rows.setdefault(row, names) != names:
            raise BadUsage(
                f"Two rows would be called {row}: {JOINED.join(rows[row])} and {text}.",
                "Train the seeds of each under names that begin differently.",
            )
    return rows


def _shared(names: Sequence[str]) -> str:
    """The beginning that names of seeds have in common, without a part of a number."""
    columns = takewhile(lambda column: len(set(column)) == 1, zip(*names, strict=False))
    start = "".join(column[0] for column in columns)
    ends = {name[len(start) : len(start) + 1] for name in names}
    if any(not end or end.isdigit() for end in ends):
        start = re.sub(r"(?<=\D)\d+$", "", start)
    start = start.rstrip("-")
    if not start or len({name.split("-", 1)[0] for name in names}) > 1:
        raise BadUsage(
            f"{JOINED.join(names)} are not training seeds of one ranker.",
            "Join seeds of one ranker, as in deeprank-seed1,deeprank-seed2, and give "
            "other rankers an option --ranker each.",
        )
    return start
