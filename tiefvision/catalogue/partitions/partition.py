"""Partitions: the unit of work when many photographs are described."""

import hashlib
import json
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tiefvision.catalogue.living.comparing import hash_of, stamp_of
from tiefvision.catalogue.living.ledger import Stamp
from tiefvision.ranking.needs import Need

SIZE = 128
"""Photographs of a partition: some ten seconds of encoding, and 4 MB of maps. A worker
that dies loses no more than that, and the last ones end about together."""


@dataclass(frozen=True)
class Photograph:
    """A photograph that is to be described.

    Attributes:
        path: path as annotations and messages write it.
        file: absolute path.
        content: SHA-256 of its content; "" if it could not be read.
        stamp: state of the file when the content was read.
    """

    path: str
    file: str
    content: str
    stamp: Stamp

    @property
    def name(self) -> str:
        """Name in a shard: what it shows, so that any photograph of it is described."""
        return self.content or self.path

    @property
    def is_as_it_was(self) -> bool:
        """Whether what can be read now is the content that was hashed before."""
        if not self.content:  # it can be read only now
            return False
        same = stamp_of(self.file) == self.stamp
        return same or hash_of(self.file) == self.content

    @property
    def changed(self) -> str:
        """What is told of a photograph that is not as it was."""
        return f"{self.path} has changed meanwhile: run again."


@dataclass(frozen=True)
class Partition:
    """Some photographs that one worker describes in one go.

    Attributes:
        key: key of the collection that they are for.
        needs: parts that rankers read.
        photos: the photographs.
    """

    key: str
    needs: tuple[Need, ...]
    photos: tuple[Photograph, ...]

    @property
    def name(self) -> str:
        """Name from all that decides what is made: equal work has an equal name."""
        return hashlib.sha256(json.dumps(self.to_record()).encode()).hexdigest()[:24]

    def to_record(self) -> dict[str, Any]:
        """The partition as values of JSON types."""
        return asdict(self)

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> "Partition":
        """A partition from its record."""
        photos = tuple(
            Photograph(**{**photo, "stamp": tuple(photo["stamp"])})
            for photo in record["photos"]
        )
        return cls(record["key"], tuple(record["needs"]), photos)


def cut(
    key: str, needs: Collection[Need], photos: Sequence[Photograph]
) -> list[Partition]:
    """Cut photographs into partitions, in their order.

    Args:
        key: key of the collection.
        needs: parts that rankers read.
        photos: photographs that are to be described.
    """
    parts = [photos[start : start + SIZE] for start in range(0, len(photos), SIZE)]
    return [Partition(key, tuple(sorted(needs)), tuple(part)) for part in parts]
