"""What the ids of a COCO list refer to; a bad id spoils only what refers to it."""

from typing import Generic, TypeVar

from tiefvision.datasets.entries import BadEntry, Entry, shown

Value = TypeVar("Value")


class Ids(Generic[Value]):
    """The entries of a list by their ids, for the references of other entries.

    An id that two different entries have refers to neither.
    """

    def __init__(self) -> None:
        self._values: dict[str, Value] = {}
        self._places: dict[str, str] = {}
        self._faults: dict[str, str] = {}

    def add(self, entry: Entry, value: Value) -> None:
        """Enter what the id of an entry refers to.

        Raises:
            BadEntry: The entry has no id that can be used, or that of another one.
        """
        number = entry.id("id")
        place = self._places.setdefault(number, entry.where)
        if number in self._faults or self._values.get(number, value) != value:
            self._values.pop(number, None)
            self._faults[number] = f"which {place} and {entry.where} have as their id"
            raise entry.fault("id", f"is {shown(entry.values['id'])} again, as {place}")
        self._values[number] = value

    def refuse(self, entry: Entry) -> None:
        """Enter that an entry was left out, so that its id refers to nothing."""
        try:
            number = entry.id("id")
        except BadEntry:
            return
        if self._places.setdefault(number, entry.where) == entry.where:
            self._faults[number] = f"but {entry.where} was left out"

    def of(self, entry: Entry, key: str) -> Value:
        """What a reference of an entry refers to.

        Raises:
            BadEntry: It is missing, or refers to nothing.
        """
        number = entry.id(key)
        if number not in self._values:
            fault = self._faults.get(number, "which no entry has as its id")
            raise entry.fault(key, f"is {shown(entry.values[key])}, {fault}")
        return self._values[number]
