"""The benchmark of encoding on tiny photographs: counts and rows, not times."""

import numpy as np
import pytest
import torch

from tiefvision.benchmarks.encoding import (
    EAGER,
    count_crops,
    eager_encoder,
    encoding,
    share_to_reach,
)
from tiefvision.encoders.architectures import architecture_named
from tiefvision.encoders.dense import make_encoder
from tiefvision.engines.choice import Backend
from tiefvision.engines.layers import count_operations

SQUEEZENET = architecture_named("squeezenet1_1")
SIZES = ((224, 224), (256, 240))


@pytest.fixture
def rows(limits_of, once):
    limits = limits_of("openvino", "torch")
    found = list(encoding(SQUEEZENET, limits, once, SIZES, compared=SIZES[1]))
    return found, limits


def test_every_size_has_a_row_for_every_engine_and_eager_torch(rows):
    small, large = rows[0][:3], rows[0][3:]
    assert [row.engine for row in small] == ["openvino", "torch", EAGER]
    assert [row.engine for row in large] == ["openvino", "torch", EAGER]
    assert {row.heading for row in rows[0]} == {"encoding, squeezenet1_1, px"}
    assert {row.step for row in small} == {"224x224"}
    assert {row.step for row in large} == {"256x240"}
    assert [row.over_eager is None for row in small] == [False, False, True]
    assert not any(row.over_crops for row in small)
    assert [row.over_crops is None for row in large] == [False, False, True]


def test_rates_and_shares_follow_from_operations_and_seconds(rows):
    found, limits = rows
    operations = count_operations(SQUEEZENET.layers, (3, 240, 256))
    row, _, eager = found[3:]
    assert row.rate == pytest.approx(operations / row.seconds / 1e9)
    # One round: the ratio of shares is that of speeds.
    assert row.share / eager.share == pytest.approx(row.over_eager)
    assert row.share > 0 and limits.product("float32").operations > 0


def test_only_networks_that_bear_bfloat16_run_in_it(limits_of, once):
    limits = limits_of("torch")
    assert limits.formats == ("float32", "bfloat16")
    row, _ = encoding(SQUEEZENET, limits, once, [(64, 64)])
    assert row.dtype == "float32"
    found = list(encoding(architecture_named("alexnet"), limits, once, [(64, 64)]))
    assert [(row.engine, row.dtype) for row in found] == [
        ("torch", "float32"),
        ("torch", "bfloat16"),
        (EAGER, "float32"),
    ]


def test_the_default_engine_alone_has_a_goal(limits_of, once):
    limits = limits_of("openvino", "torch")
    found = list(encoding(architecture_named("alexnet"), limits, once, [(64, 64)]))
    goals = [(row.engine, row.goal.text) for row in found if row.goal]
    assert set(goals) == {("openvino", "95%")}


def test_goals_of_architectures():
    goals = {
        "alexnet": 0.95,
        "squeezenet1_1": None,
        "mobilenet_v2": 0.5,
        "efficientnet_lite0": 0.5,
        "efficientnet_lite2": 0.5,
    }
    for name, goal in goals.items():
        assert share_to_reach(architecture_named(name)) == goal


def test_crops_are_counted_as_windows():
    assert count_crops((224, 224), 16) == 1
    assert count_crops((239, 240), 16) == 2
    assert count_crops((352, 480), 16) == 9 * 17


@pytest.mark.parametrize("name", ["squeezenet1_1", "efficientnet_lite0"])
def test_the_eager_encoder_computes_the_same_maps(name):
    architecture = architecture_named(name)
    encoder = make_encoder(name, "random", engine=Backend("cpu", "torch").inference)
    photo = np.random.default_rng(0).integers(0, 256, (96, 80, 3), dtype=np.uint8)
    np.testing.assert_allclose(
        eager_encoder(architecture, torch.device("cpu")).encode(photo).numpy(),
        encoder.encode(photo),
        rtol=1e-3,
        atol=1e-4,
    )
