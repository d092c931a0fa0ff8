import numpy as np
import pytest
from torch import nn

from tiefvision.encoders.dense import make_encoder
from tiefvision.judging.encoders.candidates import encoder_candidates
from tiefvision.ranking.crops import CropRules, crop_garment, encode_crop


def test_an_encoder_is_compared_as_the_pipeline_compares_it():
    encoder = make_encoder("alexnet", "random")
    photo = np.random.default_rng(0).integers(0, 256, (60, 40, 3), dtype=np.uint8)
    crop = crop_garment(photo, None)
    pooled, cells = encoder_candidates(encoder)
    assert (pooled.encoder, pooled.weights) == ("alexnet", "random (seed 0)")
    expected = np.asarray(encoder.encode(crop)).mean(axis=(1, 2))
    assert pooled.embed(photo) == pytest.approx(expected, rel=1e-5)
    unit = encode_crop(encoder, crop, CropRules())
    embedding = cells.embed(photo)
    assert np.linalg.norm(embedding) == pytest.approx(1.0, rel=1e-5)
    assert embedding * np.sqrt(11 * 11) == pytest.approx(unit.ravel(), rel=1e-5)


def test_a_read_out_is_a_layer_over_the_mean():
    encoder = make_encoder("alexnet", "random")
    photo = np.random.default_rng(0).integers(0, 256, (60, 40, 3), dtype=np.uint8)
    layer = nn.Linear(256, 3)
    pooled, _, read_out = encoder_candidates(encoder, {"meaning": layer})
    expected = layer.weight.detach().numpy() @ pooled.embed(photo)
    assert read_out.features == "meaning"
    assert read_out.embed(photo) == pytest.approx(
        expected + layer.bias.detach().numpy(), rel=1e-4, abs=1e-5
    )


def test_another_photograph_is_encoded_again():
    pooled, _ = encoder_candidates(make_encoder("alexnet", "random"))
    dark = np.zeros((40, 40, 3), dtype=np.uint8)
    before = pooled.embed(dark)
    assert not np.array_equal(before, pooled.embed(dark + np.uint8(200)))
    assert np.array_equal(before, pooled.embed(dark))
