"""Tables as shops export them: the encoding and the delimiter are found out."""

import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tiefvision.datasets.entries import is_text
from tiefvision.errors import BadDataset
from tiefvision.files import read_file
from tiefvision.storage import os_error_text

DELIMITERS = (",", ";", "\t")

_EXCEL = re.compile(r"sep=([,;\t])[ ,;\t]*(?=[\r\n])", re.IGNORECASE)
"""The first line in which a file tells Excel its delimiter."""


@dataclass(frozen=True)
class Sheet:
    """The text of a table.

    Attributes:
        text: the text; where it is UTF-8 with damaged bytes, each of these is half of a
            surrogate pair.
        delimiter: character between two cells, one of ``DELIMITERS``.
        warning: sentence about an encoding that was guessed; "" if it was not.
    """

    text: str
    delimiter: str
    warning: str = ""


def read_sheet(file: Path) -> Sheet:
    """The text of a CSV file in UTF-8, UTF-16 or Windows-1252.

    A byte order mark or zero bytes tell UTF-16. Else it is UTF-8, unless more bytes
    beyond ASCII fail to be that than succeed. Windows-1252 is Latin-1 with the euro
    sign, which Excel writes by default.

    Raises:
        BadDataset: The file cannot be read.
    """
    try:
        content = read_file(file)
    except OSError as error:
        raise BadDataset(f"Cannot read {os_error_text(error, file)}") from error
    text, is_guessed = _decoded(content)
    warning = f"{file} is not UTF-8 and was read as Windows-1252. Save it as UTF-8."
    told = _EXCEL.match(text)
    if told:  # the empty line that remains keeps the numbers of the others
        return Sheet(text[told.end() :], told[1], warning if is_guessed else "")
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(DELIMITERS, key=first.count)
    return Sheet(text, delimiter, warning if is_guessed else "")


def _decoded(content: bytes) -> tuple[str, bool]:
    """The text, and whether its encoding was guessed."""
    if content.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return content.decode("utf-16", "replace"), False
    if b"\0" in content[:2]:
        order = "be" if content[:1] == b"\0" else "le"
        return content.decode(f"utf-16-{order}", "replace"), False
    with suppress(UnicodeDecodeError):
        return content.decode("utf-8-sig"), False
    text = content.removeprefix(BOM_UTF8).decode("utf-8", "surrogateescape")
    beyond = [character for character in text if not character.isascii()]
    damaged = sum(not is_text(character) for character in beyond)
    if damaged * 2 <= len(beyond):
        return text, False
    try:
        return content.decode("cp1252"), True
    except UnicodeDecodeError:  # five bytes mean nothing in Windows-1252
        return content.decode("latin-1"), True
