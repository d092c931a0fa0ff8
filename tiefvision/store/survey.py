"""The summary of an artifact's entries in its header: count, layout and digest."""

import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from tiefvision.store.codec import bytes_to_tensors, holds_tensors

if TYPE_CHECKING:
    from numpy.typing import NDArray


def survey(
    entries: Iterable[tuple[bytes, bytes]],
) -> tuple[dict[str, int], dict[str, Any], str]:
    """Summarise entries for ``Header``.

    Args:
        entries: encoded keys and values, sorted by key.

    Returns:
        The fields ``count`` (number of entries by kind), ``layout`` (dtype and shape of
        the arrays by "kind.name", None for an axis whose length varies) and ``digest``
        (SHA-256 of all keys and values) of ``Header``.
    """
    digest = hashlib.sha256()
    count: dict[str, int] = {}
    layout: dict[str, Any] = {}
    for key, value in entries:
        digest.update(len(key).to_bytes(8, "big") + key)
        digest.update(len(value).to_bytes(8, "big") + value)
        kind = key.split(b"/", 1)[0].decode()
        count[kind] = count.get(kind, 0) + 1
        if holds_tensors(value):
            for name, array in bytes_to_tensors(value).items():
                _merge_layout(layout, f"{kind}.{name}", array)
    return count, layout, digest.hexdigest()


def _merge_layout(layout: dict[str, Any], name: str, array: "NDArray[Any]") -> None:
    shape: list[int | None] = list(array.shape)
    seen = layout.setdefault(name, {"dtype": str(array.dtype), "shape": shape})
    if len(seen["shape"]) == len(shape):
        pairs = zip(seen["shape"], shape, strict=True)
        seen["shape"] = [a if a == b else None for a, b in pairs]
