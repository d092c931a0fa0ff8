import numpy as np
import pytest
import torch

from tiefvision.encoders.weight_arrays import read_weight_arrays
from tiefvision.encoders.weights_files import read_weights_file, write_weights_file
from tiefvision.encoders.weights_header import read_weights_header
from tiefvision.errors import BadWeights

FACTS = {"format": "test", "version": 1, "name": "test-1"}


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "weights.safetensors"
    tensors = {
        "deeprank.mix.weight": torch.arange(6.0).view(2, 3),
        "deeprank.count": torch.tensor([3]),
        "deeprank-other.mix.weight": torch.ones(1),
    }
    write_weights_file(path, tensors, FACTS)
    return path


def test_the_arrays_of_a_group_are_those_that_torch_reads(file):
    arrays = read_weight_arrays(read_weights_header(file), "deeprank.")
    tensors = read_weights_file(file).group("deeprank.")
    assert set(arrays) == set(tensors) == {"mix.weight", "count"}
    for name, array in arrays.items():
        np.testing.assert_array_equal(array, tensors[name].numpy(), strict=True)
    assert arrays["mix.weight"].dtype == np.float16


def test_a_group_that_is_missing_is_empty(file):
    assert read_weight_arrays(read_weights_header(file), "cosine.") == {}


def test_a_file_that_was_damaged_meanwhile_is_refused(file):
    header = read_weights_header(file)
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(BadWeights, match=r"weights\.safetensors"):
        read_weight_arrays(header, "deeprank.")
