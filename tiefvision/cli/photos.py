"""From arguments to photographs: files, or folders of them."""

from collections.abc import Sequence
from pathlib import Path

from tiefvision.cli.output import print_line
from tiefvision.cli.running import say
from tiefvision.datasets.files import list_photos
from tiefvision.errors import TiefVisionError, UnreadablePhoto


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


def none_is_there(files: Sequence[Path], as_json: bool) -> bool:
    """Whether no file exists; each is then told, before networks are loaded."""
    if any(file.exists() for file in files):
        return False
    for file in files:
        error = UnreadablePhoto(f"Cannot read {file}: no such file.")
        tell_unreadable(file, error, as_json)
    return True


def tell_unreadable(file: Path, error: UnreadablePhoto, as_json: bool) -> None:
    """Say which photograph could not be read; the others go on."""
    if as_json:
        print_line({"photo": str(file), "error": str(error)})
    else:
        say(f"Skipped: {error}")
