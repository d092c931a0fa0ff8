import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from tiefvision.datasets.synth.photography import (
    Camera,
    as_jpeg,
    draw_street_camera,
    draw_studio_camera,
    photograph,
)

GREY = np.full((3, 60, 80), 0.5, dtype=np.float32)
STILL = Camera(noise=0.0)


def taken(camera, picture=GREY):
    return photograph(picture, camera, np.random.default_rng(0))


def test_a_perfect_camera_changes_nothing():
    photo = taken(STILL)
    assert photo.shape == (60, 80, 3)
    assert photo.dtype == np.uint8
    assert set(photo.ravel().tolist()) == {127}


@pytest.mark.parametrize(
    ("change", "brighter"),
    [({"exposure": 1.3}, True), ({"exposure": 0.7}, False), ({"gamma": 0.8}, True)],
)
def test_exposure_and_gamma_change_the_light(change, brighter):
    assert (taken(replace(STILL, **change)).mean() > 127) == brighter


def test_a_warm_cast_is_red():
    red, _, blue = taken(replace(STILL, cast=(1.1, 1.0, 0.9))).mean(axis=(0, 1))
    assert red > 127 > blue


def test_a_gradient_darkens_one_side():
    photo = taken(replace(STILL, gradient=0.4, towards=0.0))
    assert photo[:, 0].mean() > photo[:, -1].mean() + 30


def test_a_hard_shadow_has_light_and_dark_parts():
    levels = taken(replace(STILL, shadow=0.5))[..., 0]
    assert levels.min() == pytest.approx(64, abs=2)
    assert levels.max() == 127


def test_noise_has_the_deviation_asked_for():
    photo = taken(replace(STILL, noise=0.02)).astype(float)
    assert photo.std() == pytest.approx(0.02 * 255, rel=0.1)


def test_nothing_moves():
    picture = np.zeros((3, 61, 81), dtype=np.float32)
    picture[:, 30, 40] = 1.0
    photo = taken(draw_street_camera(np.random.default_rng(1)), picture).sum(axis=2)
    assert np.unravel_index(photo.argmax(), photo.shape) == (30, 40)


def test_street_cameras_are_worse_than_the_studio():
    rng = np.random.default_rng(0)
    streets = [draw_street_camera(rng) for _ in range(50)]
    studios = [draw_studio_camera(rng) for _ in range(50)]
    assert {45 <= camera.quality <= 90 for camera in streets} == {True}
    assert max(c.quality for c in streets) <= min(c.quality for c in studios)
    assert np.std([c.exposure for c in streets]) > np.std([c.exposure for c in studios])


def test_the_jpeg_carries_its_comment():
    content = as_jpeg(taken(STILL), 80, "seed 3")
    with Image.open(io.BytesIO(content)) as image:
        assert image.info["comment"] == b"seed 3"
        assert image.size == (80, 60)
    assert len(content) < len(as_jpeg(taken(Camera(noise=0.05)), 95, "seed 3"))
