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
        reasons: sentences with what is wrong with each of many things; the first
            ``MOST_REASONS`` are kept, and how many more there are.
    """

    def __init__(
        self, message: str, fix: str = "", reasons: Sequence[str] = ()
    ) -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix
        self.reasons = first_reasons(reasons)

    def lines(self) -> list[str]:
        """The message with what corrects it, and each reason on a line of its own."""
        sentence = f"{self.message} {self.fix}".strip()
        return [sentence, *(f"  {reason}" for reason in self.reasons)]

    def __str__(self) -> str:
        return "\n".join(self.lines())


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


def reason_of(error: BaseException) -> str:
    """What went wrong, to end a sentence: in lower case and without a full stop."""
    text = error.strerror if isinstance(error, OSError) else None
    text = (text or str(error) or type(error).__name__).strip().rstrip(".")
    return text[:1].lower() + text[1:]


def require_known(option: str, value: str, known: Iterable[str]) -> None:
    """Check the value of an option.

    Raises:
        BadUsage: The value is not among the known ones; the message lists them.
    """
    names = tuple(known)
    if value not in names:
        raise BadUsage(f"{option} {value} is unknown.", f"Use {', '.join(names)}.")


def first_reasons(reasons: Sequence[str]) -> tuple[str, ...]:
    """The first ``MOST_REASONS`` of several sentences, and how many more there are."""
    more = len(reasons) - MOST_REASONS
    return (*reasons[:MOST_REASONS], *([f"and {more} more"] if more > 0 else []))
