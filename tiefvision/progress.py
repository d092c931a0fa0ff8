"""Progress of long loops: a bar on stderr, or silence.

Library code takes a `Track` and wraps its long loops in it; the entry points choose
which. Nothing else in the library shows progress.
"""

import sys
import time
from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar

T = TypeVar("T")

DELAY = 1.0
"""Seconds before a bar appears: shorter loops need none."""


class Track(Protocol):
    """Hands the items on, one by one, and may show how far it has come."""

    def __call__(self, items: Iterable[T], description: str, total: int) -> Iterator[T]:
        """The items in their order; ``total`` is how many there are."""
        ...


def untracked(items: Iterable[T], description: str, total: int) -> Iterator[T]:
    """Shows nothing: the default of library functions."""
    yield from items


def track(items: Iterable[T], description: str, total: int) -> Iterator[T]:
    """A bar with rate and time left, once the loop has taken longer than `DELAY`.

    Shows nothing where stderr is not a terminal, so that logs stay readable.
    """
    if not sys.stderr.isatty():
        yield from items
        return
    iterator = iter(items)
    started = time.monotonic()
    for done, item in enumerate(iterator, start=1):
        yield item
        if time.monotonic() - started > DELAY:
            yield from _with_bar(iterator, description, total, done)


def choose_track(*, quiet: bool) -> Track:
    """`untracked` if quiet, else `track`."""
    return untracked if quiet else track


def _with_bar(
    items: Iterator[T], description: str, total: int, done: int
) -> Iterator[T]:
    # Imported here: rich costs a tenth of a second that silent runs need not pay.
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        Task,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    class RateColumn(ProgressColumn):
        """Items a second."""

        def render(self, task: Task) -> Text:
            return Text("" if task.speed is None else f"{task.speed:.1f}/s")

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        RateColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(description, total=total, completed=done)
        for item in items:
            yield item
            progress.advance(task)
