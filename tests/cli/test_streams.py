"""Closed streams, full ones, readers that have gone, and names that are not text."""

import json
import os
from pathlib import Path, PurePath

import pytest

from tiefvision.cli.output import print_line, print_table, print_text
from tiefvision.cli.running import BAD_USAGE, DONE, FAILED, READER_GONE, say
from tiefvision.escaping import UNSAFE, escaped, escaped_json

RUN = """
import os, sys
from tiefvision.cli.main import app
from tiefvision.cli.running import guarded
{before}
code = guarded(app, arguments)
{after}
sys.exit(code)
"""

CLOSE = """
for number, name in ((0, "stdin"), (1, "stdout"), (2, "stderr")):
    if number in numbers:
        os.close(number)
        setattr(sys, name, None)
"""

NO_READER = """
for number in numbers:
    reading, writing = os.pipe()
    os.dup2(writing, number)
    os.close(reading)
    os.close(writing)
"""


@pytest.mark.parametrize("numbers", [(1,), (2,), (1, 2), (0, 1, 2)], ids=str)
@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("models",), DONE),
        (("models", "--json"), DONE),
        (("--version",), DONE),
        (("--help",), DONE),
        (("nosuch",), BAD_USAGE),
        (("search", "nothing.jpg", "--workspace", "nowhere"), FAILED),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_closed_stream_stops_nothing(processes, numbers, arguments, code):
    check = "number = os.open(os.devnull, os.O_RDONLY)\nassert number > 2, number"
    program = RUN.format(before=CLOSE, after=check)
    outcome = processes.run(program, numbers=numbers, arguments=arguments)
    assert outcome.code == code, outcome.stderr
    assert "Traceback" not in outcome.stderr
    if 1 not in numbers and code == DONE:
        assert outcome.stdout
    if 2 not in numbers and code != DONE:
        assert "Error" in outcome.stderr


@pytest.mark.parametrize(
    ("arguments", "numbers", "code"),
    [
        (("models",), (1,), READER_GONE),
        (("models", "--json"), (1, 2), READER_GONE),
        (("--version",), (1,), READER_GONE),
        (("--help",), (1,), READER_GONE),
        (("nosuch",), (1, 2), BAD_USAGE),
        (("search", "nothing.jpg", "--workspace", "nowhere"), (2,), FAILED),
    ],
    ids=str,
)
def test_a_reader_that_has_gone_ends_it_quietly(processes, arguments, numbers, code):
    program = RUN.format(before=NO_READER, after="")
    outcome = processes.run(program, numbers=numbers, arguments=arguments)
    assert (outcome.code, outcome.stderr) == (code, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("arguments", [("models", "--json"), ("--help",), ("models",)])
def test_standard_output_that_is_full_is_named(processes, arguments):
    full = "os.dup2(os.open('/dev/full', os.O_WRONLY), 1)"
    outcome = processes.run(RUN.format(before=full, after=""), arguments=arguments)
    assert outcome.code == FAILED
    assert outcome.stderr.startswith("Error: ")
    assert "standard output" in outcome.stderr
    assert len(outcome.stderr.splitlines()) == 1


NAMES = {
    "new\nline.jpg": "new\\nline.jpg",
    "tab\there.jpg": "tab\\there.jpg",
    "esc\x1b[31mred.jpg": "esc\\x1b[31mred.jpg",
    "c1\x9b31m.jpg": "c1\\x9b31m.jpg",
    "bell\a\x7f.jpg": "bell\\x07\\x7f.jpg",
    "turned\u202egpj.exe": "turned\\u202egpj.exe",
    "line\u2028.jpg": "line\\u2028.jpg",
    "lat\udce9n.jpg": "lat\\udce9n.jpg",
    "👩\u200d👧 été 服.jpg": "👩\u200d👧 été 服.jpg",
    "back\\slash.jpg": "back\\slash.jpg",
}


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_a_name_cannot_command_the_terminal(name, capsys, caplog):
    shown = NAMES[name]
    assert escaped(name) == shown
    assert escaped(shown) == shown
    say(f"Skipped: {name} is empty.")
    assert capsys.readouterr().err == f"Skipped: {shown} is empty.\n"
    print_text(f"The page is {name}.")
    assert capsys.readouterr().out == f"The page is {shown}.\n"
    print_table(("photo", "names"), [(PurePath(name), (1, name, name)), (name, "")])
    table = capsys.readouterr().out
    assert [line.split("  ")[0].rstrip() for line in table.splitlines()] == [
        *("photo", shown, "", "", shown)
    ]
    assert table.count(shown) == 4 and not UNSAFE.search(table.replace("\n", ""))


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_json_holds_the_same_name(name, capsys):
    print_line({"photo": name})
    line = capsys.readouterr().out
    assert json.loads(line) == {"photo": name}
    assert line.count("\n") == 1 and not UNSAFE.search(line[:-1])
    assert escaped_json(json.dumps(name)) == json.dumps(name)


def test_usage_errors_and_logs_are_escaped(processes):
    name = "red\x1b[31m\nline"
    outcome = processes.run(
        RUN.format(
            before="",
            after="import logging\nlogging.getLogger('tiefvision').warning('%s', name)",
        ),
        arguments=["search", "photo.jpg", "--box", name],
        name=name,
    )
    assert outcome.code == BAD_USAGE
    assert "red\\x1b[31m\\nline" in outcome.stderr.replace("│", "")
    assert "\nWARNING: red\\x1b[31m\\nline\n" in outcome.stderr
    assert "\x1b" not in outcome.stderr


def test_a_traceback_in_the_log_keeps_its_lines(processes):
    outcome = processes.run(
        RUN.format(
            before="",
            after="import logging\ntry:\n    1 / 0\nexcept ZeroDivisionError:\n"
            "    logging.getLogger('tiefvision').exception('bad')",
        ),
        arguments=["--version"],
    )
    assert outcome.stderr.startswith("ERROR: bad\nTraceback")


@pytest.mark.parametrize(
    "environment",
    [
        {"LC_ALL": "C"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"PYTHONIOENCODING": "ascii"},
        {"PYTHONIOENCODING": "latin-1:strict"},
    ],
    ids=str,
)
def test_any_encoding_tells_any_name(environment, tmp_path, run_module):
    names = [
        b"\xc3\xa9t\xc3\xa9 \xf0\x9f\x91\x97.jpg",
        b"lat\xe9n.jpg",
        b"new\nline.jpg",
    ]
    files = [os.fsencode(tmp_path) + b"/" + name for name in names]
    for file in files:
        try:
            Path(os.fsdecode(file)).write_bytes(b"")
        except OSError:
            pytest.skip("This file system takes no such names.")
    text = run_module("locate", *files, environment=environment)
    assert text.returncode == 3
    assert text.stderr.count(b"Skipped: ") == 3 and b"new\\nline.jpg" in text.stderr
    assert b"Traceback" not in text.stderr
    lines = run_module("locate", "--json", *files, environment=environment)
    assert lines.returncode == 3
    assert len(lines.stdout.splitlines()) == 3
    for line in lines.stdout.splitlines():
        assert "it is empty" in json.loads(line)["error"]
