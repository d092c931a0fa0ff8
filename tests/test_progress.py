import io
import sys

import pytest

from tiefvision import progress
from tiefvision.progress import choose_track, track, untracked


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def use_terminal(monkeypatch):
    """To be called in the test: pytest replaces stderr between set-up and test."""
    stderr = Terminal()
    monkeypatch.setattr(sys, "stderr", stderr)
    monkeypatch.setenv("TERM", "xterm")
    return stderr


@pytest.mark.parametrize("wrap", [track, untracked])
def test_the_items_come_through_in_order(wrap):
    assert list(wrap(range(5), "Counting", 5)) == [0, 1, 2, 3, 4]


def test_a_short_loop_shows_nothing(monkeypatch):
    terminal = use_terminal(monkeypatch)
    assert list(track(range(5), "Counting", 5)) == [0, 1, 2, 3, 4]
    assert terminal.getvalue() == ""


def test_a_long_loop_shows_a_bar_and_loses_no_item(monkeypatch):
    terminal = use_terminal(monkeypatch)
    monkeypatch.setattr(progress, "DELAY", -1.0)
    assert list(track(range(9), "Counting", 9)) == list(range(9))
    assert "Counting" in terminal.getvalue()
    assert "9/9" in terminal.getvalue()


def test_no_bar_appears_when_nothing_is_left_to_do(monkeypatch):
    terminal = use_terminal(monkeypatch)
    monkeypatch.setattr(progress, "DELAY", -1.0)
    assert list(track(["only one"], "Locating", 1)) == ["only one"]
    assert terminal.getvalue() == ""


def test_a_short_loop_shows_nothing_if_stderr_is_no_terminal(monkeypatch, capsys):
    monkeypatch.setattr(progress, "DELAY", -1.0)
    assert list(track(range(5), "Counting", 5)) == [0, 1, 2, 3, 4]
    assert capsys.readouterr() == ("", "")


def test_a_line_every_half_minute_if_stderr_is_no_terminal(monkeypatch, capsys):
    clock = iter([0, 10, 20, 31, 45, 61, 70])  # seconds: at the start, after each item
    monkeypatch.setattr("time.monotonic", lambda: float(next(clock)))
    assert list(track(range(6), "Counting", 200)) == list(range(6))
    lines = [
        "Counting: 3 of 200, 0.1/s, 34 min left",
        "Counting: 5 of 200, 0.1/s, 40 min left",
    ]
    assert capsys.readouterr() == ("", "".join(f"{line}\n" for line in lines))


def test_no_line_tells_that_all_is_done(monkeypatch, capsys):
    clock = iter([0, 40])
    monkeypatch.setattr("time.monotonic", lambda: float(next(clock)))
    assert list(track(range(1), "Counting", 1)) == [0]
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(4.4, "4 s"), (29, "29 s"), (45, "1 min"), (5400, "90 min"), (9000, "2 h")],
)
def test_a_duration_is_told_as_precisely_as_anyone_needs_it(seconds, text):
    assert progress._duration(seconds) == text


def test_quiet_chooses_untracked():
    assert choose_track(quiet=True) is untracked
    assert choose_track(quiet=False) is track
