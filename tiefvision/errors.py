"""Errors that a user can cause and correct.

Each message names what is wrong and, where one exists, the command that corrects it.
The command line prints an error in one line; the library neither prints nor exits.
"""

from collections.abc import Iterable, Sequence

MOST_REASONS = 10
"""Reasons that one message lists."""


class TiefVisionError(Exception):
    """Base class of the errors that a user can correct.

    Args:
        message: a sentence that says what is wrong and names the file, key or option.
        fix: a sentence with the command or change that corrects it; "" if there is
            none.
    """

    def __init__(self, message: str, fix: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix

    def __str__(self) -> str:
        return f"{self.message} {self.fix}".strip()


class BadUsage(TiefVisionError):
    """An argument or option whose value is unknown or out of range."""


class UnreadablePhoto(TiefVisionError):
    """A photograph that cannot be read or decoded; the caller can skip it."""


class BadDataset(TiefVisionError):
    """A dataset that breaks the layout or lacks what the command needs."""


class MissingArtifact(TiefVisionError):
    """An artifact that does not exist yet; another stage or command writes it."""


class StaleArtifact(TiefVisionError):
    """An artifact or checkpoint of another encoder, configuration or version."""


class StorageFull(TiefVisionError):
    """A file that the system does not let be written or read.

    The disk is full or can only be read, a limit is reached, there is no permission, or
    another process is writing an artifact, whose batches committed before are intact.
    """


class BadWeights(TiefVisionError):
    """A weights file that cannot be read, or is of another architecture or version."""


def require_known(option: str, value: str, known: Iterable[str]) -> None:
    """Check the value of an option.

    Raises:
        BadUsage: The value is not among the known ones; the message lists them.
    """
    names = tuple(known)
    if value not in names:
        raise BadUsage(f"{option} {value} is unknown.", f"Use {', '.join(names)}.")


def with_reasons(sentence: str, reasons: Sequence[str]) -> str:
    """A sentence and the reasons for it, each on a line of its own, the first ten.

    >>> print(with_reasons("Neither can be read", ["a is empty.", "b is empty."]))
    Neither can be read:
      a is empty.
      b is empty.
    """
    if not reasons:
        return f"{sentence}."
    shown = [*reasons[:MOST_REASONS]]
    if len(reasons) > MOST_REASONS:
        shown.append(f"and {len(reasons) - MOST_REASONS} more")
    return "\n  ".join([f"{sentence}:", *shown])
