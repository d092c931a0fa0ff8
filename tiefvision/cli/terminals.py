"""Which pictures the terminal can draw, if any."""

import os
import select
import sys
import time
from collections.abc import Callable, Mapping
from typing import Literal

Protocol = Literal["kitty", "iterm2", "sixel", ""]
"""How a terminal is sent pictures; "" if it draws none."""

BY_PROGRAM: Mapping[str, Protocol] = {
    "ghostty": "kitty",
    "iTerm.app": "iterm2",
    "WezTerm": "iterm2",
}
"""Terminals by TERM_PROGRAM."""

KITTY_TERMS = ("xterm-kitty", "xterm-ghostty")
"""Terminals by TERM."""

MULTIPLEXERS = ("screen", "tmux")
"""Beginnings of TERM inside a multiplexer, which keeps variables of the terminal around
it, and hides its pictures."""

PATIENCE = 0.3
"""Seconds that a terminal has to answer; one far away takes a tenth of a second."""

ATTRIBUTES = b"\x1b[c"
"""The question for a terminal's attributes (DA1), which every terminal answers."""

SIXEL = "4"
"""The attribute of a terminal that draws sixels."""

MOST_ANSWER = 200
"""Bytes of an answer that are read at most."""


def pictures_of_terminal() -> Protocol:
    """How the terminal that is stdout is sent pictures; "" in a pipe."""
    if not sys.stdout.isatty():
        return ""
    return choose_protocol(os.environ, _asks_sixel)


def choose_protocol(
    environment: Mapping[str, str], draws_sixels: Callable[[], bool]
) -> Protocol:
    """How a terminal is sent pictures.

    Args:
        environment: environment variables.
        draws_sixels: asks the terminal; it is called where nothing else is known.
    """
    term = environment.get("TERM", "")
    if not term.startswith(MULTIPLEXERS):
        if term in KITTY_TERMS or environment.get("KITTY_WINDOW_ID"):
            return "kitty"
        known = BY_PROGRAM.get(environment.get("TERM_PROGRAM", ""), "")
        if known:
            return known
    return "sixel" if term != "dumb" and draws_sixels() else ""


def ask_attributes(reader: int, writer: int, patience: float = PATIENCE) -> list[str]:
    """The attributes of a terminal; [] if it does not answer in time.

    Args:
        reader: descriptor of the terminal's input; what was typed meanwhile is lost.
        writer: descriptor of its output.
        patience: seconds to wait.
    """
    import termios
    import tty

    before = termios.tcgetattr(reader)
    try:
        tty.setcbreak(reader)  # without echo, and without waiting for a line
        os.write(writer, ATTRIBUTES)
        answer = _read_answer(reader, time.monotonic() + patience)
    finally:
        termios.tcsetattr(reader, termios.TCSANOW, before)
    _, _, told = answer.partition(b"\x1b[?")
    attributes, ended, _ = told.partition(b"c")
    return attributes.decode("ascii", "replace").split(";") if ended else []


def _read_answer(reader: int, until: float) -> bytes:
    answer = b""
    while len(answer) < MOST_ANSWER and not answer.endswith(b"c"):
        left = max(0.0, until - time.monotonic())
        ready, _, _ = select.select([reader], [], [], left)
        if not ready:
            break
        read = os.read(reader, MOST_ANSWER)
        if not read:
            break
        answer += read
    return answer


def _asks_sixel() -> bool:
    if sys.stdin is None or not sys.stdin.isatty():
        return False
    try:
        attributes = ask_attributes(sys.stdin.fileno(), sys.stdout.fileno())
    except (ImportError, OSError):  # Windows has no termios
        return False
    return SIXEL in attributes[1:]
