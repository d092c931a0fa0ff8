"""Counting, measuring and hashing the entries of an artifact."""

import hashlib
from collections.abc import Iterable
from typing import Any

from numpy.typing import NDArray

from tiefvision.store.codec import bytes_to_tensors, holds_tensors


def survey(
    entries: Iterable[tuple[bytes, bytes]],
) -> tuple[dict[str, int], dict[str, Any], str]:
    """What a header tells of the entries.

    Args:
        entries: Keys and values, in the order of the keys.

    Returns:
        How many there are of each kind, dtype and shape of their tensors (None for an
        axis that varies), and the SHA-256 of everything.
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


def _merge_layout(layout: dict[str, Any], name: str, array: NDArray[Any]) -> None:
    shape: list[int | None] = list(array.shape)
    seen = layout.setdefault(name, {"dtype": str(array.dtype), "shape": shape})
    if len(seen["shape"]) == len(shape):
        pairs = zip(seen["shape"], shape, strict=True)
        seen["shape"] = [a if a == b else None for a, b in pairs]
