"""Messages, errors and exit codes of all commands."""

import io
import logging
import sys
import warnings
from collections.abc import Sequence
from typing import Any

import typer

from tiefvision.errors import BadUsage, TiefVisionError

DONE = 0
FAILED = 1
BAD_USAGE = 2
SOME_UNREADABLE = 3
WORSE = 4
"""Exit code of a comparison of packs with a change that ``--fail-if`` forbids."""

INTERRUPTED = 130

# Typer carries its own copy of click from 0.26 on, and imports click before that; the
# base of its usage errors is found either way.
USAGE_ERROR: Any = next(
    kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException"
)


def say(message: str) -> None:
    """A message for the person at the terminal, on stderr."""
    typer.echo(message, err=True)


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
    # Pillow warns about damaged EXIF blocks, which it then ignores.
    warnings.filterwarnings("ignore", module="PIL")
    # A file name that is not text must not stop the others.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    command = typer.main.get_command(app)
    try:
        _refuse_empty(sys.argv[1:] if arguments is None else arguments)
        result: Any = command.main(arguments, standalone_mode=False)
    except (typer.Abort, KeyboardInterrupt):
        result = INTERRUPTED  # as newer releases of Typer have it themselves
    except USAGE_ERROR as error:
        error.show()
        return BAD_USAGE
    except TiefVisionError as error:
        say(f"Error: {error}")
        return BAD_USAGE if isinstance(error, BadUsage) else FAILED
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output has gone
        return FAILED
    except OSError as error:  # a page or picture that cannot be written
        say(f"Error: {error}")
        return FAILED
    if result == INTERRUPTED:
        say("Interrupted; what was finished is kept. Run the same command to go on.")
    return result if isinstance(result, int) else DONE
