"""Progress of long loops on stderr: a bar, a line now and then, or silence.

Library functions take a `Track` and wrap their long loops in it. The entry points
choose between `track` and `untracked` (`choose_track`).
"""

import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Protocol, TypeVar

T = TypeVar("T")

DELAY = 1.0
"""Seconds after which a bar appears; a shorter loop shows none."""

INTERVAL = 30.0
"""Seconds between two lines of progress where stderr is no terminal."""


class Track(Protocol):
    """A function that yields the items of a loop and may show its progress."""

    def __call__(self, items: Iterable[T], description: str, total: int) -> Iterator[T]:
        """Yield the items in their order.

        Args:
            items: items of the loop.
            description: label of the progress bar, such as "epoch 1 of 30".
            total: number of items.
        """
        ...


def untracked(items: Iterable[T], description: str, total: int) -> Iterator[T]:
    """Yield the items and show nothing; the default of library functions."""
    yield from items


def track(items: Iterable[T], description: str, total: int) -> Iterator[T]:
    """Yield the items and show a bar once the loop has taken longer than `DELAY`.

    The bar shows items per second and the time left, and disappears when the loop ends.
    If stderr is not a terminal, a line says the same every `INTERVAL`, so that logs
    stay readable.
    """
    if not sys.stderr.isatty():
        yield from _with_lines(items, description, total)
        return
    iterator = iter(items)
    started = time.monotonic()
    for done, item in enumerate(iterator, start=1):
        yield item
        if done < total and time.monotonic() - started > DELAY:
            yield from _with_bar(iterator, description, total, done)


def choose_track(*, quiet: bool) -> Track:
    """`untracked` if quiet, `track` otherwise."""
    return untracked if quiet else track


def _with_lines(items: Iterable[T], description: str, total: int) -> Iterator[T]:
    """Yield the items, and print a line every `INTERVAL`."""
    started = told = time.monotonic()
    for done, item in enumerate(items, start=1):
        yield item
        now = time.monotonic()
        if done < total and now - told >= INTERVAL:
            told, rate = now, done / (now - started)
            left = _duration((total - done) / rate)
            line = f"{description}: {done} of {total}, {rate:.1f}/s, {left} left\n"
            with suppress(OSError):  # nobody reads there, which is no reason to stop
                sys.stderr.write(line)
                sys.stderr.flush()


def _duration(seconds: float) -> str:
    """A time to wait, as precise as anyone needs it, such as "12 min"."""
    minutes = round(seconds / 60)
    if minutes < 1:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 100 else f"{minutes / 60:.0f} h"


def _with_bar(
    items: Iterator[T], description: str, total: int, done: int
) -> Iterator[T]:
    # Imported here because rich takes a tenth of a second, which silent runs save.
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
        """A column with the items per second."""

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
