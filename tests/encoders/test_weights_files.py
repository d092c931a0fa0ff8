import json
import os

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save, save_file
from safetensors.torch import save as torch_save

from tiefvision.encoders.weights_files import (
    read_weights_file,
    write_weights_file,
)
from tiefvision.encoders.weights_header import read_weights_header, require_format
from tiefvision.errors import BadWeights

FACTS = {"format": "tiefvision-test", "version": 3, "name": "test-1", "sizes": [1, 2]}


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "new" / "test.safetensors"
    arrays = {"a.x": np.array([0.1, 2.0], np.float32), "b.n": np.array(7)}
    write_weights_file(path, arrays, FACTS)
    return path


def test_facts_and_arrays_come_back(file):
    read = read_weights_file(file)
    assert read.facts == FACTS
    assert read.name == "test-1"
    assert list(read.group("a.")) == ["x"]
    assert read.arrays["a.x"].dtype == np.float16
    np.testing.assert_array_equal(read.arrays["a.x"], np.float16([0.1, 2.0]))
    assert read.arrays["b.n"].dtype == np.int64  # integers stay what they are
    header = read_weights_header(file)
    assert (header.facts, header.shapes) == (FACTS, {"a.x": (2,), "b.n": ()})
    assert (header.count(), header.count("a.")) == (3, 2)
    assert [path.name for path in file.parent.iterdir()] == ["test.safetensors"]


def test_equal_models_are_equal_files(file, tmp_path):
    arrays = load_file(file)
    for number in range(4):
        other = tmp_path / f"{number}.safetensors"
        facts = dict(list(FACTS.items())[::-1])
        write_weights_file(other, dict(list(arrays.items())[::-1]), facts)
        assert other.read_bytes() == file.read_bytes()


def test_a_value_beyond_half_precision_is_refused_before_writing(tmp_path):
    with pytest.raises(BadWeights, match=r"scale holds values beyond the range"):
        write_weights_file(tmp_path / "x", {"scale": np.array([1e5])}, FACTS)
    assert not list(tmp_path.iterdir())


def test_a_file_of_others_has_no_facts(tmp_path):
    path = tmp_path / "plain.safetensors"
    save_file({"x": np.zeros(1)}, path, {"format": "pt"})
    read = read_weights_file(path)
    assert (read.facts, read.name) == ({}, "plain.safetensors")
    with pytest.raises(BadWeights, match=r"does not name its format, expected heads"):
        require_format(read, "heads", 1)


def test_another_format_and_another_version_are_named_with_what_was_expected(file):
    read = read_weights_file(file)
    require_format(read, "tiefvision-test", 3)
    with pytest.raises(BadWeights, match=r"is a tiefvision-test file, expected heads"):
        require_format(read, "heads", 3)
    with pytest.raises(BadWeights, match=r"of version 3 of .*, expected version 4"):
        require_format(read, "tiefvision-test", 4)


@pytest.mark.parametrize("header", ["[1]", "{", "7"])
def test_a_damaged_header_is_no_file_of_ours(header, tmp_path):
    path = tmp_path / "odd.safetensors"
    path.write_bytes(save({"x": np.zeros(1)}, {"tiefvision": header}))
    with pytest.raises(BadWeights, match=r"odd\.safetensors is not a safetensors"):
        read_weights_file(path)


@pytest.mark.parametrize("new", [True, False])
def test_a_pickle_is_refused_with_the_way_to_convert_it(new, tmp_path):
    path = tmp_path / "weights.pth"
    state = {"x": torch.zeros(1)}
    torch.save(state, path, _use_new_zipfile_serialization=new)
    with pytest.raises(BadWeights, match=r"a pickle .* Convert it") as caught:
        read_weights_file(path)
    assert "save_file" in caught.value.fix


def test_a_truncated_file_is_not_taken_for_a_pickle(tmp_path):
    path = tmp_path / "short.safetensors"
    # The first byte of the length of this header is the first byte of a pickle.
    header = json.dumps({"x": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}})
    path.write_bytes((0x80).to_bytes(8, "little") + header.ljust(0x80).encode())
    with pytest.raises(BadWeights, match="it is truncated"):
        read_weights_file(path)


def test_an_array_of_any_layout_is_written(tmp_path):
    path = tmp_path / "turned.safetensors"
    array = np.arange(6.0).reshape(2, 3)
    write_weights_file(path, {"x": array.T}, FACTS)
    np.testing.assert_array_equal(read_weights_file(path).arrays["x"], array.T)


def test_bfloat16_is_named_with_what_to_do(tmp_path):
    path = tmp_path / "brain.safetensors"
    path.write_bytes(torch_save({"x": torch.zeros(1, dtype=torch.bfloat16)}))
    assert read_weights_header(path).shapes == {"x": (1,)}
    with pytest.raises(BadWeights, match=r"brain\.safetensors holds numbers") as caught:
        read_weights_file(path)
    assert "Convert them to float16 or float32" in caught.value.fix


def test_a_pipe_in_place_of_weights_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.safetensors")
    with pytest.raises(BadWeights, match="it is a pipe and no file"):
        read_weights_header(tmp_path / "pipe.safetensors")
