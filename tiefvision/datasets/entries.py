"""JSON objects with typed access, whose errors name the file, the entry and the key."""

import json
import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tiefvision.errors import BadDataset
from tiefvision.files import read_file
from tiefvision.storage import os_error_text

_SHOWN = 60
"""Characters of a wrong value that a message shows."""


ID = "a number or a text"
"""What an id is, in the words of a message."""

MOST_PIXELS = 1 << 31
"""A side is shorter than this; nothing is that photographs are saved as."""

MOST_DIGITS = 4000
"""Digits of a whole number that is read; Python refuses those of more than 4,300."""

NO_IDS = ("", "nan", "inf", "-inf")


class BadEntry(BadDataset):
    """A value of one entry that breaks the layout; the caller can leave the entry out.

    Attributes:
        complaint: The place in the file and what is wrong, without a full stop.
    """

    def __init__(self, file: Path, complaint: str) -> None:
        super().__init__(f"{file}: {complaint}.")
        self.complaint = complaint


@dataclass(frozen=True)
class Entry:
    """A JSON object and its place in a file.

    Attributes:
        file: The file that holds it.
        where: Place of the object, such as ``annotations[12]``; "" for the outermost
            object.
        values: Keys and unchecked values.
        no_object: Complaint about what is there instead of an object; "" if one is.
    """

    file: Path
    where: str
    values: Mapping[str, Any]
    no_object: str = ""

    def fault(self, key: str, complaint: str) -> BadEntry:
        """Makes the error about one key, for the caller to raise."""
        place = f"{self.where}.{key}" if self.where else key
        return BadEntry(self.file, f"{place} {complaint}")

    def get(self, key: str, kinds: tuple[type, ...], expected: str) -> Any:
        """The value of a required key, of one of these types.

        Args:
            key: The key.
            kinds: Accepted types; a boolean is never accepted as a number.
            expected: The accepted values in the words of a message, such as "a list".

        Raises:
            BadEntry: The key is missing, or its value has another type.
        """
        if self.no_object:
            raise BadEntry(self.file, self.no_object)
        if key not in self.values:
            raise self.fault(key, f"is missing, expected {expected}")
        value = self.values[key]
        if not isinstance(value, kinds) or isinstance(value, bool):
            raise self.fault(key, f"is {shown(value)}, expected {expected}")
        return value

    def id(self, key: str) -> str:
        """An id, or a reference to one: a text, or a whole number as a text.

        Exporters write the id 7 as 7, "7" or 7.0, and not always in the same way.
        """
        value = self.get(key, (int, float, str), ID)
        text = _whole_number_text(value)
        if text in NO_IDS or not is_text(text):
            raise self.fault(key, f"is {shown(value)}, expected {ID}")
        return text

    def pixels(self, key: str) -> int:
        """A side of a photograph: a whole number above 0."""
        value = self.get(key, (int, float), "a number of pixels")
        if not 0 < value < MOST_PIXELS or value != int(value):  # also refuses nan
            raise self.fault(key, f"is {shown(value)}, expected a number of pixels")
        return int(value)

    def text(self, key: str, default: str | None = None) -> str:
        """A string, or a whole number as a string.

        Args:
            key: The key.
            default: Result if the key is missing or null; without it the key is
                required.
        """
        if default is not None and self.values.get(key) is None:
            return default
        text = _whole_number_text(self.get(key, (str, int, float), "a string"))
        if not is_text(text):
            raise self.fault(key, "holds a character that is not text")
        return text

    def choice(self, key: str, allowed: tuple[str, ...], default: str) -> str:
        """One of a few strings; the default if the key is missing or null."""
        value = self.text(key, default)
        if value not in allowed:
            expected = f"{', '.join(allowed[:-1])} or {allowed[-1]}"
            raise self.fault(key, f"is {shown(value)}, expected {expected}")
        return value

    def entries(self, key: str) -> list["Entry"]:
        """The entries of a list, each with its place in the file.

        What is no object becomes an entry of which no key can be read.
        """
        values = self.get(key, (list,), "a list")
        return [
            Entry(self.file, f"{key}[{i}]", value)
            if isinstance(value, dict)
            else _no_object(self.file, f"{key}[{i}]", value)
            for i, value in enumerate(values)
        ]


def gather(file: Path, read: Mapping[str, Callable[[], Any]]) -> dict[str, Any]:
    """Reads several values of an entry, so that one message names all that is wrong.

    Args:
        file: The file that holds the entry.
        read: Reads each value, by its name.

    Raises:
        BadEntry: Some raised it.
    """
    values, complaints = {}, []
    for name, value in read.items():
        try:
            values[name] = value()
        except BadEntry as error:
            complaints.append(error.complaint)
    if complaints:
        raise BadEntry(file, "; ".join(dict.fromkeys(complaints)))
    return values


def shown(value: object) -> str:
    """A value as JSON, shortened for a message."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."


def is_finite(value: float) -> bool:
    """Whether a number is neither infinite nor NaN, and within the range of floats."""
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number of more than 308 digits
        return False


def is_text(text: str) -> bool:
    """Whether a text can be written and printed: JSON can hold halves of characters."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _no_object(file: Path, where: str, value: object) -> Entry:
    return Entry(file, where, {}, f"{where} is {shown(value)}, expected an object")


def _whole_number_text(value: str | float) -> str:
    """A value as text; a whole number without ".0", as pandas writes ids."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def read_json_object(file: Path) -> Entry:
    """Reads the outermost object of a JSON file.

    Raises:
        BadDataset: The file is missing, cannot be read, or is no JSON object; invalid
            JSON is named with line and column.
    """
    if not os.path.lexists(file):
        raise BadDataset(
            f"There is no {file}.",
            "Write one in the dataset layout, or convert a published dataset with: "
            "tiefvision data import. A plain folder of photographs needs none for: "
            "tiefvision index, and: tiefvision data check --near.",
        )
    values = read_json(file)
    if not isinstance(values, dict):
        raise BadDataset(f"{file} holds {shown(values)}, expected an object.")
    return Entry(file, "", values)


def read_json(file: Path) -> Any:
    """Reads a JSON file in UTF-8, or in UTF-16 as PowerShell writes it.

    Raises:
        BadDataset: It cannot be read, or is no JSON.
    """
    try:
        return json.loads(read_file(file), parse_int=_number)
    except json.JSONDecodeError as error:
        place = f"{file}, line {error.lineno}, column {error.colno}"
        raise BadDataset(f"{place}: not JSON: {error.msg}.") from error
    except OSError as error:
        raise BadDataset(f"Cannot read {os_error_text(error, file)}") from error
    except UnicodeDecodeError as error:
        raise BadDataset(
            f"Cannot read {file}: byte {error.start} is not UTF-8.", "Save it as UTF-8."
        ) from error
    except RecursionError as error:
        raise BadDataset(
            f"Cannot read {file}: its lists or objects lie too deep in each other."
        ) from error


def _number(digits: str) -> float:
    """A whole number; one of more digits than Python converts costs its entry alone."""
    return int(digits) if len(digits) <= MOST_DIGITS else math.inf
