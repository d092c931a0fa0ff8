"""Tests of a row, put together from smaller ones: true, false, or None as in SQL."""

import operator
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tiefvision.datasets.written_numbers import plain_number

Value = str | float | None
Row = Mapping[str, Value]
Test = Callable[[Row], bool | None]

COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "=": operator.eq,
    "!=": operator.ne,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
"""The sign between the same two values the other way round, where it is another."""


def folded(text: str) -> str:
    """A text as it is compared: composed (NFC) and without case."""
    if text.isascii():
        return text.lower()  # the same, in a tenth of the time
    return unicodedata.normalize("NFC", text).casefold()


def compared(left: str, sign: str, right: str) -> Test:
    """Compares two columns.

    Two texts are compared without case, by the code points of their characters. If one
    value is a number, the other is read as one (``plain_number``). A text that is none
    is unlike every number, and neither smaller nor larger.
    """
    compare = COMPARISONS[sign]
    unlike = {operator.eq: False, operator.ne: True}.get(compare)

    def test(row: Row) -> bool | None:
        a, b = row.get(left), row.get(right)
        if a is None or b is None:
            return None
        if isinstance(a, str) and isinstance(b, str):
            return bool(compare(folded(a), folded(b)))
        x, y = _number(a), _number(b)
        return unlike if x is None or y is None else bool(compare(x, y))

    return test


def against(name: str, sign: str, literal: str | float) -> Test:
    """Compares a column with a literal, as ``compared`` does, in half of its time."""
    compare = COMPARISONS[sign]
    if compare is operator.eq:
        return among(name, [literal])
    if compare is operator.ne:
        return negated(among(name, [literal]))
    text = folded(literal) if isinstance(literal, str) else None
    number = _number(literal)

    def test(row: Row) -> bool | None:
        value = row.get(name)
        if value is None:
            return None
        if isinstance(value, str):
            if text is not None:
                return bool(compare(folded(value), text))
            value = _number(value)
        return None if value is None or number is None else bool(compare(value, number))

    return test


def among(name: str, values: Sequence[str | float]) -> Test:
    """Whether a column equals one of several literals, as ``compared`` compares."""
    texts = {folded(value) for value in values if isinstance(value, str)}
    numbers = {value for value in values if not isinstance(value, str)}
    readings = numbers | {_number(value) for value in values}

    def test(row: Row) -> bool | None:
        value = row.get(name)
        if value is None:
            return None
        if isinstance(value, str):
            return folded(value) in texts or _number(value) in numbers
        return value in readings

    return test


def has(name: str, part: str | float) -> Test:
    """Whether the text of a column contains another one, without case."""
    sought = folded(_text(part))

    def test(row: Row) -> bool | None:
        value = row.get(name)
        return None if value is None else sought in folded(_text(value))

    return test


def is_null(name: str) -> Test:
    """Whether a row has no value in a column."""
    return lambda row: row.get(name) is None


def negated(test: Test) -> Test:
    """The opposite; None stays None."""

    def opposite(row: Row) -> bool | None:
        value = test(row)
        return None if value is None else not value

    return opposite


def both(tests: Sequence[Test]) -> Test:
    """False if one test is, else None if one is, else true."""
    return _decided(tests, by=False)


def either(tests: Sequence[Test]) -> Test:
    """True if one test is, else None if one is, else false."""
    return _decided(tests, by=True)


def _decided(tests: Sequence[Test], by: bool) -> Test:
    """The value ``by`` if one test has it, else None if one is, else the other."""
    if len(tests) == 1:
        return tests[0]

    def test(row: Row) -> bool | None:
        value: bool | None = not by
        for one in tests:
            found = one(row)
            if found is by:
                return by
            if found is None:
                value = None
        return value

    return test


def _number(value: str | float) -> float | None:
    return plain_number(value.strip()) if isinstance(value, str) else value


def _text(value: str | float) -> str:
    """A value as a text; a whole number without ".0"."""
    return value if isinstance(value, str) else f"{value:.15g}"
