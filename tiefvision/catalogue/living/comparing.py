"""What has to be done so that a catalogue holds what was listed: new, changed, gone."""

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tiefvision.catalogue.living.ledger import Facts, KnownPhoto, Stamp
from tiefvision.workspace.provenance import file_hash

Stated = Callable[[str], Stamp | None]
"""Function from a file to its state; None if it is missing."""

Hashed = Callable[[str], str]
"""Function from a file to the SHA-256 of its content; "" if it cannot be read."""


@dataclass(frozen=True)
class Wanted:
    """A photograph that has to get a new row.

    Attributes:
        file: absolute path.
        content: SHA-256 of its content; "" if it cannot be read.
        stamp: state of the file.
        facts: what the catalogue tells of it.
    """

    file: str
    content: str
    stamp: Stamp
    facts: Facts


@dataclass
class Difference:
    """What differs between a catalogue and what was listed.

    Attributes:
        new: photographs that the catalogue does not hold.
        changed: photographs whose content, or what is told of them, differs.
        touched: photographs whose file changed its state and not its content.
        kept: number of photographs that are as they were, with those touched.
    """

    new: list[Wanted] = field(default_factory=list)
    changed: list[Wanted] = field(default_factory=list)
    touched: list[Wanted] = field(default_factory=list)
    kept: int = 0


def stamp_of(file: str) -> Stamp | None:
    """The state of a file; None if it is missing.

    The time of change is among it, since a program can set the time of modification.
    """
    try:
        facts = os.stat(file)  # noqa: PTH116 - called for every file of a catalogue
    except (OSError, ValueError):
        return None
    return facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns


def hash_of(file: str) -> str:
    """SHA-256 of a file's content; "" if it cannot be read."""
    try:
        return file_hash(Path(file))
    except OSError:
        return ""  # whoever opens the photograph tells why


def compare(
    known: Mapping[str, KnownPhoto],
    listed: Iterable[tuple[str, Facts]],
    hashed: Hashed = hash_of,
    stated: Stated = stamp_of,
) -> Difference:
    """Compare what a catalogue holds with what was listed.

    The content decides; it is read where the state of a file differs.

    Args:
        known: photographs of the catalogue by file.
        listed: files that were listed, and what is told of each.
        hashed: reads the content of a file.
        stated: reads the state of a file.
    """
    difference = Difference()
    for file, facts in listed:
        before, stamp = known.get(file), stated(file)
        if before and before.stamp == stamp and before.facts == facts:
            difference.kept += 1
            continue
        content = hashed(file) if stamp else ""
        wanted = Wanted(file, content, stamp or (0, 0, 0), facts)
        if before is None:
            difference.new.append(wanted)
        elif (before.content, before.facts) == (content, facts):
            difference.kept += 1
            difference.touched.append(wanted)
        else:
            difference.changed.append(wanted)
    return difference
