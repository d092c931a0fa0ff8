"""Standard streams as a command finds them: closed, full, or with nobody reading."""

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from tiefvision.files import naming

STDOUT = Path("standard output")
"""The name of standard output in errors."""

STREAMS = ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w"))


def open_streams() -> None:
    """Put the null device where a standard stream is closed, as cron may leave it.

    Python has None in its place. Worse, the next file that is opened takes its number,
    and what a library prints goes into that file.
    """
    for number, name, mode in STREAMS:
        try:
            os.fstat(number)
        except OSError:
            # The lowest number that is free is this one: those below are open.
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
        if getattr(sys, name) is None:
            stream = open(number, mode, encoding="utf-8", closefd=False)  # noqa: SIM115
            setattr(sys, name, stream)


@contextmanager
def named_output() -> Iterator[None]:
    """In this block errors of standard output name it, and no character is an error.

    A character that its encoding lacks is written as an escape. The streams of before
    are back after the block; Typer puts wrappers in their place when nobody reads.
    """
    streams = sys.stdout, sys.stderr
    stdout = None
    if isinstance(sys.stdout, io.TextIOWrapper):
        settle(sys.stdout)
        stdout = sys.stdout = _Output(
            sys.stdout.buffer,
            encoding=sys.stdout.encoding,
            errors="backslashreplace",
            line_buffering=sys.stdout.line_buffering,
        )
    try:
        yield
    finally:
        sys.stdout, sys.stderr = streams
        if stdout:
            settle(stdout)
            stdout.detach()


class _Output(io.TextIOWrapper):
    def write(self, text: str) -> int:
        with naming(STDOUT):
            return super().write(text)

    def flush(self) -> None:
        with naming(STDOUT):
            super().flush()


def settle(stream: TextIO) -> OSError | None:
    """Empty the buffer of a stream; where that fails, into the null device.

    Python would try it again when it ends, print a traceback and end with 120.

    Returns:
        Why the stream takes nothing more; None if it does.
    """
    try:
        stream.flush()
    except OSError as error:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
        stream.flush()
        return error
    return None
