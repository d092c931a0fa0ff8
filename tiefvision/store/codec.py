"""Encoding of keys and values as bytes: UTF-8, JSON and safetensors, no pickle.

NumPy is imported when an array is read or written: headers and records need none.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAX_KEY_BYTES = 511
"""Longest key that LMDB accepts, a constant of its build."""

_HASH_LETTERS = 64  # hexadecimal digits of SHA-256

_DTYPES = {
    "BOOL": "bool",
    "U8": "uint8",
    "I8": "int8",
    "I16": "int16",
    "I32": "int32",
    "I64": "int64",
    "F16": "float16",
    "F32": "float32",
    "F64": "float64",
}
"""The dtypes that ``bytes_to_tensor`` reads, by their names in safetensors."""

# The first byte of a value is a tag that tells JSON from safetensors.
_RECORD = b"J"
_TENSORS = b"T"


def key_to_bytes(key: str) -> bytes:
    """Encode a key as UTF-8 of at most ``MAX_KEY_BYTES`` bytes.

    A longer key is cut, and the SHA-256 of the whole key takes the place of its end.
    """
    encoded = key.encode()
    if len(encoded) <= MAX_KEY_BYTES:
        return encoded
    head = encoded[: MAX_KEY_BYTES - _HASH_LETTERS]
    return head + hashlib.sha256(encoded).hexdigest().encode()


def record_to_bytes(record: Any) -> bytes:
    """Encode a JSON value as a tag byte and compact JSON in UTF-8.

    Halves of surrogate pairs, which JSON files may hold, come back as they were.
    """
    text = json.dumps(record, ensure_ascii=False, separators=(",", ":"))
    return _RECORD + text.encode(errors="surrogatepass")


def tensors_to_bytes(tensors: "Mapping[str, NDArray[Any]]") -> bytes:
    """Encode named arrays as a tag byte and safetensors data."""
    import numpy as np
    import safetensors.numpy

    # Not np.ascontiguousarray, which gives an array without axes an axis.
    contiguous = {name: np.asarray(array, order="C") for name, array in tensors.items()}
    return _TENSORS + safetensors.numpy.save(contiguous)


def holds_tensors(value: bytes) -> bool:
    """Whether a value was encoded by ``tensors_to_bytes``."""
    return value[:1] == _TENSORS


def bytes_to_record(value: bytes) -> Any:
    """Decode a value that ``record_to_bytes`` encoded."""
    return json.loads(value[1:])


def bytes_to_tensors(value: bytes | memoryview) -> "dict[str, NDArray[Any]]":
    """Decode a value that ``tensors_to_bytes`` encoded; the arrays own their memory."""
    facts, data = _parts(value)
    return {name: _array(fact, data) for name, fact in facts.items()}


def bytes_to_tensor(value: memoryview, name: str) -> "NDArray[Any]":
    """Decode one array of a value that ``tensors_to_bytes`` encoded.

    Only the header and the data of the one array are read.

    Args:
        value: encoded value; the result is a copy that does not refer to it.
        name: name of the array.

    Raises:
        KeyError: There is no array of this name.
    """
    facts, data = _parts(value)
    return _array(facts[name], data)


def _parts(value: bytes | memoryview) -> tuple[dict[str, Any], memoryview]:
    """Facts about each array, and the data of all.

    A value is the tag byte, the length of a JSON header in 8 bytes, the header, and the
    data of the arrays (https://github.com/huggingface/safetensors#format).
    """
    view = memoryview(value)
    start = 9 + int.from_bytes(view[1:9], "little")
    facts = json.loads(bytes(view[9:start]))
    return facts, view[start:]


def _array(facts: Mapping[str, Any], data: memoryview) -> "NDArray[Any]":
    """A copy of one array."""
    import numpy as np

    begin, end = facts["data_offsets"]
    array: NDArray[Any] = np.frombuffer(data[begin:end], _DTYPES[facts["dtype"]])
    return array.reshape(facts["shape"]).copy()
