"""What the packages of other stores raise."""

from collections.abc import Iterator
from contextlib import contextmanager

from tiefvision.errors import TiefVisionError, reason_of
from tiefvision.storage import storage_errors


@contextmanager
def store_errors(store: str, where: str, *raised: type[Exception]) -> Iterator[None]:
    """Turn what a store's client raises into a sentence.

    Args:
        store: name of the store.
        where: address or path of the store.
        raised: classes of the client's errors.

    Raises:
        StorageFull: A file of the store cannot be written.
        TiefVisionError: The store refused something, or cannot be reached.
    """
    try:
        with storage_errors(where, "cannot be written"):
            yield
    except raised as error:
        reason = " ".join(reason_of(error).split())
        raise TiefVisionError(
            f"{store} at {where} failed: {reason}.",
            "See that it runs there and has room, and run again.",
        ) from error
