"""Which pictures a terminal draws; a pseudo-terminal stands for one."""

import os
import threading

import pytest

from tiefvision.cli.terminals import ATTRIBUTES, ask_attributes, choose_protocol


def never():
    raise AssertionError("The terminal was asked.")


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"TERM": "xterm-kitty"}, "kitty"),
        ({"TERM": "xterm-256color", "KITTY_WINDOW_ID": "1"}, "kitty"),
        ({"TERM": "xterm-ghostty"}, "kitty"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "ghostty"}, "kitty"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"}, "iterm2"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "WezTerm"}, "iterm2"),
    ],
)
def test_a_terminal_that_is_known_is_not_asked(environment, expected):
    assert choose_protocol(environment, never) == expected


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"TERM": "xterm-256color", "TERM_PROGRAM": "Apple_Terminal"},
        # A multiplexer passes variables on, but no pictures.
        {"TERM": "tmux-256color", "KITTY_WINDOW_ID": "1"},
        {"TERM": "screen", "TERM_PROGRAM": "iTerm.app"},
    ],
)
def test_any_other_is_asked_for_sixels(environment):
    assert choose_protocol(environment, lambda: True) == "sixel"
    assert choose_protocol(environment, lambda: False) == ""


def test_a_dumb_terminal_is_not_asked():
    assert choose_protocol({"TERM": "dumb"}, never) == ""


def answer_of(told, patience=60.0):
    """The attributes read from a pseudo-terminal that answers with ``told``."""
    termios = pytest.importorskip("termios")
    terminal, program = os.openpty()
    before = termios.tcgetattr(program)

    def answer():
        asked = b""
        while ATTRIBUTES not in asked:
            asked += os.read(terminal, 100)
        if told:
            os.write(terminal, told)

    answering = threading.Thread(target=answer)
    answering.start()
    try:
        found = ask_attributes(program, program, patience)
        assert termios.tcgetattr(program) == before
        return found
    finally:
        answering.join()
        os.close(terminal)
        os.close(program)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (b"\x1b[?62;4;22c", ["62", "4", "22"]),
        (b"\x1b[?1;2c", ["1", "2"]),
        (b"typed\x1b[?6c", ["6"]),
    ],
)
def test_a_terminal_tells_its_attributes(told, expected):
    assert answer_of(told) == expected


@pytest.mark.parametrize("told", [b"", b"\x1b[?62;4", b"rubbish"])
def test_a_terminal_that_does_not_answer_is_not_waited_for(told):
    assert answer_of(told, patience=0.05) == []
