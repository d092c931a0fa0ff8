"""Tables that survive a narrow terminal, and paths shortened in the middle."""

import os
from pathlib import PurePath

import pytest

from tiefvision.cli import output
from tiefvision.cli.output import figure_text, fitted_widths, print_table, shorten_path

LONG = "/home/somebody/photographs of the street/2026/november/img_20261128_041644.jpg"


@pytest.fixture
def terminal(monkeypatch):
    """Pretends that stdout is a terminal of so many columns."""

    def use(columns):
        monkeypatch.setattr(output, "terminal_width", lambda: columns)

    return use


def printed(capsys, *table):
    print_table(*table)
    return capsys.readouterr().out.splitlines()


@pytest.mark.parametrize("width", [30, 40, 60, len(LONG) - 1])
def test_a_long_path_keeps_its_start_and_the_name_of_its_file(width):
    short = shorten_path(LONG, width)
    assert len(short) == width
    start, end = short.split("…")
    assert LONG.startswith(start) and start
    assert end == "/img_20261128_041644.jpg"


def test_a_path_that_fits_is_left_alone():
    assert shorten_path(LONG, len(LONG)) == LONG
    assert shorten_path(LONG, 0) == LONG


def test_of_a_name_that_is_too_long_both_ends_are_kept():
    assert shorten_path("/a/abcdefghijklmnop.jpg", 10) == "/a/…op.jpg"
    assert shorten_path("abcdefghijklmnop.jpg", 10) == "abc…op.jpg"
    assert shorten_path("/abcdefghijklmnop.jpg", 10) == "/ab…op.jpg"


def test_wide_letters_count_twice():
    short = shorten_path("/照片/很长的文件夹名字/街拍照片.jpg", 20)
    assert short == "/照片/…/街拍照片.jpg"


def test_columns_of_paths_give_way_first():
    assert fitted_widths([60, 20], [24, 8], [True, False], 60) == [40, 20]
    assert fitted_widths([60, 40], [24, 8], [True, False], 50) == [24, 26]
    assert fitted_widths([60, 40], [24, 30], [True, False], 50) is None
    assert fitted_widths([10, 40], [24, 8], [True, False], 50) == [10, 40]


def test_on_a_terminal_only_paths_are_shortened(terminal, capsys):
    terminal(64)
    rows = [(PurePath(LONG), "outfit", "212, 48, 414, 390", "0.78")]
    header, row = printed(capsys, ("photo", "category", "box", "score"), rows)
    assert header.split() == ["photo", "category", "box", "score"]
    rest = "/img_20261128_041644.jpg  outfit    212, 48, 414, 390   0.78"
    assert row.endswith(rest)
    assert "…" in row
    assert len(row) <= 64


def test_in_a_pipe_everything_is_whole(capsys):
    text = "many words " * 20
    rows = [(PurePath(LONG), text.strip(), 1)]
    assert printed(capsys, ("photo", "text", "number"), rows)[1].split("  ")[:2] == [
        LONG,
        text.strip(),
    ]


def test_numbers_are_aligned_right_and_never_cut(terminal, capsys):
    terminal(32)
    rows = [("a name of words", "1,056,003", "0.5"), ("b", "-", "10.25 %")]
    lines = printed(capsys, ("name", "parameters", "share"), rows)
    assert lines[0].endswith("parameters    share")
    assert lines[1].endswith(" 1,056,003      0.5")
    assert lines[-1].endswith("         -  10.25 %")
    assert all(len(line) <= 32 for line in lines)


def test_text_is_folded_at_words(terminal, capsys):
    terminal(40)
    rows = [("cuda", "no NVIDIA driver; networks run on the processor")]
    lines = printed(capsys, ("", ""), rows)
    assert [line.split("  ")[-1].strip() for line in lines] == [
        "no NVIDIA driver; networks run on",
        "the processor",
    ]


def test_a_row_that_cannot_fit_becomes_a_block(terminal, capsys):
    terminal(20)
    rows = [("cosine", "30,976", "0.444", "0.843"), ("deeprank", "512", "0.676", "")]
    assert printed(capsys, ("ranker", "embedding", "R@1", "R@5"), rows) == [
        "ranker: cosine",
        "embedding: 30,976",
        "R@1: 0.444",
        "R@5: 0.843",
        "",
        "ranker: deeprank",
        "embedding: 512",
        "R@1: 0.676",
    ]


NAMED = (
    ("name", "parameters", "trainable", "status"),
    [("mildnet_mobilenet_v2-quarter", "1,234,567", "1,234,000", "learns at first use")],
    ("name", "status"),
    ("trainable", "parameters"),
)


@pytest.mark.parametrize(
    ("columns", "left_out"),
    [(0, []), (80, []), (65, ["trainable"]), (60, ["trainable", "parameters"])],
)
def test_a_name_stays_whole_and_other_columns_go(terminal, capsys, columns, left_out):
    terminal(columns)
    assert print_table(*NAMED) == tuple(left_out)
    lines = capsys.readouterr().out.splitlines()
    assert not columns or max(map(len, lines)) <= columns
    assert lines[0].split() == [one for one in NAMED[0] if one not in left_out]
    assert lines[1].startswith("mildnet_mobilenet_v2-quarter  ")


def test_a_name_longer_than_the_terminal_is_in_a_block(terminal, capsys):
    terminal(24)
    assert print_table(*NAMED) == ()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "name: mildnet_mobilenet_v2-quarter" and len(lines) == 4


def test_a_table_without_rows_shows_its_headers(capsys):
    assert printed(capsys, ("ranker", "MiB"), []) == ["ranker  MiB"]


def test_a_name_that_is_not_text_is_printed(capsys):
    name = os.fsdecode(b"caf\xe9.jpg")
    print_table(("photo",), [(ascii(PurePath(name)),)])
    assert "caf" in capsys.readouterr().out


def test_sentences_are_folded_on_a_terminal_alone(terminal, capsys):
    output.print_text("one two three")
    terminal(8)
    output.print_text("one two three")
    assert capsys.readouterr().out == "one two three\none two\nthree\n"


def test_of_many_counts_the_first_are_named():
    counts = {name: number for number, name in enumerate("abcdef", start=1)}
    assert figure_text(counts) == "1 a, 2 b, 3 c, 4 d, 5 e, 6 f"
    assert figure_text(counts | {"g": 7}) == "1 a, 2 b, 3 c, 4 d, 5 e, 2 more"
