import pytest
import torch

from tiefvision.encoders import bands
from tiefvision.encoders.architectures import ARCHITECTURES
from tiefvision.encoders.bands import InBands, Rows, bands_of, rows_of, split_trunk


@pytest.mark.parametrize("name", ARCHITECTURES)
@pytest.mark.parametrize("height", [211, 240, 333])
def test_bands_give_the_whole_feature_map(random_encoder, monkeypatch, name, height):
    first, others = split_trunk(random_encoder(name).trunk)
    pixels = torch.randn(1, 3, height, 100)
    monkeypatch.setattr(bands, "BAND_PIXELS", 40 * 100)
    layers = rows_of(first)
    cut = list(bands_of(layers, height, 100))
    assert len(cut) > 4
    assert all(band.last - band.first < height for band in cut)
    with torch.inference_mode():
        whole = others(first(pixels))
        banded = InBands(first, layers, others)(pixels)
    torch.testing.assert_close(banded, whole, atol=1e-4, rtol=1e-4)


def test_bands_read_the_rows_that_their_result_depends_on():
    # With two 3x3 layers of stride 2, row r of the result depends on rows 4r - 3 to
    # 4r + 3 of the photograph.
    layers = [Rows(3, 2, 1, 1, False)] * 2
    assert bands.BAND_PIXELS == 128 * 1024
    cut = list(bands_of(layers, 64, 4 * 1024))
    assert [(band.first, band.last, band.keep) for band in cut] == [
        (0, 32, slice(0, 8)),
        (28, 64, slice(1, 9)),
    ]


@pytest.mark.parametrize("ceil", [False, True])
def test_rows_are_counted_as_pytorch_counts_them(ceil):
    for rows in range(7, 40):
        for sizes in [(3, 2, 0, 1), (3, 2, 1, 1), (2, 3, 1, 1), (3, 1, 2, 2)]:
            if 2 * sizes[2] > sizes[0]:
                continue  # PyTorch allows no more padding in a pooling
            pool = torch.nn.MaxPool2d(*sizes, ceil_mode=ceil)
            expected = pool(torch.zeros(1, 1, rows, 9)).shape[2]
            assert Rows(*sizes, ceil).count(rows) == expected


def test_a_small_photograph_is_one_band():
    layers = [Rows(3, 2, 1, 1, False)]
    (band,) = bands_of(layers, 224, 224)
    assert (band.first, band.last) == (0, 224)
