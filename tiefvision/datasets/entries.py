"""JSON objects with typed access, whose errors name the file, the entry and the key."""

import json
import math
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from tiefvision.errors import BadDataset
from tiefvision.files import read_file

Key = TypeVar("Key", bound=Hashable)

_SHOWN = 60
"""Characters of a wrong value that a message shows."""


@dataclass(frozen=True)
class Entry:
    """A JSON object and its place in a file.

    Attributes:
        file: The file that holds it.
        where: Place of the object, such as ``annotations[12]``; "" for the outermost
            object.
        values: Keys and unchecked values.
    """

    file: Path
    where: str
    values: Mapping[str, Any]

    def fault(self, key: str, complaint: str) -> BadDataset:
        """Makes the error about one key, for the caller to raise."""
        place = f"{self.where}.{key}" if self.where else key
        return BadDataset(f"{self.file}: {place} {complaint}.")

    def get(self, key: str, kinds: tuple[type, ...], expected: str) -> Any:
        """The value of a required key, of one of these types.

        Args:
            key: The key.
            kinds: Accepted types; a boolean is never accepted as a number.
            expected: The accepted values in the words of a message, such as "a list".

        Raises:
            BadDataset: The key is missing, or its value has another type.
        """
        if key not in self.values:
            raise self.fault(key, f"is missing, expected {expected}")
        value = self.values[key]
        if not isinstance(value, kinds) or isinstance(value, bool):
            raise self.fault(key, f"is {shown(value)}, expected {expected}")
        return value

    def number(self, key: str) -> int:
        """A whole number, such as an id."""
        return int(self.get(key, (int,), "a whole number"))

    def pixels(self, key: str) -> int:
        """A side of a photograph: a whole number above 0."""
        value = self.get(key, (int, float), "a number of pixels")
        if not is_finite(value) or value != int(value) or value <= 0:
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
        return str(self.get(key, (str, int), "a string"))

    def choice(self, key: str, allowed: tuple[str, ...], default: str) -> str:
        """One of a few strings; the default if the key is missing or null."""
        value = self.text(key, default)
        if value not in allowed:
            expected = f"{', '.join(allowed[:-1])} or {allowed[-1]}"
            raise self.fault(key, f"is {shown(value)}, expected {expected}")
        return value

    def entries(self, key: str) -> list["Entry"]:
        """The objects of a list, each with its place in the file."""
        values = self.get(key, (list,), "a list")
        for i, value in enumerate(values):
            if not isinstance(value, dict):
                place = f"{self.file}: {key}[{i}]"
                raise BadDataset(f"{place} is {shown(value)}, expected an object.")
        return [Entry(self.file, f"{key}[{i}]", v) for i, v in enumerate(values)]


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


def by_key(
    entries: Iterable[Entry], key: str, read: Callable[[Entry], Key]
) -> dict[Key, Entry]:
    """The entries by the value of a key that must not repeat.

    Args:
        entries: The entries.
        key: Name of the key, for the message.
        read: Reads the value of the key from an entry.

    Raises:
        BadDataset: A value repeats.
    """
    found: dict[Key, Entry] = {}
    for entry in entries:
        value = read(entry)
        if value in found:
            raise entry.fault(key, f"is {shown(value)} again, as {found[value].where}")
        found[value] = entry
    return found


def read_json_object(file: Path) -> Entry:
    """Reads the outermost object of a JSON file.

    Raises:
        BadDataset: The file is missing, cannot be read, or is no JSON object; invalid
            JSON is named with line and column.
    """
    try:
        values = json.loads(read_file(file).decode("utf-8-sig"))
    except FileNotFoundError as error:
        raise BadDataset(
            f"There is no {file}.",
            "Write one in the dataset layout, or convert a published dataset with: "
            "tiefvision data import",
        ) from error
    except json.JSONDecodeError as error:
        place = f"{file}, line {error.lineno}, column {error.colno}"
        raise BadDataset(f"{place}: not JSON: {error.msg}.") from error
    except (OSError, ValueError, RecursionError) as error:
        raise BadDataset(f"Cannot read {file}: {error}.") from error
    if not isinstance(values, dict):
        raise BadDataset(f"{file} holds {shown(values)}, expected an object.")
    return Entry(file, "", values)
