import numpy as np
import pytest

from tiefvision.store.codec import (
    MAX_KEY_BYTES,
    bytes_to_record,
    bytes_to_tensor,
    bytes_to_tensors,
    holds_tensors,
    key_to_bytes,
    record_to_bytes,
    tensors_to_bytes,
)


def test_a_short_key_is_encoded_as_its_text():
    assert key_to_bytes("map/été 服.jpg") == "map/été 服.jpg".encode()


@pytest.mark.parametrize("letter", ["a", "é", "服"])
def test_an_overlong_key_fits_and_keeps_its_kind(letter):
    key = key_to_bytes("map/" + letter * 600)
    assert len(key) == MAX_KEY_BYTES
    assert key.startswith(b"map/")


def test_overlong_keys_with_a_common_beginning_differ():
    keys = {key_to_bytes("map/" + "a" * 600 + tail) for tail in ("", "1", "2")}
    assert len(keys) == 3


@pytest.mark.parametrize("record", [None, 0, 1.5, "é服", [], {}, {"a": [1, None]}])
def test_a_record_survives_encoding(record):
    value = record_to_bytes(record)
    assert bytes_to_record(value) == record
    assert not holds_tensors(value)


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6, dtype=np.float16).reshape(2, 3),
        np.empty((0, 3), dtype=np.float32),
        np.array(7.0, dtype=np.float32),
        np.array([True, False]),
        np.arange(3, dtype=np.int64) - 1,
        np.arange(24, dtype=np.uint8).reshape(2, 3, 4)[:, ::-1, ::2],
        np.asfortranarray(np.arange(6, dtype=np.float64).reshape(2, 3)),
        np.array([np.nan, np.inf, -0.0]),
    ],
    ids=["half", "empty", "number", "bool", "int", "strided", "fortran", "special"],
)
def test_an_array_survives_encoding(array):
    value = tensors_to_bytes({"x": array})
    back = bytes_to_tensors(value)["x"]
    assert holds_tensors(value)
    assert (back.dtype, back.shape) == (array.dtype, array.shape)
    np.testing.assert_array_equal(back, array)
    np.testing.assert_array_equal(np.signbit(back * 1.0), np.signbit(array * 1.0))


def test_a_decoded_array_owns_its_memory():
    value = tensors_to_bytes({"x": np.zeros(3)})
    first = bytes_to_tensors(value)["x"]
    first += 1
    np.testing.assert_array_equal(bytes_to_tensors(value)["x"], np.zeros(3))


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int64", "float16", "float32"])
def test_one_array_can_be_decoded_alone(dtype):
    tensors = {
        name: np.arange(size).reshape(shape).astype(dtype)
        for name, size, shape in (("a", 6, (2, 3)), ("none", 0, (0, 4)), ("one", 1, ()))
    }
    value = memoryview(tensors_to_bytes(tensors))
    for name, expected in tensors.items():
        array = bytes_to_tensor(value, name)
        assert (array.dtype, array.shape) == (expected.dtype, expected.shape)
        assert array.tolist() == expected.tolist()
        assert array.flags.writeable
    with pytest.raises(KeyError):
        bytes_to_tensor(value, "other")
