"""The reference of the command line, ``docs/cli.md``, rendered from the commands.

Command python -m tiefvision.cli.reference > docs/cli.md
"""

import inspect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, get_args, get_origin

import typer
from typer.models import ArgumentInfo, CommandInfo, OptionInfo

from tiefvision.cli.running import (
    BAD_USAGE,
    DONE,
    FAILED,
    INTERRUPTED,
    READER_GONE,
    SOME_UNREADABLE,
    WORSE,
)

COMMAND = "python -m tiefvision.cli.reference > docs/cli.md"
"""Command that writes the reference."""

EXIT_CODES = {
    DONE: "done",
    FAILED: "it cannot be done; one sentence says why, and what to do",
    BAD_USAGE: "a wrong argument or option",
    SOME_UNREADABLE: "done, but photographs were left out, and told which or how many",
    WORSE: "`compare BEFORE AFTER`: a figure changed by what `--fail-if` forbids",
    INTERRUPTED: "interrupted",
    READER_GONE: "whatever read the output went away, as `head` does",
}
"""What the exit codes mean."""

KINDS = {"int": "INT", "float": "NUMBER", "str": "TEXT", "Path": "PATH"}
"""Placeholder of a value by the name of its type."""


@dataclass(frozen=True)
class Entry:
    """An argument or an option.

    Attributes:
        name: spelling with its placeholder, such as ``--k INT``
        text: help, with range and repetition
        default: default value in words; empty if there is none
        required: whether a command fails without it
        is_option: whether it is an option, and not an argument
    """

    name: str
    text: str
    default: str
    required: bool
    is_option: bool

    def spellings(self) -> tuple[str, ...]:
        """What calls an option, such as ``--verbose`` and ``-v``."""
        words = self.name.replace(",", "").split()
        return tuple(word for word in words if word.startswith("-"))


@dataclass(frozen=True)
class Described:
    """A command.

    Attributes:
        name: words that call it, without the program's, such as ``data synth``
        text: docstring
        entries: arguments and options, in the order of the signature
    """

    name: str
    text: str
    entries: tuple[Entry, ...]


def render_reference(app: typer.Typer, program: str = "tiefvision") -> str:
    """The Markdown of all commands, their arguments and options.

    Args:
        app: application whose commands are described
        program: name by which it is called

    Returns:
        Markdown that ends in a line break. Options that all commands share with the
        same default stand in a table of their own.
    """
    commands = list(described_commands(app))
    shared = _shared(commands)
    parts = [
        f"# Command line\n\nGenerated from the commands by `{COMMAND}`.",
        f"`{program} COMMAND --help` prints the same at the terminal.",
        "## Commands",
        _index(commands, program),
        "## Options of every command",
        _table([entry for entry in shared if entry.is_option]),
    ]
    for command in commands:
        parts += _command(command, shared, program)
    parts += ["## Exit codes", _exit_codes()]
    return "\n\n".join(parts) + "\n"


def described_commands(app: typer.Typer, prefix: str = "") -> Iterator[Described]:
    """Every command that is not hidden, those of groups after the others."""
    for info in app.registered_commands:
        if info.callback and not info.hidden:
            yield _described(info, prefix)
    for group in app.registered_groups:
        if group.typer_instance and not group.hidden:
            yield from described_commands(
                group.typer_instance, f"{prefix}{group.name} "
            )


def _described(info: CommandInfo, prefix: str) -> Described:
    callback = info.callback
    assert callback is not None
    name = info.name or callback.__name__.replace("_", "-")
    text = info.help or inspect.getdoc(callback) or ""
    parameters = inspect.signature(callback, eval_str=True).parameters.values()
    entries = tuple(
        _entry(parameter, found)
        for parameter in parameters
        for found in get_args(parameter.annotation)[1:]
        if isinstance(found, ArgumentInfo | OptionInfo) and not found.hidden
    )
    return Described(prefix + name, text, entries)


