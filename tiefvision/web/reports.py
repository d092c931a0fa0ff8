"""Report pages of the workspace, such as that of ``compare``."""

from dataclasses import dataclass
from pathlib import Path

from tiefvision.web.problems import NotFound

SUFFIX = ".html"

NAMES = {
    "compare": "Rankers side by side, judged on the test split",
    "localise": "How well garments are located",
    "train-deeprank": "The training of DeepRank",
}
"""What the pages of stages show, by the name of their file."""


@dataclass(frozen=True)
class Report:
    """A page: its address, and what it shows."""

    path: str
    name: str


class Reports:
    """Pages in a folder, which are known by listing it.

    Args:
        folder: the folder; it need not exist.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def all(self) -> list[Report]:
        """All pages, those that are known by name first."""
        found = sorted(self._pages(), key=lambda name: (name not in NAMES, name))
        return [Report(f"/reports/{name}", NAMES.get(name, name)) for name in found]

    def content(self, name: str) -> bytes:
        """The content of a page. Raises NotFound."""
        pages = self._pages()
        if name not in pages:
            raise NotFound(f"There is no report {name[:80]!a}.")
        return pages[name].read_bytes()

    def _pages(self) -> dict[str, Path]:
        """Pages by their name, as the folder lists them now."""
        if not self._folder.is_dir():
            return {}
        files = (file for file in self._folder.iterdir() if file.suffix == SUFFIX)
        return {file.stem: file for file in files if file.is_file()}
