import numpy as np
import pytest

from tiefvision.encoders.dense import make_encoder
from tiefvision.encoders.weights import Readout
from tiefvision.judging.encoders.candidates import (
    CELLS,
    LAB,
    MAXIMA,
    MEAN,
    REGIONS,
    encoder_candidates,
    histogram_candidates,
    mean_regions,
)
from tiefvision.ranking.colours.histogram import lab_histogram
from tiefvision.ranking.crops import CropRules, crop_garment, encode_crop


@pytest.fixture
def photo():
    return np.random.default_rng(0).integers(0, 256, (60, 40, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def encoder():
    return make_encoder("alexnet", "random")


def by_features(encoder, readouts=None):
    return {item.features: item for item in encoder_candidates(encoder, readouts)}


def test_an_encoder_is_compared_as_the_pipeline_compares_it(encoder, photo):
    crop = crop_garment(photo, None)
    found = by_features(encoder)
    alone = [MEAN, MAXIMA, REGIONS, CELLS]
    assert list(found) == [*alone, *(f"{name} + {LAB}" for name in alone)]
    assert found[MEAN].encoder == "alexnet"
    assert found[MEAN].weights == "random (seed 0)"
    cells = encoder.encode(crop)
    assert found[MEAN].embed(photo) == pytest.approx(cells.mean(axis=(1, 2)), rel=1e-5)
    assert np.array_equal(found[MAXIMA].embed(photo), cells.max(axis=(1, 2)))
    unit = encode_crop(encoder, crop, CropRules())
    embedding = found[CELLS].embed(photo)
    assert np.linalg.norm(embedding) == pytest.approx(1.0, rel=1e-5)
    assert embedding * np.sqrt(11 * 11) == pytest.approx(unit.ravel(), rel=1e-5)


def test_beside_lab_the_cosine_is_the_mean_of_both(encoder, photo):
    other = photo[::-1, :, ::-1].copy() // 2
    found = by_features(encoder)

    def cosine(features):
        one, two = (found[features].embed(image) for image in (photo, other))
        return one @ two / np.linalg.norm(one) / np.linalg.norm(two)

    colours = [lab_histogram(crop_garment(image, None)) for image in (photo, other)]
    both = (cosine(MEAN) + colours[0] @ colours[1]) / 2
    assert cosine(f"{MEAN} + {LAB}") == pytest.approx(both, rel=1e-5)
    assert abs(cosine(MEAN) - both) > 0.01


def test_regions_are_means_that_left_and_right_share():
    cells = np.arange(2 * 8 * 6, dtype=np.float32).reshape(2, 8, 6)
    regions = mean_regions(cells).reshape(4, 2, 2)  # rows, columns, channels
    for row in range(4):
        rows = cells[:, 2 * row : 2 * row + 2]
        for channel in range(2):
            # Both halves are equally large, so that their mean is that of the row.
            assert regions[row, :, channel] == pytest.approx(rows[channel].mean())
    mirrored = mean_regions(cells[:, :, ::-1])
    assert mirrored == pytest.approx(mean_regions(cells))


def test_a_read_out_is_a_layer_over_the_mean(encoder, photo):
    generator = np.random.default_rng(1)
    weight = generator.standard_normal((3, 256)).astype(np.float32)
    found = by_features(encoder, {"meaning": Readout(weight, np.ones(3, np.float32))})
    expected = weight @ found[MEAN].embed(photo) + 1
    assert found["meaning"].embed(photo) == pytest.approx(expected, rel=1e-4, abs=1e-5)


def test_another_photograph_is_encoded_again(encoder):
    embed = by_features(encoder)[MEAN].embed
    dark = np.zeros((40, 40, 3), dtype=np.uint8)
    before = embed(dark)
    assert not np.array_equal(before, embed(dark + np.uint8(200)))
    assert np.array_equal(before, embed(dark))


def test_histograms_need_no_network(photo):
    rgb, lab = histogram_candidates()
    assert (rgb.features, lab.features) == ("8x8x8 RGB", LAB)
    assert len(rgb.embed(photo)) == 512
    assert np.array_equal(lab.embed(photo), lab_histogram(crop_garment(photo, None)))
