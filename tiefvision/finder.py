"""The front door: what the command line, programs and pages share.

    finder = tiefvision.load()               # the models that ship
    photo = finder.open("street.jpg")        # decoded and encoded once, asked often
    photo.garments                           # what was located
    finder.index("shop/")
    finder.search(photo)                     # an answer for each garment

Torch is imported when a network has to run: everything that can be refused is refused
before.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from tiefvision.catalogue.loading import (
    Indexed,
    describe_indexed,
    open_searcher,
    require_same_models,
    require_searchable,
)
from tiefvision.devices import choose_device, limit_threads
from tiefvision.errors import BadUsage
from tiefvision.models.choice import choose_models
from tiefvision.models.protocol import (
    AUTO,
    Models,
    default_rankers,
    preferred_ranker,
)
from tiefvision.models.rankers import require_ranker
from tiefvision.progress import Track, untracked
from tiefvision.records import Box, Garment
from tiefvision.store.artifact import MAX_GIB
from tiefvision.workspace.artifacts import DEFAULT_WORKSPACE, Workspace
from tiefvision.workspace.job import Resources

if TYPE_CHECKING:  # these import torch
    from tiefvision.catalogue.describing import Describer
    from tiefvision.catalogue.queries import Query
    from tiefvision.catalogue.searcher import Hit, Searcher
    from tiefvision.locating.evidence import Evidence
    from tiefvision.locating.locator import Locator
    from tiefvision.locating.windows import Level
    from tiefvision.photos.sources import PhotoSource
    from tiefvision.photos.working import WorkingPhoto
    from tiefvision.ranking.garments import GarmentBatch

DEFAULT_K = 10


def load(
    workspace: str | Path = DEFAULT_WORKSPACE,
    *,
    models: str = AUTO,
    device: str = "auto",
    threads: int = 0,
) -> "Finder":
    """A finder over a workspace and its models, or those that ship.

    Args:
        workspace: Folder of trained models and of the catalogue; it need not exist.
        models: "auto" (the workspace's models, or the ones that ship where it has
            none), "shipped", "workspace", or the folder of a bundle.
        device: "auto", "cpu", "cuda" or "mps".
        threads: Most threads that networks use; 0 for as many as there are cores.

    Raises:
        BadUsage: There is no such choice of models.
        BadWeights: The bundle cannot be used.
        MissingArtifact: The workspace's locator is half trained.
    """
    run = Workspace(Path(workspace))
    return Finder(run, choose_models(run, models), device, threads=threads)


@dataclass(frozen=True)
class Answer:
    """What was found for one garment of a photograph.

    Attributes:
        query: What was searched for.
        ranker: Name of the ranker.
        hits: The closest items, the closest first.
    """

    query: "Query"
    ranker: str
    hits: "tuple[Hit, ...]"

    @property
    def box(self) -> Box | None:
        """x0, y0, x1, y1 in pixels of the photograph; None for all of it."""
        return self.query.box_in_image

    @property
    def category(self) -> str:
        """Category of the garment; "" if unknown."""
        return self.query.category

    @property
    def note(self) -> str:
        """What went otherwise than usual, in words; "" for nothing."""
        return self.query.note


class OpenPhoto:
    """A photograph that is decoded and encoded once and can be asked often.

    Made by ``Finder.open``.
    """

    def __init__(self, finder: "Finder", working: "WorkingPhoto") -> None:
        self.working = working
        self._finder = finder
        self._described: dict[Box | None, GarmentBatch] = {}

    @property
    def width(self) -> int:
        """Width in pixels after EXIF rotation."""
        return self.working.width

    @property
    def height(self) -> int:
        """Height in pixels after EXIF rotation."""
        return self.working.height

    @cached_property
    def garments(self) -> tuple[Garment, ...]:
        """The garments located, the surest first; () where there is none."""
        from tiefvision.locating.findings import tell

        return tell(self._candidates, self._finder.locator.telling)

    @cached_property
    def to_search(self) -> tuple[Garment, ...]:
        """The garments located; where there is none, an outfit that is unsure."""
        from tiefvision.locating.findings import to_search

        return to_search(self._candidates, self._finder.locator.telling)

    def explain(self) -> "Evidence":
        """Why the garments were located where they are."""
        locator = self._finder.locator
        return locator.explain(self._levels, self.garments, self.working)

    def described(self, box_in_image: Box | None) -> "GarmentBatch":
        """What rankers read of a part of the photograph; made once for each box.

        Args:
            box_in_image: Pixels of the photograph; None for all of it.
        """
        if box_in_image not in self._described:
            made = self._finder.describer.describe_box(self.working, box_in_image)
            self._described[box_in_image] = made
        return self._described[box_in_image]

    @cached_property
    def _levels(self) -> "list[Level]":
        return self._finder.locator.encode(self.working)

    @cached_property
    def _candidates(self) -> tuple[Garment, ...]:
        return self._finder.locator.candidates(self._levels, self.working)


class Finder:
    """Locates garments, indexes catalogues and searches them.

    Networks and indexes are loaded when they are first needed and kept; ``close``, or
    the end of a ``with`` block, releases the files.

    Args:
        workspace: Workspace of the catalogue.
        models: Models that locate, encode and rank.
        device: "auto", "cpu", "cuda" or "mps".
        seed: Seed of what rankers draw that learn.
        threads: Most threads that networks use; 0 for as many as there are cores.
        track: Progress of long work.
    """

    def __init__(
        self,
        workspace: Workspace,
        models: Models,
        device: str = "auto",
        *,
        seed: int = 0,
        threads: int = 0,
        track: Track = untracked,
    ) -> None:
        self.workspace = workspace
        self.models = models
        self._device, self._seed, self._track = device, seed, track
        self._threads = threads
        self._stack = ExitStack()
        self._searchers: dict[str, Searcher] = {}

    @property
    def categories(self) -> tuple[str, ...]:
        """Categories that the locator can tell."""
        return self.models.categories

    @property
    def indexed(self) -> Indexed:
        """What can be searched. Raises MissingArtifact, StaleArtifact."""
        return describe_indexed(self.workspace, self.models)

    def ranker_name(self, wanted: str = "") -> str:
        """The ranker that is asked for, or the preferred one.

        Args:
            wanted: Name of a ranker; "" for the preferred one that is indexed.

        Raises:
            BadUsage: There is no such ranker.
        """
        if wanted:
            require_ranker(self.workspace, self.models, wanted)
            return wanted
        preferred = preferred_ranker(self.models)
        indexed = self.indexed.rankers
        return preferred if preferred in indexed or not indexed else indexed[-1]

    def require_searchable(self, ranker: str = "", category: str = "") -> None:
        """Refuse a search that cannot be answered, without importing torch.

        Args:
            ranker: Name of the ranker; "" for the preferred one.
            category: Category of garment that is searched for; "" for all.

        Raises:
            BadUsage: There is no such ranker or category.
            MissingArtifact: Nothing has been indexed; names the command that does.
            StaleArtifact: It was indexed for other rankers.
        """
        self._require_category(category)
        name = self.ranker_name(ranker)
        require_searchable(self.workspace, self.models, name)

    def open(self, photo: "PhotoSource") -> OpenPhoto:
        """Decode a photograph.

        Args:
            photo: A path, the bytes of a JPEG, PNG or WebP file, an image of Pillow's,
                or an array (H, W, 3) uint8 RGB.

        Raises:
            UnreadablePhoto: It cannot be read.
        """
        from tiefvision.photos.sources import open_source

        return OpenPhoto(self, open_source(photo))

    def index(
        self,
        folder: str | Path,
        rankers: Sequence[str] = (),
        max_gib: float = MAX_GIB,
    ) -> dict[str, Any]:
        """Make a folder of shop photographs searchable, or those of a dataset.

        Args:
            folder: The folder.
            rankers: Rankers to index for; () for the preferred one and the baseline.
            max_gib: Limit of the catalogue's file in GiB.

        Returns:
            "photos", "items", "skipped" (why a photograph was left out), "up_to_date",
            and "indexes" by ranker.

        Raises:
            TiefVisionError: There is nothing to index.
            BadUsage: There is no such ranker.
        """
        names = tuple(dict.fromkeys(rankers)) or default_rankers(self.models)
        for name in names:
            require_ranker(self.workspace, self.models, name)
        from tiefvision.catalogue.indexing import index_catalogue

        self._close_searchers()
        resources = Resources(self._torch_device, self._seed, max_gib, self._track)
        return index_catalogue(
            self.workspace, self.models, Path(folder), names, resources
        )

    def search(
        self,
        photo: "OpenPhoto | PhotoSource",
        box: Box | None = None,
        *,
        whole: bool = False,
        category: str = "",
        k: int = DEFAULT_K,
        ranker: str = "",
    ) -> tuple[Answer, ...]:
        """The closest items of the catalogue, for every garment of a photograph.

        Args:
            photo: What ``open`` gave, or anything that it takes.
            box: x0, y0, x1, y1 in pixels of the photograph, to search with instead of
                what is located.
            whole: Whether to search with the whole photograph.
            category: Category of garment to search for; "" for all.
            k: Most items of an answer.
            ranker: Name of a ranker that the catalogue was indexed for; "" for the
                preferred one.

        Returns:
            An answer for each garment. Where none is located, the surest outfit or the
            whole photograph is searched with, and ``Answer.note`` says so.

        Raises:
            UnreadablePhoto: The photograph cannot be read.
            BadUsage: There is no such ranker or category, or the box lies outside.
            MissingArtifact: Nothing has been indexed.
            StaleArtifact: It was indexed by other models, or for other rankers.
        """
        self.require_searchable(ranker, category)
        name = self.ranker_name(ranker)
        opened = photo if isinstance(photo, OpenPhoto) else self.open(photo)
        searcher = self._searcher(name)
        return tuple(
            Answer(
                query,
                name,
                tuple(searcher.nearest(opened.described(query.box_in_image), k)),
            )
            for query in self._queries(opened, box, whole, category)
        )

    def close(self) -> None:
        """Release the files of the catalogue; the finder can be used again."""
        self._close_searchers()

    @cached_property
    def locator(self) -> "Locator":
        """What locates garments. Raises BadWeights, MissingArtifact, StaleArtifact."""
        return self.models.locator(self._torch_device)

    @cached_property
    def describer(self) -> "Describer":
        """What describes crops for rankers. Raises BadWeights, StaleArtifact."""
        device = self._torch_device
        from tiefvision.catalogue.describing import Describer

        return Describer(self.models.encoder(device), self.models.crop_rules())

    def _queries(
        self, photo: OpenPhoto, box: Box | None, whole: bool, category: str
    ) -> "list[Query]":
        from tiefvision.catalogue.queries import (
            queries_of_garments,
            query_of_box,
            query_of_whole,
        )

        if box:
            return [query_of_box(box, photo.width, photo.height, category)]
        if whole:
            return [query_of_whole(category)]
        return queries_of_garments(photo.to_search, self.locator.telling, category)

    def _searcher(self, name: str) -> "Searcher":
        if name not in self._searchers:
            encoder = self.describer.encoder
            require_same_models(self.workspace, self.models, encoder.identity)
            resources = Resources(self._torch_device, self._seed, track=self._track)
            opened = open_searcher(self.workspace, self.models, name, resources)
            self._searchers[name] = self._stack.enter_context(opened)
        return self._searchers[name]

    def _require_category(self, category: str) -> None:
        known = self.categories
        if category and category not in known:
            raise BadUsage(
                f"The locator knows no category {category!r}.",
                f"Use {', '.join(known)}.",
            )

    @cached_property
    def _torch_device(self) -> Any:
        limit_threads(self._threads)
        return choose_device(self._device)

    def _close_searchers(self) -> None:
        self._searchers.clear()
        self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
