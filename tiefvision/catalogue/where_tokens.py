"""The words and signs of a condition, and errors that point at one of them."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from tiefvision.datasets.item_tables import column_name
from tiefvision.errors import BadUsage
from tiefvision.escaping import UNSAFE

MOST_CHARACTERS = 10_000
"""Characters of a condition; a list of a thousand items fits in."""

SHOWN = 60
"""Characters of a condition that an error shows, so that it fits on 80 columns."""

KEYWORDS = ("and", "or", "not", "in", "is", "null", "contains")

_TOKEN = re.compile(
    r"""(?P<text>'(?:[^']|'')*'|"(?:[^"]|"")*")
      | (?P<number>[-+]?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+))
      | (?P<name>[^\W\d][\w.-]*)
      | \[(?P<column>[^][]+)\]
      | (?P<sign>==|!=|<=|>=|<>|<|>|=|\(|\)|,)""",
    re.VERBOSE,
)

END = "end"


@dataclass(frozen=True)
class Token:
    """A word or sign of a condition.

    Attributes:
        kind: "text", "number", "name", "word" (one of ``KEYWORDS``), "sign" or ``END``.
        value: the text without its quotes, the number, the name of the column, the
            keyword in lower case, or the sign.
        place: number of its first character, from 0.
    """

    kind: str
    value: str | float
    place: int


def tokens_of(condition: str) -> Iterator[Token]:
    """The tokens of a condition, and one of the kind ``END``.

    Raises:
        BadUsage: It is empty or too long, or holds something else than tokens.
    """
    if len(condition) > MOST_CHARACTERS:
        raise BadUsage(
            f"The condition has {len(condition):,} characters, and at most "
            f"{MOST_CHARACTERS:,} are read."
        )
    place = 0
    while place < len(condition):
        if condition[place] in " \t\r\n":
            place += 1
            continue
        found = _TOKEN.match(condition, place)
        if not found:
            raise _no_token(condition, place)
        yield _token(found, condition)
        place = found.end()
    yield Token(END, "", place)


def _token(found: re.Match[str], condition: str) -> Token:
    kind, place = found.lastgroup or "", found.start()
    text = found[kind]
    odd = UNSAFE.search(text)
    if odd:
        where = found.start(kind) + odd.start()
        raise pointing(condition, where, "has a character that cannot be shown")
    if kind == "text":
        return Token(kind, text[1:-1].replace(text[0] * 2, text[0]), place)
    if kind == "number":
        number = float(text)
        if number in (float("inf"), float("-inf")):
            raise pointing(condition, place, "has a number that is too large")
        return Token(kind, number, place)
    if kind == "name" and text.lower() in KEYWORDS:
        return Token("word", text.lower(), place)
    if kind in ("name", "column"):
        return Token("name", column_name(text), place)
    return Token(kind, text, place)


def _no_token(condition: str, place: int) -> BadUsage:
    character = condition[place]
    if character in "'\"":
        return pointing(condition, place, "has a text that does not end", "Close it.")
    if character in "[]":
        return pointing(
            condition, place, "has a bracket without a name", "Write [sale price]."
        )
    quotes = (
        "Texts stand in ' or \"." if character in "\u2018\u2019\u201c\u201d`" else ""
    )
    shown = "a character that cannot be shown" if UNSAFE.match(character) else character
    return pointing(condition, place, f"cannot have {shown} here", quotes)


def pointing(condition: str, place: int, fault: str, fix: str = "") -> BadUsage:
    """Makes the error about a place in a condition, for the caller to raise.

    Args:
        condition: the condition.
        place: number of the character, from 0.
        fault: what is wrong, to go on behind "The condition".
        fix: sentence with what corrects it; "" for none.
    """
    shown = SHOWN if condition.isascii() else SHOWN // 2  # some are two cells wide
    start = max(0, min(place - shown // 2, len(condition) - shown))
    part = UNSAFE.sub(" ", condition[start : start + shown])
    before, after = "…" * (start > 0), "…" * (start + shown < len(condition))
    caret = "".join(map(_gap, f"{before}{part[: place - start]}")) + "^"
    return BadUsage(f"The condition {fault}.", fix, [f"{before}{part}{after}", caret])


def _gap(character: str) -> str:
    """A blank as wide as a character in a terminal."""
    if unicodedata.combining(character):
        return ""
    return "\u3000" if unicodedata.east_asian_width(character) in "FW" else " "
