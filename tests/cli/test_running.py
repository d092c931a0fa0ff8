"""Options, messages and exit codes that all commands share."""

import tomllib
from pathlib import Path

import pytest
import typer

from tiefvision.cli.running import (
    BAD_USAGE,
    DONE,
    FAILED,
    INTERRUPTED,
    guarded,
)
from tiefvision.devices import choose_device
from tiefvision.errors import TiefVisionError

COMMANDS = ("locate", "index", "search", "compare", "models", "doctor", "data")


def app_that(raises):
    app = typer.Typer()

    @app.command()
    def command() -> None:
        raise raises

    return app


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (
            TiefVisionError("It is bad.", "Mend it."),
            FAILED,
            "Error: It is bad. Mend it.",
        ),
        (KeyboardInterrupt(), INTERRUPTED, "Interrupted; what was finished is kept."),
        (typer.Abort(), INTERRUPTED, "Run the same command to go on."),
        (typer.BadParameter("not so"), BAD_USAGE, "not so"),
        (
            OSError(28, "No space left on device", "x.html"),
            FAILED,
            "Error: x.html: no space left on device. Free space",
        ),
        (PermissionError(13, "Permission denied", "x"), FAILED, "no permission"),
        (MemoryError(), FAILED, "Error: Out of memory. There is too little memory"),
        (typer.Exit(3), 3, ""),
        (typer.Exit(), DONE, ""),
    ],
    ids=[
        "own",
        "interrupt",
        "abort",
        "usage",
        "disk",
        "permission",
        "memory",
        "code",
        "done",
    ],
)
def test_an_error_is_one_sentence_and_an_exit_code(error, code, message, capfd):
    assert guarded(app_that(error), []) == code
    captured = capfd.readouterr()
    assert captured.out == ""
    assert message in captured.err
    assert "Traceback" not in captured.err


def test_an_error_of_the_program_is_not_hidden():
    with pytest.raises(ZeroDivisionError):
        guarded(app_that(ZeroDivisionError()), [])


def test_messages_are_not_taken_for_markup(capfd):
    guarded(app_that(TiefVisionError("There is no [bold]x[/bold].")), [])
    assert "[bold]x[/bold]" in capfd.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ("nosuch",),
        ("locate",),
        ("locate", "--nosuch"),
        ("search", "--k"),
        ("data", "nosuch"),
        ("data", "check"),
    ],
    ids=" ".join,
)
def test_bad_usage_ends_with_two(arguments, tiefvision):
    spoken = tiefvision(*arguments)
    assert (spoken.code, spoken.out) == (BAD_USAGE, "")
    assert "Error" in spoken.err


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command, tiefvision):
    spoken = tiefvision(command, "--help")
    assert spoken.code == DONE
    assert f"{command} [OPTIONS]" in spoken.out


@pytest.mark.parametrize("command", COMMANDS[:-1])
def test_every_command_has_the_shared_options(command, tiefvision):
    shown = tiefvision(command, "--help").out
    for option in ("workspace", "device", "engine", "threads", "seed", "json", "quiet"):
        assert f"--{option}" in shown
    assert "-v" in shown


def test_the_version_is_that_of_the_package(tiefvision):
    root = Path(__file__).parent.parent.parent
    settings = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
    assert "version" in settings["project"]["dynamic"]
    from tiefvision import __version__

    assert tiefvision("--version").out == f"{__version__}\n"


def test_an_unknown_device_is_named_with_those_there_are(tiefvision, dataset, tmp_path):
    with pytest.raises(TiefVisionError, match=r"no device 'abacus'. Use auto.*cpu"):
        choose_device("abacus")
    assert choose_device("cpu").type == "cpu"
    spoken = tiefvision("compare", "--device", "abacus", "--workspace", tmp_path)
    assert spoken.code == BAD_USAGE


@pytest.mark.parametrize(
    ("options", "said", "fix"),
    [
        (("--engine", "steam"), "no engine 'steam'", "Use auto, openvino, torch."),
        (
            ("--engine", "openvino", "--device", "cuda"),
            "openvino runs on the CPU, not on cuda",
            "--engine torch",
        ),
    ],
)
def test_an_engine_that_cannot_be_used_is_told_with_what_can(
    options, said, fix, tiefvision, street, tmp_path
):
    spoken = tiefvision("locate", *street, "--workspace", tmp_path, *options)
    assert spoken.code == BAD_USAGE
    assert said in spoken.err and fix in spoken.err


def test_an_engine_that_is_not_installed_is_told_with_its_command(
    tiefvision, street, tmp_path, monkeypatch
):
    monkeypatch.setattr("tiefvision.engines.choice.has_openvino", lambda: False)
    spoken = tiefvision("locate", *street, "--engine", "openvino")
    assert spoken.code == BAD_USAGE
    assert "pip install openvino" in spoken.err
