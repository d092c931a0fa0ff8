import numpy as np
import pytest
from PIL import Image

from tiefvision.catalogue.describing import (
    Describer,
    choose_whole,
    crop_alone,
    crop_pixels,
    describe_files,
    write_described,
)
from tiefvision.errors import UnreadablePhoto
from tiefvision.photos.working import WorkingPhoto
from tiefvision.progress import untracked
from tiefvision.ranking.colours.histogram import lab_histogram
from tiefvision.ranking.crops import CropRules
from tiefvision.records import Crop, View
from tiefvision.store.artifact import Artifact, ArtifactWriter
from tiefvision.store.header import Header
from tiefvision.workspace.garments import CROP, garments_reader
from tiefvision.workspace.records import read_crop

HEADER = Header("index", 1, {}, {})
BOX = (0.0, 0.0, 40.0, 60.0)


class Encoder:
    """The mean colour of each quarter of a crop, and what it was asked to encode."""

    def __init__(self):
        self.crops = []

    def encode(self, crop):
        self.crops.append(crop)
        quarters = crop.reshape(2, 112, 2, 112, 3).astype(np.float32).mean(axis=(1, 3))
        return quarters.transpose(2, 0, 1) + 1


def describer(**changes):
    return Describer(Encoder(), CropRules(), **changes)


