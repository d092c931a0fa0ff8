"""The Python API, which the command line uses as well.

    finder = tiefvision.load()               # the models that ship
    photo = finder.open("street.jpg")        # decoded and encoded once, asked often
    photo.garments                           # the located garments
    finder.index("shop/")
    finder.search(photo)                     # an answer for each garment

Networks are loaded only when they have to run, after all checks of arguments, files and
workspace. torch is imported only where it is the engine.
"""

from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tiefvision.catalogue.answers import Answer
from tiefvision.catalogue.loaded import Loaded
from tiefvision.catalogue.loading import (
    Indexed,
    describe_indexed,
    require_searchable,
)
from tiefvision.catalogue.open_photo import OpenPhoto
from tiefvision.catalogue.partitions.workers import ALONE, Workers
from tiefvision.catalogue.words import TEXT_WEIGHT, reading_ranker, words_of
from tiefvision.devices import require_device, require_threads
from tiefvision.engines.choice import Backend, require_engine
from tiefvision.errors import BadUsage
from tiefvision.models.choice import choose_models
from tiefvision.models.protocol import (
    AUTO,
    default_rankers,
    preferred_ranker,
)
from tiefvision.models.rankers import require_category, require_ranker
from tiefvision.ranking.own import is_known
from tiefvision.records import Box
from tiefvision.store.limits import MAX_GIB, require_size_limit
from tiefvision.workspace.artifacts import (
    DEFAULT_WORKSPACE,
    workspace_at,
)

if TYPE_CHECKING:
    from tiefvision.catalogue.living.catalogue import Catalogue
    from tiefvision.catalogue.queries import Query
    from tiefvision.photos.sources import PhotoSource

DEFAULT_K = 10


def load(
    workspace: str | Path = DEFAULT_WORKSPACE,
    *,
    models: str = AUTO,
    device: str = "auto",
    engine: str = "auto",
    threads: int = 0,
) -> "Finder":
    """Make a finder of a workspace and its models, or of the models that ship.

    Args:
        workspace: folder of trained models and of the catalogue; it need not exist.
        models: "auto" (the models of the workspace, or the shipped ones if it has no
            locator), "shipped", "workspace", or the folder of a bundle.
        device: "auto", "cpu", "cuda" or "mps".
        engine: engine of trained networks: "auto", "openvino" or "torch".
        threads: most threads that networks use; 0 for the number of cores.

    Raises:
        BadUsage: The choice of models, the device or the engine is unknown, the number
            of threads is out of range, or the workspace is a file.
        BadWeights: The bundle is damaged, or this release cannot read it.
        MissingArtifact: The workspace holds only a part of a locator.
    """
    require_device(device)
    require_engine(engine, device)
    require_threads(threads)
    run = workspace_at(Path(workspace))
    backend = Backend(device, engine, threads)
    return Finder(run, choose_models(run, models), backend)


