import pytest
import torch

from tiefvision.encoders import precision
from tiefvision.encoders.dense import make_encoder
from tiefvision.encoders.precision import check_precision, dtype_for
from tiefvision.errors import BadUsage

CPU = torch.device("cpu")


@pytest.mark.parametrize("fast", [False, True])
def test_auto_depends_on_the_processor_and_the_architecture(monkeypatch, fast):
    monkeypatch.setattr(precision, "multiplies_bfloat16", lambda device: fast)
    expected = torch.bfloat16 if fast else torch.float32
    assert dtype_for("alexnet", CPU, "auto") == expected
    assert dtype_for("mobilenet_v2", CPU, "auto") == torch.float32


def test_explicit_precisions_are_used():
    assert dtype_for("mobilenet_v2", CPU, "bfloat16") == torch.bfloat16
    assert dtype_for("alexnet", CPU, "float32") == torch.float32
    assert make_encoder("alexnet", "random", 0, "bfloat16").dtype == torch.bfloat16


def test_auto_is_float32_on_apple_processors():
    assert dtype_for("alexnet", torch.device("mps"), "auto") == torch.float32


def test_an_unknown_precision_is_refused():
    assert check_precision("bfloat16") == "bfloat16"
    with pytest.raises(BadUsage, match=r"half.*"):
        check_precision("half")