def _entry(parameter: inspect.Parameter, info: ArgumentInfo | OptionInfo) -> Entry:
    kind = get_args(parameter.annotation)[0]
    several = get_origin(kind) in (list, tuple)
    is_option = isinstance(info, OptionInfo)
    single = _single(kind)
    is_flag = single is bool
    given = parameter.default
    missing = given is inspect.Parameter.empty or given is ...
    default = "" if missing or is_flag or given in (None, "") else str(given)
    name = parameter.name.replace("_", "-")
    if isinstance(info, OptionInfo):
        value = info.metavar or KINDS.get(getattr(single, "__name__", ""), "VALUE")
        name = ", ".join(_spellings(info, name)) + ("" if is_flag else f" {value}")
    else:
        value = info.metavar or name.upper()
        name = value + ("..." if several and not value.startswith("[") else "")
    text = " ".join((info.help or "").split())
    notes = [_range(info.min, info.max)]
    if several and is_option and "again" not in text:
        notes.append("May come again.")
    text = " ".join([text, *filter(None, notes)])
    return Entry(name, text, default, missing, is_option)


def _spellings(info: OptionInfo, name: str) -> list[str]:
    """The spellings of an option, the longest first."""
    # Within Annotated, typer takes the first spelling for the default at first.
    first = [info.default] if isinstance(info.default, str) else []
    given = [text for text in (*first, *(info.param_decls or ())) if text[:1] == "-"]
    return sorted(given or [f"--{name}"], key=len, reverse=True)


def _single(kind: Any) -> type[Any]:
    """The type of one value: of ``list[Path]`` and ``Path | None`` it is ``Path``."""
    inner = [part for part in get_args(kind) if part is not type(None)]
    found: type[Any] = _single(inner[0]) if inner else kind
    return found


def _range(least: float | None, most: float | None) -> str:
    if least is not None and most is not None:
        return f"From {least:,.10g} to {most:,.10g}."
    if least is not None:
        return f"{least:,.10g} or more."
    return "" if most is None else f"{most:,.10g} or less."


def _shared(commands: Sequence[Described]) -> tuple[Entry, ...]:
    """The entries that every command has, in the order of the first one."""
    first, *others = commands
    return tuple(
        entry
        for entry in first.entries
        if all(entry in other.entries for other in others)
    )


def _index(commands: Sequence[Described], program: str) -> str:
    rows = []
    for command in commands:
        called = f"{program} {command.name}"
        summary = command.text.split("\n", 1)[0]
        rows.append((f"[`{called}`](#{called.replace(' ', '-')})", summary))
    return _markdown_table(("command", "what it does"), rows)


def _command(
    command: Described, shared: Sequence[Entry], program: str
) -> Iterator[str]:
    arguments = [entry for entry in command.entries if not entry.is_option]
    own = [
        entry for entry in command.entries if entry.is_option and entry not in shared
    ]
    usage = " ".join([program, command.name, *(entry.name for entry in arguments)])
    yield f"## {program} {command.name}"
    yield command.text
    yield f"    {usage} [OPTIONS]"
    if arguments:
        rows = [(f"`{entry.name}`", _cell(entry.text)) for entry in arguments]
        yield _markdown_table(("argument", "what it is"), rows)
    if own:
        yield _table(own)


def _table(entries: Sequence[Entry]) -> str:
    rows = [
        (
            f"`{entry.name}`".replace("|", "\\|"),
            _cell(entry.text),
            "required" if entry.required else entry.default and f"`{entry.default}`",
        )
        for entry in entries
    ]
    return _markdown_table(("option", "what it is", "default"), rows)


def _exit_codes() -> str:
    rows = [(str(code), text) for code, text in EXIT_CODES.items()]
    return _markdown_table(("code", "meaning"), rows)


def _cell(text: str) -> str:
    """Text that neither ends a cell of a table nor is taken for a tag or emphasis."""
    for mark in "|<*":
        text = text.replace(mark, f"\\{mark}")
    return text


def _markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, *rows]
    rule = "|---" * len(head) + "|"
    text = [f"| {' | '.join(line)} |" for line in lines]
    return "\n".join([text[0], rule, *text[1:]])


def main() -> None:
    """Print the reference."""
    from tiefvision.cli.main import app

    typer.echo(render_reference(app), nl=False)


if __name__ == "__main__":
    main()
