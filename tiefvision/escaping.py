"""What a name, or any text from outside, must not do to a terminal, log or page."""

import re

UNSAFE = re.compile(
    "[\0-\x1f\x7f-\x9f"  # control characters: a new line, an escape sequence
    "\u2028\u2029"  # separators of lines and paragraphs
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # these turn the direction of text
    "\ud800-\udfff]"  # bytes of a file name that are not text
)
"""Characters that are not shown as they are. Joiners are, which emoji and scripts need,
and so is a backslash."""


def escaped(text: str) -> str:
    r"""The text on one line, without characters that a terminal obeys.

    >>> print(escaped("new\nline \x1b[31mred 👗.jpg"))
    new\nline \x1b[31mred 👗.jpg
    """
    return UNSAFE.sub(lambda found: _in_ascii(found[0]), text)


def escaped_json(text: str) -> str:
    r"""A line of JSON that means the same, without such characters.

    >>> print(escaped_json('"\x9b 👗"'))
    "\u009b 👗"
    """
    return UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _in_ascii(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
