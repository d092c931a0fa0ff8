"""What a ranker of the user returns, checked where it enters."""

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiefvision.errors import TiefVisionError, reason_of
from tiefvision.ranking.garments import Embed, GarmentBatch, Garments
from tiefvision.ranking.needs import Need
from tiefvision.ranking.similarity import LEAST, unit_rows
from tiefvision.records import View

logger = logging.getLogger(__name__)

UNTOLD = "the photograph"
"""A photograph in a message where nobody told its path."""


class BadEmbedding(TiefVisionError):
    """A ranker of the user returned what is no embedding, or failed.

    Args:
        ranker: name of the ranker.
        what: what it did, such as "gave NaN".
        path: path of the first photograph concerned; "" where nobody told it.
        fix: a sentence with what corrects it.
    """

    def __init__(self, ranker: str, what: str, path: str = "", fix: str = "") -> None:
        super().__init__(f"Ranker {ranker} {what} for {path or UNTOLD}.", fix)
        self.ranker, self.what, self.path = ranker, what, path

    def naming(self, paths: Mapping[str, str]) -> "BadEmbedding":
        """The same error with another path of the photograph.

        Args:
            paths: path by the one that the error has; unknown ones stay.
        """
        path = paths.get(self.path, self.path)
        return BadEmbedding(self.ranker, self.what, path, self.fix)


def checked_ranker(
    name: str, needs: Collection[Need], embed: Callable[[Garments], Any]
) -> Embed:
    """A ranker whose rows are checked and scaled to unit length.

    Args:
        name: name of the ranker, for messages.
        needs: parts of a crop that it reads, at least one; the others are empty for it,
            whatever other rankers read.
        embed: function of the user, from B garments to B rows.

    Returns:
        A function that raises ``BadEmbedding`` for what cannot be used: rows that are
        missing, of another length than before, no floats, not finite, or zeros.
    """
    first, *_ = needs
    known: list[int] = []  # length of the first embedding

    def checked(garments: Garments) -> NDArray[np.float32]:
        count, views = len(getattr(garments, first)), garments.views
        start = views[0].path if views else ""
        parts = {need: getattr(garments, need) for need in needs}
        try:
            found = embed(GarmentBatch(**parts, views=views))
            rows = np.asarray(found)
        except TiefVisionError:
            raise
        except Exception as error:
            logger.info("%s failed", name, exc_info=error)
            reason = " ".join(f"{type(error).__name__}: {reason_of(error)}".split())
            what = f"failed ({reason})"
            raise BadEmbedding(name, what, start, "-v shows where.") from error
        if found is None:
            raise BadEmbedding(name, "gave nothing (None)", start, "Return its rows.")
        wrong = _wrong_shape(rows, count, known[0] if known else 0)
        if wrong:
            raise BadEmbedding(name, wrong, start)
        known[:] = [rows.shape[1]]
        return unit_embeddings(rows, views, name)

    return checked


def unit_embeddings(
    rows: NDArray[Any], views: Sequence[View], ranker: str
) -> NDArray[np.float32]:
    """Rows of unit length.

    Args:
        rows: one row a photograph, (B, D) of any floating dtype.
        views: photographs of the rows; () where nobody told them.
        ranker: name of the ranker, for messages.

    Raises:
        BadEmbedding: A row is not finite, or it is zeros.
    """
    with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite
        floats = np.ascontiguousarray(rows, dtype=np.float32)
    largest = np.abs(floats).max(axis=1, initial=0.0)
    for wrong, what in (
        (np.isnan(largest), "gave NaN"),
        (np.isinf(largest), "gave an infinite number"),
        (largest < LEAST, "gave a vector of zeros"),
    ):
        if wrong.any():
            row = int(wrong.argmax())
            raise BadEmbedding(ranker, what, views[row].path if views else "")
    # By the largest number first: a square may be more than float32 holds.
    return unit_rows(floats / largest[:, None])


def _wrong_shape(rows: NDArray[Any], count: int, length: int) -> str:
    """What is wrong with the shape or dtype of rows; "" if nothing is."""
    if not np.issubdtype(rows.dtype, np.floating):
        return f"gave numbers of type {rows.dtype}, not floats,"
    if rows.ndim != 2 or not rows.shape[1]:
        return f"gave an array of shape {rows.shape}, not (photographs, numbers),"
    if len(rows) != count:
        return f"gave {len(rows)} rows where {count} were asked for, the first"
    if length and rows.shape[1] != length:
        return f"gave {rows.shape[1]} numbers, and {length} before,"
    return ""
