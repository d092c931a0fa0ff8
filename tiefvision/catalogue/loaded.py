"""Networks and indexes of a workspace, loaded on first use and kept."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Self

from tiefvision.catalogue.loading import open_searcher, require_same_models
from tiefvision.engines.choice import Backend
from tiefvision.errors import StaleArtifact
from tiefvision.models.protocol import Models
from tiefvision.progress import Track, untracked
from tiefvision.store.limits import MAX_GIB
from tiefvision.workspace.artifacts import Workspace
from tiefvision.workspace.job import Resources

if TYPE_CHECKING:  # networks are imported where one is loaded
    from tiefvision.catalogue.browsing import Browser
    from tiefvision.catalogue.describing import Describer
    from tiefvision.catalogue.searcher import Searcher
    from tiefvision.locating.locator import Locator


class Loaded:
    """What a finder works with; ``close`` closes the files.

    Args:
        workspace: workspace of the catalogue.
        models: models that locate, encode and rank.
        backend: what networks run on.
        seed: seed of rankers that learn.
        track: shows progress.
    """

    def __init__(
        self,
        workspace: Workspace,
        models: Models,
        backend: Backend = Backend(),  # noqa: B008 - it cannot be changed
        *,
        seed: int = 0,
        track: Track = untracked,
    ) -> None:
        self.workspace = workspace
        self.models = models
        self._backend, self._seed, self._track = backend, seed, track
        self._stack = ExitStack()
        self._searchers: dict[str, Searcher] = {}
        self._made_by: dict[str, str] = {}

    @cached_property
    def locator(self) -> "Locator":
        """The locator. Raises BadWeights, MissingArtifact, StaleArtifact."""
        self._made_by = self.models.digests()
        return self.models.locator(self._backend.inference)

    @cached_property
    def describer(self) -> "Describer":
        """The describer of crops. Raises BadWeights, MissingArtifact, StaleArtifact."""
        from tiefvision.catalogue.describing import Describer

        encoder = self.models.encoder(self._backend.inference)
        return Describer(encoder, self.models.crop_rules())

    @cached_property
    def browser(self) -> "Browser":
        """A look into what can be searched; it loads no network, threads share it."""
        from tiefvision.catalogue.browsing import Browser

        return Browser(self.workspace, self.models)

    def searcher(self, name: str) -> "Searcher":
        """The searcher of a ranker; its files stay open.

        Raises:
            BadUsage: The ranker is unknown.
            MissingArtifact: Nothing has been indexed.
            StaleArtifact: Other models made the index, or there is none for the ranker.
        """
        if name not in self._searchers:
            encoder = self.describer.encoder
            require_same_models(self.workspace, self.models, encoder.identity)
            opened = open_searcher(self.workspace, self.models, name, self.resources())
            self._searchers[name] = self._stack.enter_context(opened)
        return self._searchers[name]

    def resources(self, max_gib: float = MAX_GIB) -> Resources:
        """What a job may use; ``max_gib`` is the largest size of an artifact."""
        return Resources(self._backend, self._seed, max_gib, self._track)

    @contextmanager
    def reopening(self) -> Iterator[None]:
        """Let the next search open what another process made anew meanwhile."""
        try:
            yield
        except StaleArtifact:
            self.close()
            raise

    def forget_retrained(self) -> None:
        """Let go of networks whose weights were replaced since they were loaded.

        A catalogue is keyed by the models as they are now.
        """
        if "locator" in vars(self) and self.models.digests() != self._made_by:
            self.reload()

    def reload(self) -> None:
        """Let go of networks and files; the next use loads what is there then."""
        self.close()
        for name in ("locator", "describer", "categories"):
            vars(self).pop(name, None)

    def close(self) -> None:
        """Release the files of the catalogue; the finder can be used again."""
        if "browser" in vars(self):
            self.browser.close()
        self._searchers.clear()
        self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
