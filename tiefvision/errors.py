"""The errors that a user can cause and mend.

Each names the thing that is wrong and, where there is one, the next command. The
command line prints them as one sentence; nothing else in the package exits or prints.
"""

from collections.abc import Iterable


class TiefVisionError(Exception):
    """Something that the user can mend.

    Args:
        message: What is wrong, naming the file, key or option.
        fix: The command or change that mends it, without a full stop.
    """

    def __init__(self, message: str, fix: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix

    def __str__(self) -> str:
        return f"{self.message} {self.fix}".strip()


class BadUsage(TiefVisionError):
    """A name or number on the command line that stands for nothing here."""


class UnreadablePhoto(TiefVisionError):
    """A photograph that cannot be decoded; the others go on without it."""


class BadDataset(TiefVisionError):
    """A dataset that does not follow the layout."""


class MissingArtifact(TiefVisionError):
    """An artifact that another stage must write first."""


class StaleArtifact(TiefVisionError):
    """An artifact made by another encoder, configuration or version."""


class StorageFull(TiefVisionError):
    """The map or the disk is full; what was there is intact."""


class BadWeights(TiefVisionError):
    """A weights file of another architecture, or one that cannot be read."""


def require_known(option: str, value: str, known: Iterable[str]) -> None:
    """Raises BadUsage, with what there is, where an option has another value."""
    names = tuple(known)
    if value not in names:
        raise BadUsage(f"{option} {value} is unknown.", f"Use {', '.join(names)}.")
