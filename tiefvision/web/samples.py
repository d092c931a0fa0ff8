"""Street photographs of the workspace's dataset, offered to try a search with."""

from dataclasses import dataclass
from pathlib import Path

from tiefvision.errors import TiefVisionError
from tiefvision.files import is_file
from tiefvision.web.problems import NotFound
from tiefvision.workspace.artifacts import Workspace
from tiefvision.workspace.records import photo_path, read_photos


@dataclass(frozen=True)
class Sample:
    """A photograph that is offered: its reference, and the name of its file."""

    reference: str
    name: str


class Samples:
    """Street photographs of the test split, one an item, by their number.

    Args:
        workspace: workspace whose dataset they are of; without one there are none.
        most: most photographs.
    """

    def __init__(self, workspace: Workspace, most: int) -> None:
        self._files = _street_files(workspace)[:most]

    def file_of(self, key: str) -> Path:
        """The file of a number. Raises NotFound."""
        if not key.isdecimal() or int(key) >= len(self._files):
            raise NotFound(f"There is no sample {key[:20]}.")
        return self._files[int(key)]

    def all(self) -> list[Sample]:
        """All samples whose file is there."""
        return [
            Sample(f"sample-{number}", file.name)
            for number, file in enumerate(self._files)
            if is_file(file)
        ]


def _street_files(workspace: Workspace) -> list[Path]:
    """One street photograph of each item of the test split."""
    if not workspace.holds("photos"):
        return []
    try:
        with workspace.open("photos") as photos:
            of_items: dict[str, Path] = {}
            for photo in read_photos(photos):
                if (photo.source, photo.split) == ("street", "test"):
                    name = photo.item_id or photo.path
                    of_items.setdefault(name, photo_path(photos, photo.path))
            return list(of_items.values())
    except TiefVisionError:  # of another release: a search needs no samples
        return []
