"""Messages, errors and exit codes of all commands."""

import errno
import io
import logging
import sys
import warnings
from typing import Any

import typer

from tiefvision.errors import BadUsage, TiefVisionError
from tiefvision.storage import ADVICE, os_error_text

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


def tell(error: TiefVisionError) -> None:
    """An error and its reasons, line by line."""
    sentence, *reasons = error.lines()
    say(f"Error: {sentence}")
    for reason in reasons:
        say(reason)


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
        result: Any = command.main(arguments, standalone_mode=False)
    except (typer.Abort, KeyboardInterrupt):
        result = INTERRUPTED  # as newer releases of Typer have it themselves
    except USAGE_ERROR as error:
        error.show()
        return BAD_USAGE
    except TiefVisionError as error:
        tell(error)
        return BAD_USAGE if isinstance(error, BadUsage) else FAILED
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output has gone
        return FAILED
    except OSError as error:  # a page or picture that cannot be written
        say(f"Error: {os_error_text(error)}")
        return FAILED
    except MemoryError:
        say(f"Error: Out of memory. {ADVICE[errno.ENOMEM]}")
        return FAILED
    if result == INTERRUPTED:
        say("Interrupted; what was finished is kept. Run the same command to go on.")
    return result if isinstance(result, int) else DONE
