"""JSON objects with typed access: a complaint names the file, the entry and the key."""

import json
import math
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from tiefvision.errors import BadDataset

Key = TypeVar("Key", bound=Hashable)

_SHOWN = 60
"""Characters of a wrong value in a message."""


@dataclass(frozen=True)
class Entry:
    """A JSON object and where it stands.

    Attributes:
        file: The file it was read from.
        where: Such as ``annotations[12]``; "" for the file's outermost object.
        values: Its keys and values, unchecked.
    """

    file: Path
    where: str
    values: Mapping[str, Any]

    def fault(self, key: str, complaint: str) -> BadDataset:
        """The error about one key, to be raised."""
        place = f"{self.where}.{key}" if self.where else key
        return BadDataset(f"{self.file}: {place} {complaint}.")

    def get(self, key: str, kinds: tuple[type, ...], expected: str) -> Any:
        """The value of a key that must be there, of one of these types."""
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
        """A string, or a whole number written out; the default if there is one."""
        if default is not None and self.values.get(key) is None:
            return default
        return str(self.get(key, (str, int), "a string"))

    def choice(self, key: str, allowed: tuple[str, ...], default: str) -> str:
        """One of a few strings; the default where the key is missing."""
        value = self.text(key, default)
        if value not in allowed:
            expected = f"{', '.join(allowed[:-1])} or {allowed[-1]}"
            raise self.fault(key, f"is {shown(value)}, expected {expected}")
        return value

    def entries(self, key: str) -> list["Entry"]:
        """The objects of a list."""
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
    """Whether a number is one, and within the range of floats."""
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number of more than 308 digits
        return False


def by_key(
    entries: Iterable[Entry], key: str, read: Callable[[Entry], Key]
) -> dict[Key, Entry]:
    """Entries by a key whose value must not repeat."""
    found: dict[Key, Entry] = {}
    for entry in entries:
        value = read(entry)
        if value in found:
            raise entry.fault(key, f"is {shown(value)} again, as {found[value].where}")
        found[value] = entry
    return found


def read_json_object(file: Path) -> Entry:
    """The outermost object of a JSON file.

    Raises:
        BadDataset: Naming the line and column where the file stops being JSON.
    """
    try:
        values = json.loads(file.read_bytes().decode("utf-8-sig"))
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
