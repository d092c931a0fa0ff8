"""``search --preview``: pictures in a terminal that draws them, else a sentence."""

import base64
import io
import re

import pytest
from PIL import Image

from tiefvision.cli import previews
from tiefvision.cli.running import BAD_USAGE, DONE
from tiefvision.report.strips import CELL


def test_a_pipe_gets_a_sentence_and_the_table(tiefvision, trained, street):
    plain = tiefvision("search", street[0], "--workspace", trained, "--quiet")
    spoken = tiefvision("search", street[0], "--workspace", trained, "--preview")
    assert spoken.code == DONE and spoken.out == plain.out
    assert "\x1b" not in spoken.out and previews.NO_PICTURES in spoken.err


@pytest.mark.parametrize("protocol", ["kitty", "iterm2", "sixel"])
def test_each_garment_has_its_row_of_pictures_before_its_table(
    tiefvision, trained, street, monkeypatch, protocol
):
    monkeypatch.setattr(previews, "pictures_of_terminal", lambda: protocol)
    monkeypatch.setenv("COLUMNS", "60")
    arguments = ("search", street[0], "--workspace", trained)
    tables = tiefvision(*arguments, "--quiet").out
    spoken = tiefvision(*arguments, "--preview")
    pattern = r"\x1b(?:_G.*?m=0;.*?\x1b\\|\]1337;.*?\x07|P0;1q.*?\x1b\\)\n"
    rows = re.findall(pattern, spoken.out, re.DOTALL)
    assert re.sub(pattern, "", spoken.out, flags=re.DOTALL) == tables
    assert len(rows) == tables.count(f"{street[0]}: ")
    assert spoken.out.startswith("\x1b")
    # The query and as many hits as fit into 60 columns.
    if protocol == "iterm2":
        content = base64.b64decode(rows[0].split(":", 1)[1].rstrip("\x07\n"))
        assert Image.open(io.BytesIO(content)).size == (5 * CELL[0], CELL[1])
        assert "width=60;height=8" in rows[0]
    elif protocol == "sixel":
        assert f'"1;1;{5 * CELL[0]};{CELL[1]}' in rows[0]
    else:
        assert "c=60,r=8" in rows[0]


def test_no_more_pictures_than_results(tiefvision, trained, street, monkeypatch):
    monkeypatch.setattr(previews, "pictures_of_terminal", lambda: "kitty")
    monkeypatch.setenv("COLUMNS", "400")
    arguments = ("search", street[0], "--workspace", trained, "--whole", "--k", "2")
    assert "c=36,r=8" in tiefvision(*arguments, "--preview").out


def test_json_and_pictures_exclude_each_other(tiefvision, trained, street):
    spoken = tiefvision(
        *("search", street[0], "--workspace", trained, "--preview", "--json")
    )
    assert spoken.code == BAD_USAGE and "exclude each other" in spoken.err
