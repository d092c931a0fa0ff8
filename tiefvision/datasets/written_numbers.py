"""Numbers and prices as people write them: "1.299,00 €", "$49.90", "49,-"."""

import re
import unicodedata
from collections.abc import Mapping, Sequence

MOST_DIGITS = 15
"""Digits of a number that a float holds exactly; what is longer is an id."""

_PLAIN = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?")

_GROUP_SPACE = re.compile(r"(?<=[0-9])[ '\u2019](?=[0-9]{3}(?![0-9]))")
"""A space or apostrophe before three digits, as in 1 299 and 1'299."""

_CURRENCY = r"(?:[^\W\d_]{1,4}\.?)?"
"""A short word such as EUR, kr or Rs.; symbols were taken away before."""

_DASH = r"[-\u2013\u2014]{1,2}"

_PRICE = re.compile(
    rf"{_CURRENCY} *([0-9](?:[0-9.,]*[0-9])?)(?:[.,]{_DASH})? *{_CURRENCY}"
)

_SHAPES = {
    sign: re.compile(
        rf"((?:[1-9][0-9]{{0,2}}(?:{re.escape(other)}[0-9]{{3}})+|[0-9]+)"
        rf"(?:{re.escape(sign)}[0-9]+)?)"
    )
    for sign, other in ((".", ","), (",", "."))
}
"""Shape of a number by its decimal sign; the other sign separates thousands."""


def plain_number(text: str) -> float | None:
    """The number that a text is, with a decimal point and nothing else; None if none.

    "007" and what has more than ``MOST_DIGITS`` digits are ids, not numbers.

    >>> plain_number("49.90"), plain_number("007"), plain_number("1e3")
    (49.9, None, None)
    """
    if not _PLAIN.fullmatch(text) or sum(map(str.isdigit, text)) > MOST_DIGITS:
        return None
    return float(text)


def read_numbers(texts: Sequence[str], decimal_comma: bool) -> list[float] | None:
    """The numbers of a column; None unless every text is one.

    Args:
        texts: The cells.
        decimal_comma: Whether the column may have decimal commas, as where semicolons
            or tabs separate the cells.
    """
    points = [text.replace(",", ".") if decimal_comma else text for text in texts]
    numbers = [number for text in points if (number := plain_number(text)) is not None]
    return numbers if len(numbers) == len(texts) else None


def read_prices(texts: Sequence[str]) -> list[float | str]:
    """The prices of a column, or why a text is none, to continue "the price ...".

    Currency signs, short words such as EUR, spaces, and the dash of "49,-" are ignored.
    Of two different signs the last one is the decimal sign. One sign before exactly
    three digits ("1.299") separates thousands, unless another price of the column shows
    that it is the decimal sign; where the column shows both, the text is no price.

    >>> read_prices(["1.299,00 €", "49,90", "1.299", "free"])
    [1299.0, 49.9, 1299.0, 'is not a number']
    """
    readings = [_readings(text) for text in texts]
    shown = {sign for found in readings if len(found) == 1 for sign in found}
    return [_chosen(found, shown) for found in readings]


def _readings(text: str) -> Mapping[str, float]:
    """The number that a price is, by each decimal sign that it can have."""
    text = unicodedata.normalize("NFKC", text)
    text = "".join(" " if unicodedata.category(c) == "Sc" else c for c in text)
    found = _PRICE.fullmatch(_GROUP_SPACE.sub("", text).strip())
    if not found or sum(map(str.isdigit, found[1])) > MOST_DIGITS:
        return {}
    return {
        sign: float(found[1].replace("," if sign == "." else ".", "").replace(",", "."))
        for sign, shape in _SHAPES.items()
        if shape.fullmatch(found[1])
    }


def _chosen(found: Mapping[str, float], shown: set[str]) -> float | str:
    """The reading of a price, by the decimal signs that its column shows."""
    if not found:
        return "is not a number"
    if len(found) == 1 or len(shown) != 1:
        low, high = min(found.values()), max(found.values())
        if low != high and shown:
            return f"is {low:g} or {high:g}, as others have a comma and others a point"
        return high
    return found[next(iter(shown))]
