"""Messages, errors and exit codes of all commands."""

import errno
import logging
import sys
import warnings
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any

import typer

from tiefvision.cli.streams import named_output, open_streams, settle
from tiefvision.errors import BadUsage, TiefVisionError
from tiefvision.escaping import escaped
from tiefvision.storage import ADVICE, os_error_text

DONE = 0
FAILED = 1
BAD_USAGE = 2
SOME_UNREADABLE = 3
WORSE = 4
"""Exit code of a comparison of packs with a change that ``--fail-if`` forbids."""

INTERRUPTED = 130

READER_GONE = 141
"""Exit code where the reader of our output has gone, as in ``| head``: what a shell
reports of a command that SIGPIPE ended (128 + 13)."""

# Typer carries its own copy of click from 0.26 on, and imports click before that; the
# base of its usage errors is found either way.
USAGE_ERROR: Any = next(
    kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException"
)


def say(message: str) -> None:
    """A message of one line for the person at the terminal, on stderr.

    Nobody reading there is no reason to stop.
    """
    try:
        typer.echo(escaped(message), err=True)
    except OSError:
        settle(sys.stderr)


def tell(error: TiefVisionError) -> None:
    """An error and its reasons, line by line."""
    sentence, *reasons = error.lines()
    say(f"Error: {sentence}")
    for reason in reasons:
        say(reason)


def tell_skipped(reasons: Iterable[object]) -> int:
    """Say what was left out, a sentence for each, and return the exit code."""
    code = DONE
    for reason in reasons:
        say(f"Skipped: {reason}")
        code = SOME_UNREADABLE
    return code


def _refuse_empty(arguments: Sequence[str]) -> None:
    """Refuse an empty argument, which would be taken for the folder one is in.

    Raises:
        BadUsage: There is one; a variable of the shell that is not set makes it so.
    """
    for before, text in zip(["", *arguments], arguments, strict=False):
        if not text or (text.startswith("--") and text.endswith("=")):
            where = f" behind {before}" if before and not text else f": {text}"
            raise BadUsage(
                f"An argument is empty{where}.",
                "Is a variable of the shell unset?",
            )


def guarded(app: typer.Typer, arguments: list[str] | None = None) -> int:
    """Run an application; every error that a user can cause is one sentence.

    Returns:
        The exit code.
    """
    open_streams()
    # Pillow warns about damaged EXIF blocks, which it then ignores.
    warnings.filterwarnings("ignore", module="PIL")
    _log_to_stderr()
    with named_output():
        code = _run(app, arguments)
        lost = settle(sys.stdout)
    settle(sys.stderr)
    return _failed(lost) if lost and code == DONE else code


def _run(app: typer.Typer, arguments: list[str] | None) -> int:
    command = typer.main.get_command(app)
    try:
        _refuse_empty(sys.argv[1:] if arguments is None else arguments)
        result: Any = command.main(arguments, standalone_mode=False)
    except (typer.Abort, KeyboardInterrupt):
        result = INTERRUPTED  # as newer releases of Typer have it themselves
    except USAGE_ERROR as error:
        _show_usage(error)
        return BAD_USAGE
    except TiefVisionError as error:
        tell(error)
        return BAD_USAGE if isinstance(error, BadUsage) else FAILED
    except SystemExit as stop:
        # So end Typer and Rich where nobody reads. Completion ends so, too.
        if isinstance(stop.__context__, BrokenPipeError):
            return READER_GONE
        raise
    except OSError as error:  # a page or picture that cannot be written
        return _failed(error)
    except MemoryError:
        say(f"Error: Out of memory. {ADVICE[errno.ENOMEM]}")
        return FAILED
    if result == INTERRUPTED:
        say("Interrupted; what was finished is kept. Run the same command to go on.")
    return result if isinstance(result, int) else DONE


def _failed(error: OSError) -> int:
    """Say what cannot be written, unless its reader had enough."""
    if isinstance(error, BrokenPipeError):
        return READER_GONE
    say(f"Error: {os_error_text(error)}")
    return FAILED


def _show_usage(error: Any) -> None:
    error.message = escaped(error.message)
    with suppress(OSError, SystemExit):  # nobody reads it
        error.show()


class _OneLine(logging.Formatter):
    """A message on one line, whatever file names it holds; tracebacks as they are."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        return escaped(super().formatMessage(record))


class _Once(logging.Filter):
    """Lets a message pass once: a page opens the photographs that it shows again."""

    def __init__(self) -> None:
        super().__init__()
        self._seen: set[str] = set()

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        is_new = message not in self._seen
        self._seen.add(message)
        return is_new


def _log_to_stderr() -> None:
    logging.raiseExceptions = False  # nobody reading is no reason for a traceback
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(_Once())
    handler.setFormatter(_OneLine("%(levelname)s: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
