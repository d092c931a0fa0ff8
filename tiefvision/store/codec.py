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

_DTYPES = {
    "BOOL": np.bool_,
    "U8": np.uint8,
    "I8": np.int8,
    "I16": np.int16,
    "I32": np.int32,
    "I64": np.int64,
    "F16": np.float16,
    "F32": np.float32,
    "F64": np.float64,
}
"""What safetensors calls the dtypes that are read one array at a time."""

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


def bytes_to_tensor(value: memoryview, name: str) -> NDArray[Any]:
    """One array of what ``tensors_to_bytes`` wrote; the others are not touched.

    After the tag the format has the length of a JSON header in 8 bytes, the header
    (https://github.com/huggingface/safetensors#format), and the bytes of the arrays.

    Args:
        value: The bytes, which need not outlive the call.
        name: Of the array.

    Raises:
        KeyError: There is no array of that name.
    """
    start = 9 + int.from_bytes(value[1:9], "little")
    facts = json.loads(bytes(value[9:start]))[name]
    begin, end = facts["data_offsets"]
    data = value[start + begin : start + end]
    array: NDArray[Any] = np.frombuffer(data, _DTYPES[facts["dtype"]])
    return array.reshape(facts["shape"]).copy()