def halves(left, right, width=80, height=60):
    """A photograph in two colours."""
    pixels = np.full((height, width, 3), left, dtype=np.uint8)
    pixels[:, width // 2 :] = right
    return pixels


RED, BLUE = (200, 0, 0), (0, 0, 200)
PHOTO = WorkingPhoto(halves(RED, BLUE), 80, 60)


@pytest.fixture
def files(tmp_path):
    """Four photographs, one of them broken."""
    made = {f"{name}.png": tmp_path / f"{name}.png" for name in "abcd"}
    for number, (name, file) in enumerate(made.items()):
        if name == "b.png":
            file.write_bytes(b"no photograph")
        else:
            Image.fromarray(halves((50 * number, 0, 0), BLUE)).save(file)
    return made


def test_a_crop_is_the_box_alone_or_the_whole_photograph():
    assert (crop_pixels(PHOTO, BOX) == RED).all()
    whole = crop_pixels(PHOTO, None)
    assert whole.shape == (224, 224, 3)
    assert (whole[:, :100] == RED).all() and (whole[:, 124:] == BLUE).all()


def test_close_ups_are_cut_out_of_the_crop():
    """The photograph is red on the left, so that a box tells itself by its share."""
    rules = CropRules(closeups=3)
    described = Describer(Encoder(), rules, lambda path, photo: Crop(BOX)).describe(
        "a", WorkingPhoto(quarters(), 80, 60)
    )
    assert list(described.views) == [CROP, "closeup1", "closeup2", "closeup3"]
    means = {
        name: view.pixels.mean(axis=(0, 1, 2)) for name, view in described.views.items()
    }
    # Of the box, 0 to 40 by 0 to 60: the upper half, the lower half, the middle.
    assert means["closeup1"] == pytest.approx(means_of(quarters()[:30, :40]), abs=1)
    assert means["closeup2"] == pytest.approx(means_of(quarters()[30:, :40]), abs=1)
    assert means["closeup3"] == pytest.approx(means_of(quarters()[15:45, 10:30]), abs=1)
    whole = Describer(Encoder(), rules).describe("a", WorkingPhoto(quarters(), 80, 60))
    upper = whole.views["closeup1"].pixels
    assert upper.mean(axis=(0, 1, 2)) == pytest.approx(means_of(quarters()[:30]), abs=1)


def test_a_query_has_no_close_ups():
    encoder = Encoder()
    Describer(encoder, CropRules(closeups=3)).describe_box(PHOTO, BOX)
    assert len(encoder.crops) == 1


def quarters():
    """A photograph of 80 x 60 px, brighter to the right and redder to the bottom."""
    pixels = np.zeros((60, 80, 3), dtype=np.uint8)
    pixels[..., 2] = np.arange(80) * 3
    pixels[..., 0] = np.arange(60)[:, None] * 4
    return pixels


def means_of(pixels):
    return pixels.reshape(-1, 3).mean(axis=0)


def test_a_mirrored_crop_has_left_and_right_exchanged():
    mirrored = crop_pixels(PHOTO, None, mirrored=True)
    assert (mirrored[:, :100] == BLUE).all() and (mirrored[:, 124:] == RED).all()


def test_a_box_in_pixels_of_the_original_is_cut_out_of_a_shrunk_photograph():
    shrunk = WorkingPhoto(PHOTO.pixels, 800, 600)
    seen = []

    def views(path, photo, box):
        seen.append(box)
        return crop_alone(path, photo, box)

    made = describer(choose=lambda *_: Crop((400.0, 0.0, 800.0, 600.0)), views=views)
    made.describe("a.jpg", shrunk)
    height, width = PHOTO.pixels.shape[:2]
    assert seen == [pytest.approx((width / 2, 0, width, height))]


def test_the_whole_photograph_is_one_view_that_a_catalogue_keeps():
    assert choose_whole("a.jpg", PHOTO) == Crop(None)
    ((name, pixels),) = crop_alone("a.jpg", PHOTO, BOX)
    assert name == CROP
    assert (pixels == RED).all()


def test_a_photograph_is_described_by_what_was_chosen():
    asked = []

    def choose(path, photo):
        asked.append((path, photo))
        return Crop(BOX, "dress", 0.75)

    described = describer(choose=choose).describe("a.jpg", PHOTO)
    assert asked == [("a.jpg", PHOTO)]
    assert described.crop == Crop(BOX, "dress", 0.75)
    (garment,) = described.views.values()
    assert (garment.pixels == RED).all()
    assert garment.pixels.shape == (1, 224, 224, 3)
    # Cells of (201, 1, 1), at unit length.
    expected = np.array([201, 1, 1]) / (201**2 + 2) ** 0.5
    assert garment.maps.shape == (1, 3, 2, 2)
    np.testing.assert_allclose(garment.maps[0, :, 1, 1], expected, rtol=1e-6)
    np.testing.assert_array_equal(garment.colours[0], lab_histogram(garment.pixels[0]))


def test_a_box_that_is_given_is_described_alike():
    made = describer()
    given = made.describe_box(PHOTO, BOX)
    chosen = describer(choose=lambda *_: Crop(BOX)).describe("a.jpg", PHOTO)
    np.testing.assert_array_equal(given.maps, chosen.views[CROP].maps)
    mirrored = made.describe_box(PHOTO, None, mirrored=True)
    assert (mirrored.pixels[0, :, :100] == BLUE).all()


@pytest.mark.parametrize("need", ["maps", "colours", "pixels"])
def test_nothing_is_made_that_no_ranker_reads(need):
    made = describer(needs={need})
    garment = made.describe_box(PHOTO, None)
    sizes = {
        "maps": garment.maps.size,
        "colours": garment.colours.size,
        "pixels": garment.pixels.size,
    }
    assert {name for name, size in sizes.items() if size} == {need}
    assert len(made.encoder.crops) == (need == "maps")


def test_files_come_in_order_and_a_broken_one_with_its_reason(files):
    made = dict(describe_files(describer(), files, untracked, "indexing"))
    assert list(made) == list(files)
    assert isinstance(made["b.png"], UnreadablePhoto)
    for number, name in ((0, "a.png"), (2, "c.png"), (3, "d.png")):
        pixels = made[name].views[CROP].pixels
        assert pixels[0, 0, 0].tolist() == [50 * number, 0, 0]


def test_what_is_written_is_read_again(files, tmp_path):
    made = describer(choose=lambda path, _: Crop(BOX, path, 0.5, unsure=True))
    with ArtifactWriter(tmp_path / "catalogue.lmdb", HEADER, 0.1) as writer:
        write_described(writer, made, files, untracked, "indexing")
        writer.finish()
    with Artifact(tmp_path / "catalogue.lmdb") as artifact:
        paths = ["a.png", "c.png", "d.png"]
        assert artifact.keys("crop") == paths
        assert read_crop(artifact, "c.png") == Crop(BOX, "c.png", 0.5, unsure=True)
        (reason,) = artifact.records("skipped")
        assert "b.png" in reason
        views = [View(path) for path in paths]
        kept = garments_reader(artifact)(views)
        assert kept.pixels[:, 0, 0].tolist() == [[0, 0, 0], [100, 0, 0], [150, 0, 0]]
        assert kept.maps.shape == (3, 3, 2, 2)


def test_what_an_interrupted_run_wrote_is_left_as_it_is(files, tmp_path):
    path = tmp_path / "catalogue.lmdb"
    first = {name: files[name] for name in ("a.png", "b.png")}
    with ArtifactWriter(path, HEADER, 0.1) as writer:
        write_described(writer, describer(), first, untracked, "indexing")
    files["b.png"].unlink()
    with ArtifactWriter(path, HEADER, 0.1) as writer:
        made = describer()
        write_described(writer, made, files, untracked, "indexing")
        assert len(made.encoder.crops) == 2  # of "c" and "d"
        writer.finish()
    with Artifact(path) as artifact:
        assert artifact.keys("crop") == ["a.png", "c.png", "d.png"]
        assert artifact.keys("skipped") == ["b.png"]
