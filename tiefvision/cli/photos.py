"""From arguments to photographs: files, or folders of them."""

from collections.abc import Sequence
from pathlib import Path

from tiefvision.datasets.files import list_photos
from tiefvision.errors import TiefVisionError


def expand_photos(arguments: Sequence[Path]) -> list[Path]:
    """Files as they are given; a folder stands for all photographs below it.

    Raises:
        TiefVisionError: There is no photograph at all.
    """
    files: list[Path] = []
    for argument in arguments:
        if argument.is_dir():
            files += [argument / path for path in list_photos(argument)]
        else:
            files.append(argument)
    if not files:
        names = ", ".join(str(argument) for argument in arguments)
        raise TiefVisionError(
            f"There is no photograph in {names}.", "Give JPEG, PNG or WebP files."
        )
    return files
