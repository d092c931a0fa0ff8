import numpy as np
import pytest
import torch

from tiefvision.distilling.teachers import EARLIER_LAYERS, make_teacher
from tiefvision.encoders.architectures import ARCHITECTURES
from tiefvision.encoders.dense import make_encoder, standardise
from tiefvision.encoders.preprocessing import IMAGENET, LITE
from tiefvision.errors import BadUsage


def photos_of(count, side=96, seed=0):
    generator = np.random.default_rng(seed)
    small = generator.integers(0, 256, (count, side // 16, side // 16, 3))
    return small.repeat(16, 1).repeat(16, 2).astype(np.uint8)


def seen_by(preprocessing, photos):
    """Crops as a student of this preprocessing sees them, (B, 3, H, W)."""
    mean, spread = (
        torch.tensor(part) for part in (preprocessing.mean, preprocessing.spread)
    )
    return ((torch.from_numpy(photos).float() - mean) / spread).permute(0, 3, 1, 2)


@pytest.fixture(params=EARLIER_LAYERS)
def encoder(request):
    return make_encoder(request.param, "random", precision="float32")


def test_every_teacher_is_an_architecture():
    assert set(EARLIER_LAYERS) == set(ARCHITECTURES) - {"alexnet", "nin"}


@pytest.mark.parametrize("student", [IMAGENET, LITE], ids=["imagenet", "lite"])
def test_a_teacher_sees_what_its_encoder_sees(encoder, student):
    """Whatever the preprocessing of the student's pixels."""
    photos = photos_of(2)
    crops = seen_by(student, photos)
    teacher = make_teacher(encoder, student, [crops], torch.float32)
    lesson = teacher.see(crops)
    for photo, cells in zip(photos, lesson.last, strict=True):
        expected = torch.from_numpy(encoder.encode(photo))
        scale = float(expected.std())
        torch.testing.assert_close(cells / scale, expected / scale, atol=1e-3, rtol=0)


def test_the_students_pixels_become_the_teachers(encoder):
    photos = photos_of(2)
    crops = seen_by(LITE, photos)
    factor, shift = make_teacher(encoder, LITE, [crops], torch.float32).levels
    expected = standardise(photos[0], encoder.architecture)[0].transpose(2, 0, 1)
    np.testing.assert_allclose((crops * factor + shift)[0], expected, atol=1e-5)


def test_the_earlier_layer_has_the_grid_of_the_last(encoder):
    crops = seen_by(IMAGENET, photos_of(2))
    lesson = make_teacher(encoder, IMAGENET, [crops], torch.float32).see(crops)
    assert lesson.earlier.shape[2:] == lesson.last.shape[2:]
    assert lesson.last.shape[1] == encoder.architecture.channels
    assert not torch.equal(lesson.earlier[:, :1], lesson.last[:, :1])


def test_lessons_are_standardised_by_channel(encoder):
    batches = [seen_by(IMAGENET, photos_of(4, seed=seed)) for seed in (1, 2)]
    teacher = make_teacher(encoder, IMAGENET, batches, torch.float32)
    lessons = [teacher.lesson(batch) for batch in batches]
    for part in ("last", "earlier"):
        maps = torch.cat([getattr(lesson, part) for lesson in lessons])
        mean, spread = maps.mean(dim=(0, 2, 3)), maps.std(dim=(0, 2, 3))
        torch.testing.assert_close(mean, torch.zeros_like(mean), atol=1e-3, rtol=0)
        # A channel that never or hardly fires stays at 0, or near it.
        fires = spread > 0.95
        assert fires.float().mean() > 0.5
        torch.testing.assert_close(
            spread[fires], torch.ones_like(spread[fires]), atol=1e-3, rtol=0
        )
    pooled = torch.cat([teacher.pooled(lesson) for lesson in lessons])
    assert pooled.shape == (8, encoder.architecture.channels)
    assert pooled.mean(0).abs().max() < 1e-2


def test_alexnet_is_refused_as_a_teacher():
    crops = [seen_by(IMAGENET, photos_of(1))]
    with pytest.raises(BadUsage, match="alexnet cannot be a teacher") as caught:
        make_teacher(make_encoder("alexnet", "random"), IMAGENET, crops, torch.float32)
    assert "efficientnet_lite2" in caught.value.fix
