import pytest
import torch

from tiefvision.errors import BadUsage
from tiefvision.networks.table import NETWORKS
from tiefvision.triplets.footprint import (
    AROUND,
    SPARE,
    Footprint,
    measure_footprint,
    out_of_memory,
    require_memory,
    what_fits,
)

TEN = Footprint(fixed=1e9, triplet=0.1e9)
"""Ten triplets at once take as much as what is there without any."""


def measured(name, width=1.0, optimiser="nesterov", half=False, on_cpu=False):
    return measure_footprint(name, width, optimiser, half=half, on_cpu=on_cpu)


@pytest.mark.parametrize("optimiser", ["nesterov", "adamw"])
def test_weights_gradients_and_moments_are_counted(optimiser):
    network = NETWORKS["mildnet"]
    moments = {"nesterov": 1, "adamw": 2}[optimiser]
    numbers = network.parameters + (1 + moments) * network.trainable
    fixed = measured("mildnet", optimiser=optimiser).fixed
    assert fixed == pytest.approx(4 * numbers, rel=1e-4)
    # A snapshot holds weights, best weights and moments, and is written once more.
    copies = 2 * (2 * network.parameters + moments * network.trainable)
    on_cpu = measured("mildnet", optimiser=optimiser, on_cpu=True).fixed
    assert on_cpu == pytest.approx(4 * (numbers + copies), rel=1e-4)


def test_maps_are_counted():
    # Each convolution of VGG16 keeps what it reads, and each ReLU what it gives: here
    # the maps behind the ReLUs, which the next layer reads, and the images.
    sides = (224, 224, 112, 112, 56, 56, 56, 28, 28, 28, 14, 14, 14)
    channels = (64, 64, 128, 128, 256, 256, 256, *[512] * 6)
    maps = sum(c * side**2 for c, side in zip(channels, sides, strict=True))
    least = 3 * 4 * maps
    counted = measured("vanila_vgg16").triplet
    assert least < counted < 2.5 * least


def test_frozen_layers_keep_nothing():
    assert measured("mildnet").triplet < measured("all_trainable").triplet / 3


def test_half_precision_and_narrow_networks_take_less():
    whole = measured("visnet")
    assert measured("visnet", half=True).triplet == pytest.approx(whole.triplet / 2)
    narrow = measured("visnet", width=0.5)
    assert narrow.fixed < 0.3 * whole.fixed
    assert narrow.triplet == pytest.approx(whole.triplet / 2, rel=0.1)


def test_the_most_that_fits_fits():
    assert TEN.of(10) == AROUND + SPARE * 2e9
    for triplets in (1, 7, 50):
        assert TEN.most(TEN.of(triplets) + 1) == triplets
    assert TEN.most(1e9) == TEN.most(0) == 0


def test_what_fits_is_said():
    free = TEN.of(4) + 1
    require_memory("mildnet", TEN, batch=16, accumulate=4, processes=1, free=free)
    require_memory("mildnet", TEN, batch=16, accumulate=2, processes=2, free=free)
    require_memory("mildnet", TEN, batch=16, accumulate=1, processes=1, free=None)
    with pytest.raises(BadUsage) as refused:
        require_memory("mildnet", TEN, batch=16, accumulate=1, processes=1, free=free)
    assert refused.value.message == (
        "mildnet needs 3.4 GB for 16 triplets at once, and 2.0 GB are free."
    )
    assert refused.value.fix == "Use --accumulate 4: 4 triplets at once take 2.0 GB."


def test_what_did_not_fit_is_not_proposed_again():
    assert what_fits(TEN, 16, 1, free=1e12, below=16).startswith("Use --accumulate 2:")
    assert "--width 0.5" in what_fits(TEN, 16, 1, free=1e12, below=1)
    assert "--width 0.5" in what_fits(TEN, 16, 1, free=1e9)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (torch.OutOfMemoryError("CUDA out of memory"), True),
        (RuntimeError("[...] DefaultCPUAllocator: can't allocate memory: you"), True),
        (MemoryError(), True),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), False),
    ],
)
def test_errors_of_memory_are_told_from_others(error, expected):
    assert out_of_memory(error) == expected
