"""Conditions on the rows of a catalogue: "price < 50 and category == 'dress'".

    condition   = all {"or" all}
    all         = one {"and" one}
    one         = "not" one | "(" condition ")" | comparison
    comparison  = value ("==" | "!=" | "<" | "<=" | ">" | ">=") value
                | name ["not"] "in" "(" literal {"," literal} ")"
                | name ["not"] "contains" literal
                | name "is" ["not"] "null"
    value       = name | literal
    literal     = 'text' | "text" | number
    name        = letters, digits, _ . - | "[" any name "]"

A quote within a text is doubled. Keywords and names have no case, "=" is "==" and "<>"
is "!=". What a row does not have is null, and a comparison with null is neither true
nor false, as in SQL: "not price < 50" does not find a row without a price.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache

from tiefvision.catalogue.gallery import GalleryRow
from tiefvision.catalogue.row_tests import (
    COMPARISONS,
    MIRRORED,
    Test,
    Value,
    against,
    among,
    both,
    compared,
    either,
    has,
    is_null,
    negated,
)
from tiefvision.catalogue.where_tokens import END, Token, pointing, tokens_of
from tiefvision.errors import BadUsage

MOST_DEPTH = 50
"""Parentheses and "not" within each other."""

MOST_KEPT = 64
"""Conditions that are kept, as galleries know by them which rows pass."""

MOST_NAMES, MOST_SHOWN = 20, 40
"""Names of columns that an error lists, and characters of a wrong one."""

FIELDS = ("item", "photo", "category", "group", "variant")
"""Names that every row has."""

_UNQUOTED = "Names of columns stand without quotes."
_NO_COMPARISON = "needs a comparison here, such as < or =="

EXAMPLE = "For example: price < 50 and category == 'dress'."


@dataclass(frozen=True, eq=False)
class Where:
    """A condition that was understood.

    Attributes:
        text: the condition as it was given.
        places: where each name of a column stands first, from 0.
    """

    text: str
    places: Mapping[str, int]
    _test: Test

    @property
    def names(self) -> frozenset[str]:
        """Names of the columns that the condition reads, in lower case."""
        return frozenset(self.places)

    def test(self, row: Mapping[str, Value]) -> bool:
        """Whether a row meets the condition.

        Args:
            row: values by name, in lower case, as ``fields_of`` gives them; None, or no
                value, is null.
        """
        return self._test(row) is True

    def require_known(self, columns: Collection[str]) -> None:
        """Refuse names that no row has.

        Args:
            columns: names of the catalogue's columns, in lower case; ``FIELDS`` are
                known anyway.

        Raises:
            BadUsage: A name is neither a field nor a column; the message lists them.
        """
        known = list(dict.fromkeys((*FIELDS, *columns)))
        for name, place in self.places.items():
            if name not in known:
                close = get_close_matches(name, known, 1)
                meant = f"Did you mean {close[0]}?" if close else _quoted(name)
                more = len(known) - MOST_NAMES
                names = ", ".join(known[:MOST_NAMES])
                names += f" and {more} more" if more > 0 else ""
                fault = f"names a column {name[:MOST_SHOWN]}, which no row has"
                fix = f"{meant} There are {names}."
                raise pointing(self.text, place, fault, fix)


def _quoted(name: str) -> str:
    return f"A text stands in quotes: '{name[:MOST_SHOWN]}'."


def fields_of(
    item: str, photo: str, group: str, variant: str, columns: Mapping[str, Value]
) -> dict[str, Value]:
    """The values of a row of the catalogue by the names of a condition.

    Args:
        item: item.
        photo: path of the photograph.
        group: group of the garment, such as "upper"; "" if unknown.
        variant: variant of the item; "" if unknown.
        columns: the row's columns of items.csv.

    Returns:
        ``FIELDS`` and the columns. "category" is the shop's own word, or else the
        group; what is unknown is None.
    """
    known = {"item": item, "photo": photo, "category": group, "group": group}
    known["variant"] = variant
    return {name: value or None for name, value in known.items()} | dict(columns)


def fields_of_row(row: GalleryRow) -> dict[str, Value]:
    """The values of a row of a gallery by the names of a condition."""
    group = row.crop.category
    return fields_of(row.item, row.photo, group, row.variant, row.columns)


@lru_cache(maxsize=MOST_KEPT)
def parse_where(text: str) -> Where:
    """Read a condition; the same one again for the same text.

    Raises:
        BadUsage: It is no condition; the message shows the place.
    """
    if not text.strip():
        raise BadUsage("The condition is empty.", EXAMPLE)
    parser = _Parser(text)
    test = parser.condition()
    parser.finish()
    return Where(text, parser.places, test)


class _Parser:
    """Recursive descent over the tokens of a condition."""

    def __init__(self, text: str) -> None:
        self.places: dict[str, int] = {}
        self._text = text
        self._tokens = list(tokens_of(text))
        self._number = 0
        self._depth = 0

    def finish(self) -> None:
        """Refuse what goes on behind the end."""
        token = self._next
        if token.kind == END:
            return
        hint = ""
        if token.value == ",":
            hint = "Numbers have a decimal point: 49.90."
        elif token.value in COMPARISONS:
            hint = "Compare two at a time: 10 < price and price < 50."
        raise self._wrong("needs and, or, or its end here", hint)

    def condition(self) -> Test:
        """Alternatives, of which one has to be true."""
        tests = [self._all()]
        while self._took("or"):
            tests.append(self._all())
        return either(tests)

    def _all(self) -> Test:
        tests = [self._one()]
        while self._took("and"):
            tests.append(self._one())
        return both(tests)

    def _one(self) -> Test:
        self._depth += 1
        if self._depth > MOST_DEPTH:
            raise self._wrong(f"has more than {MOST_DEPTH} levels of parentheses")
        if self._took("not"):
            test = negated(self._one())
        elif self._took("("):
            test = self.condition()
            self._take(")")
        else:
            test = self._comparison()
        self._depth -= 1
        return test

    def _comparison(self) -> Test:
        left = self._value()
        sign = self._next
        if sign.kind == "sign" and sign.value in COMPARISONS:
            self._number += 1
            right = self._value()
            if "name" not in (left.kind, right.kind):
                fault = "compares two values"
                raise pointing(self._text, left.place, fault, _UNQUOTED)
            return _compared(left, str(sign.value), right)
        if left.kind != "name":
            raise self._wrong(_NO_COMPARISON, _UNQUOTED)
        return self._predicate(str(left.value))

    def _predicate(self, name: str) -> Test:
        if self._took("is"):
            opposite = self._took("not")
            self._take("null")
            test = is_null(name)
        else:
            opposite = self._took("not")
            if self._took("in"):
                test = among(name, self._literals())
            elif self._took("contains"):
                test = has(name, self._literal())
            else:
                fault = "needs in or contains here" if opposite else _NO_COMPARISON
                raise self._wrong(fault)
        return negated(test) if opposite else test

    def _literals(self) -> list[str | float]:
        self._take("(")
        values = [self._literal()]
        while self._took(","):
            values.append(self._literal())
        self._take(")")
        return values

    def _literal(self) -> str | float:
        token = self._next
        if token.kind not in ("text", "number"):
            fix = _quoted(str(token.value)) if token.kind == "name" else ""
            raise self._wrong("needs a text in quotes or a number here", fix)
        self._number += 1
        return token.value

    def _value(self) -> Token:
        token = self._next
        if token.kind not in ("name", "text", "number"):
            raise self._wrong("needs a name or a value here", EXAMPLE)
        if token.kind == "name":
            self.places.setdefault(str(token.value), token.place)
        self._number += 1
        return token

    @property
    def _next(self) -> Token:
        return self._tokens[self._number]

    def _took(self, word: str) -> bool:
        """Go on behind a keyword or sign, if it comes next."""
        took = self._next.kind in ("word", "sign") and self._next.value == word
        self._number += took
        return took

    def _take(self, word: str) -> None:
        if not self._took(word):
            raise self._wrong(f"needs {word} here")

    def _wrong(self, fault: str, fix: str = "") -> BadUsage:
        return pointing(self._text, self._next.place, fault, fix)


def _compared(left: Token, sign: str, right: Token) -> Test:
    """Compares two names, or a name and a literal."""
    if left.kind == right.kind:
        return compared(str(left.value), sign, str(right.value))
    if left.kind == "name":
        return against(str(left.value), sign, right.value)
    return against(str(right.value), MIRRORED.get(sign, sign), left.value)
