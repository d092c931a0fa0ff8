"""Keys and values of an artifact as bytes: paths, JSON and safetensors, no pickle."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray

MAX_KEY_BYTES = 511
"""LMDB's limit, compiled in."""

_HASH_LETTERS = 64

# One byte before each value tells JSON from safetensors without a guess.
_RECORD = b"J"
_TENSORS = b"T"


def key_to_bytes(key: str) -> bytes:
    """UTF-8, with the tail of an overlong key replaced by its SHA-256."""
    encoded = key.encode()
    if len(encoded) <= MAX_KEY_BYTES:
        return encoded
    head = encoded[: MAX_KEY_BYTES - _HASH_LETTERS]
    return head + hashlib.sha256(encoded).hexdigest().encode()


def record_to_bytes(record: Any) -> bytes:
    """A JSON value as compact UTF-8, after the tag of its kind."""
    text = json.dumps(record, ensure_ascii=False, separators=(",", ":"))
    return _RECORD + text.encode()


def tensors_to_bytes(tensors: Mapping[str, NDArray[Any]]) -> bytes:
    """Named arrays as one safetensors value, after the tag of their kind."""
    # Not ascontiguousarray, which makes a number without axes an array with one.
    contiguous = {name: np.asarray(array, order="C") for name, array in tensors.items()}
    return _TENSORS + safetensors.numpy.save(contiguous)


def holds_tensors(value: bytes) -> bool:
    """Whether ``tensors_to_bytes`` wrote a value."""
    return value[:1] == _TENSORS


def bytes_to_record(value: bytes) -> Any:
    """What ``record_to_bytes`` wrote."""
    return json.loads(value[1:])


def bytes_to_tensors(value: bytes) -> dict[str, NDArray[Any]]:
    """What ``tensors_to_bytes`` wrote, as arrays that own their memory."""
    return safetensors.numpy.load(value[1:])
