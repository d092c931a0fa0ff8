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


def test_nothing_is_shown_if_stderr_is_no_terminal(monkeypatch, capsys):
    monkeypatch.setattr(progress, "DELAY", -1.0)
    assert list(track(range(5), "Counting", 5)) == [0, 1, 2, 3, 4]
    assert capsys.readouterr() == ("", "")


def test_quiet_chooses_untracked():
    assert choose_track(quiet=True) is untracked
    assert choose_track(quiet=False) is track