class Finder(Loaded):
    """Locates garments, indexes catalogues and searches them.

    Networks and indexes are loaded on first use and kept; ``close``, or the end of a
    ``with`` block, closes the files. It is made of what ``Loaded`` is made of.
    """

    @cached_property
    def categories(self) -> tuple[str, ...]:
        """Categories that the locator distinguishes."""
        return self.models.categories

    @property
    def indexed(self) -> Indexed:
        """Facts about the index. Raises MissingArtifact, StaleArtifact."""
        return describe_indexed(self.workspace, self.models)

    @property
    def searchable_rankers(self) -> tuple[str, ...]:
        """Rankers that were indexed and can be used here. Raises as ``indexed``."""
        return tuple(name for name in self.indexed.rankers if is_known(name))

    def ranker_name(self, wanted: str = "") -> str:
        """Name of the ranker to use.

        Args:
            wanted: name of a ranker; "" for the preferred one among those indexed.

        Raises:
            BadUsage: The ranker is unknown.
        """
        if wanted:
            require_ranker(self.workspace, self.models, wanted)
            return wanted
        return self._preferred(self.indexed)

    def require_searchable(
        self, ranker: str = "", category: str = "", text: bool = False
    ) -> str:
        """Refuse a search that cannot be answered, without importing torch.

        Args:
            ranker: name of the ranker; "" for the preferred one.
            category: category of the garments to search for; "" for all.
            text: whether the ranker has to read a text.

        Returns:
            The name of the ranker that will search.

        Raises:
            BadUsage: The ranker or the category is unknown.
            MissingArtifact: Nothing has been indexed.
            StaleArtifact: There is no index for the ranker.
        """
        require_category(self.categories, category)
        if ranker:  # a wrong name is told first, whether anything is indexed or not
            require_ranker(self.workspace, self.models, ranker)
        indexed = self.indexed  # read once: each search comes here
        name = reading_ranker(ranker, indexed, self.workspace) if text else ranker
        name = name or self._preferred(indexed)
        require_searchable(self.workspace, self.models, name, indexed)
        return name

    def open(self, photo: "PhotoSource") -> OpenPhoto:
        """Decode a photograph.

        Args:
            photo: path, bytes of a JPEG, PNG or WebP file, Pillow image, or array
                (H, W, 3) uint8 RGB.

        Raises:
            UnreadablePhoto: The photograph cannot be read.
        """
        from tiefvision.photos.sources import open_source

        return OpenPhoto(self, open_source(photo))

    def index(
        self,
        folder: str | Path,
        rankers: Sequence[str] = (),
        max_gib: float = MAX_GIB,
        items: str | Path | None = None,
        workers: Workers = ALONE,
    ) -> dict[str, Any]:
        """Index a folder of shop photographs, or the shop photographs of a dataset.

        Args:
            folder: folder of photographs, or of a dataset.
            rankers: names of the rankers to build an index for; () for the preferred
                one and the baseline.
            max_gib: largest size of the catalogue's file in GiB.
            items: table of products; None for items.csv in the folder, if there is one.
            workers: who describes photographs: this process, several, or a cluster.

        Returns:
            The report of the change: see ``Catalogue.index``.

        Raises:
            TiefVisionError: The folder is missing or holds no readable photograph.
            BadUsage: A ranker is unknown, or the size limit is out of range.
        """
        names = tuple(dict.fromkeys(rankers)) or default_rankers(self.models)
        for name in names:
            require_ranker(self.workspace, self.models, name)
        self.close()
        return self.catalogue(max_gib, workers).index(
            Path(folder), names, Path(items) if items else None
        )

    def catalogue(
        self, max_gib: float = MAX_GIB, workers: Workers = ALONE
    ) -> "Catalogue":
        """The catalogue, to change it: ``add``, ``remove``, ``sync``, ``compact``.

        Searches of this finder, too, take its changes in.

        Args:
            max_gib: largest size of the catalogue's file in GiB.
            workers: who describes photographs: this process, several, or a cluster.

        Raises:
            BadUsage: The size limit, or the number of workers, is out of range.
        """
        require_size_limit(max_gib)
        workers.require_valid()
        from tiefvision.catalogue.living.catalogue import Catalogue

        resources = self.resources(max_gib)
        self.forget_retrained()
        return Catalogue(self.workspace, self.models, resources, workers, self)

    def search(
        self,
        photo: "OpenPhoto | PhotoSource | None" = None,
        box: Box | None = None,
        *,
        whole: bool = False,
        category: str = "",
        k: int = DEFAULT_K,
        ranker: str = "",
        any_category: bool = False,
        where: str = "",
        text: str = "",
        text_weight: float = TEXT_WEIGHT,
    ) -> tuple[Answer, ...]:
        """Find the closest items of the catalogue for every garment of a photograph.

        A garment searches the items of its own group, such as "lower", and those whose
        group is unknown; an outfit, or a whole photograph, searches all.

        Args:
            photo: result of ``open``, or anything that ``open`` accepts; None to search
                with a text alone.
            box: x0, y0, x1, y1 in pixels of the photograph, to search with instead of
                the located garments.
            whole: whether to search with the whole photograph.
            category: category of the garments to search for; "" for all.
            k: most items of an answer.
            ranker: name of a ranker that has an index; "" for the preferred one.
            any_category: whether a garment searches the items of every group.
            where: condition on the items, such as "price < 50 and category == 'dress'"
                (``catalogue/where.py``); "" for none.
            text: description such as "red floral dress", for a ranker that reads text
                (``tiefvision models --add``); "" for none.
            text_weight: share of the text beside a photograph, in [0, 1].

        Returns:
            An answer for each garment, outfits last. If none is located, the search is
            with the surest outfit or the whole photograph, and ``Answer.note`` says so.

        Raises:
            UnreadablePhoto: The photograph cannot be read.
            BadUsage: There is no such ranker or category, ``k`` is below 1, the box
                is none, or lies outside, or the condition is none, or names a column
                that there is not; there is neither photograph nor text, or the ranker
                reads no text.
            MissingArtifact: Nothing has been indexed.
            StaleArtifact: Other models made the index, or there is none for the ranker.
        """
        if k < 1:
            raise BadUsage(f"k = {k} asks for no item.", "Use 1 or more.")
        words = words_of(text, text_weight, photo is not None, box, whole)
        name = self.require_searchable(ranker, category, bool(text))
        from tiefvision.catalogue.answers import answer_query
        from tiefvision.catalogue.queries import (
            queries_as_asked,
            queries_of_garments,
            query_of_text,
        )
        from tiefvision.catalogue.where import parse_where

        condition = parse_where(where) if where else None
        if photo is None:
            searcher, query = self.searcher(name), query_of_text(text, category)
            with self.reopening():
                searcher.require_known(condition)
                how = (name, k, any_category, condition, words)
                return (answer_query(None, query, searcher, *how),)
        opened = self._own(photo)

        # A box can be refused, so before networks are loaded.
        size = opened.width, opened.height
        queries = queries_as_asked(box, whole, size, category)
        searcher = self.searcher(name)
        with self.reopening():
            searcher.require_known(condition)
            queries = queries or queries_of_garments(
                opened.to_search, self.locator.telling, category
            )
            how = (name, k, any_category, condition, words)
            return tuple(answer_query(opened, one, searcher, *how) for one in queries)

    def search_together(
        self, photos: "Sequence[OpenPhoto | PhotoSource]", **how: Any
    ) -> tuple[Answer, ...]:
        """Search with several photographs of one thing.

        Args:
            photos: photographs.
            how: the further arguments of ``search``, apart from ``box``.

        Returns:
            An answer for each category that was located in any of the photographs: the
            items that are closest to any of them. Its query is that of the photograph
            of the first hit.

        Raises:
            As ``search`` does.
        """
        from tiefvision.catalogue.answers import merge_answers

        found = [answer for photo in photos for answer in self.search(photo, **how)]
        return merge_answers(found, how.get("k", DEFAULT_K))

    def rank_of(
        self,
        photo: "OpenPhoto | PhotoSource",
        query: "Query",
        items: Iterable[str],
        ranker: str,
        *,
        any_category: bool = False,
        where: str = "",
    ) -> dict[str, int | None]:
        """Ranks of items in the answer that another ranker would give.

        Args:
            photo: photograph.
            query: ``Answer.query`` of what was searched for in it.
            items: items of the answer, or others.
            ranker: name of a ranker that has an index.
            any_category: as it was given to ``search``.
            where: as it was given to ``search``.

        Returns:
            The rank of each item; None behind the first 200. Raises as ``search`` does.
        """
        from tiefvision.catalogue.answers import ranks_of
        from tiefvision.catalogue.where import parse_where

        searcher = self.searcher(self.require_searchable(ranker))
        condition = parse_where(where) if where else None
        own = self._own(photo)
        with self.reopening():
            searcher.require_known(condition)
            return ranks_of(own, query, searcher, items, any_category, condition)

    def _preferred(self, indexed: Indexed) -> str:
        """The preferred one of the rankers that are indexed."""
        usable = tuple(name for name in indexed.rankers if is_known(name))
        preferred, there = preferred_ranker(self.models), usable or indexed.rankers
        return preferred if preferred in there or not there else there[-1]

    def _own(self, photo: "OpenPhoto | PhotoSource") -> OpenPhoto:
        """The photograph as this finder's models see it."""
        if not isinstance(photo, OpenPhoto):
            return self.open(photo)
        return photo if photo.networks is self else OpenPhoto(self, photo.working)
