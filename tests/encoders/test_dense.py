import json
import subprocess
import sys

import numpy as np
import pytest
import torch

from tiefvision.encoders.architectures import ARCHITECTURES, CROP_SIDE
from tiefvision.encoders.dense import (
    DenseEncoder,
    crop_of_window,
    make_encoder,
    restore_encoder,
    standardise,
)
from tiefvision.encoders.identity import same_encoder
from tiefvision.engines.choice import OpenVinoEngine
from tiefvision.engines.layers import count_operations
from tiefvision.engines.torch import TorchEngine
from tiefvision.errors import TiefVisionError

WIDTH, HEIGHT = 448, 336
CLOSE = {"atol": 1e-3, "rtol": 1e-3}
"""Cells are about 3 across; sums are taken in another order in maps of other sizes."""

CPU = torch.device("cpu")


def cells_clear_of_outside(trunk, architecture, side, width, height, corner):
    """Cells of a crop's window that no pixel outside the crop reaches: (w, w) bool.

    Everything outside is stained, and every weight is set to 1, so that a stain
    spreads through all layers and cannot cancel. The trunk is changed.
    """
    with torch.no_grad():
        for name, values in trunk.named_parameters():
            values.fill_(1.0 if name.endswith("weight") else 0.0)
    stain = torch.ones(1, 3, height, width)
    x0, y0 = corner
    stain[:, :, y0 : y0 + side, x0 : x0 + side] = 0.0
    with torch.inference_mode():
        spread = trunk(stain)[0].sum(0).numpy()
    return window_of(spread, architecture, side, corner) == 0


def window_of(cells, architecture, side, corner):
    width = architecture.window + (side - CROP_SIDE) // architecture.stride
    column, row = (place // architecture.stride for place in corner)
    return cells[..., row : row + width, column : column + width]


@pytest.fixture
def compare_crop(trunk_of):
    """Cells clear of padding, and the dense and the own encoding of a crop."""

    def compare(encoder, photo, side, corner):
        height, width = photo.shape[:2]
        x0, y0 = corner
        own = encoder.encode(photo[y0 : y0 + side, x0 : x0 + side])
        dense = window_of(encoder.encode(photo), encoder.architecture, side, corner)
        assert dense.shape == own.shape
        clear = cells_clear_of_outside(
            trunk_of(encoder), encoder.architecture, side, width, height, corner
        )
        return clear, dense, own

    return compare


@pytest.mark.parametrize("name", ["alexnet", "squeezenet1_1"])
@pytest.mark.parametrize("corner", [(96, 32), (112, 80), (160, 64)])
def test_a_window_is_the_encoding_of_its_crop(
    random_encoder, compare_crop, noise, name, corner
):
    encoder = random_encoder(name)
    clear, dense, own = compare_crop(encoder, noise(WIDTH, HEIGHT), CROP_SIDE, corner)
    # A cell sees 195 px (AlexNet), 191 px (SqueezeNet 1.1): only the cell in the
    # middle of a 224 px crop sees nothing beyond it.
    assert clear.sum() == 1
    np.testing.assert_allclose(dense[:, clear], own[:, clear], **CLOSE)
    assert abs(dense - own)[:, ~clear].max() > 0.1  # the others saw the padding


# A cell of the other architectures sees 491 px and more, so that every cell of a 224 px
# crop sees padding. With context around the crop there are cells that do not.
@pytest.mark.parametrize(
    ("name", "side", "corner", "least"),
    [
        ("alexnet", 320, (48, 16), 36),
        ("squeezenet1_1", 320, (48, 16), 36),
        ("mobilenet_v2", 528, (32, 48), 4),
        ("efficientnet_lite0", 880, (16, 16), 1),
    ],
)
def test_a_window_is_the_encoding_of_its_crop_with_context(
    random_encoder, compare_crop, noise, name, side, corner, least
):
    encoder = random_encoder(name)
    photo = noise(side + 2 * corner[0], side + 2 * corner[1])
    clear, dense, own = compare_crop(encoder, photo, side, corner)
    assert clear.sum() >= least
    np.testing.assert_allclose(dense[:, clear], own[:, clear], **CLOSE)
    assert dense[:, clear].std() > 0.1


def test_no_cell_of_a_mobilenet_crop_is_clear_of_padding(random_encoder, trunk_of):
    encoder = random_encoder("mobilenet_v2")
    clear = cells_clear_of_outside(
        trunk_of(encoder), encoder.architecture, CROP_SIDE, 416, 416, (96, 96)
    )
    assert not clear.any()


def test_no_other_window_is_as_close_to_a_crop(encoder, noise):
    """Padding or not: which window stands for which crop."""
    architecture = encoder.architecture
    # Patches of one colour, and cells in the middle: what pixels do to cells outweighs
    # what padding does.
    photo = noise(9, 9).repeat(32, axis=0).repeat(32, axis=1)[:272]
    cells = encoder.encode(photo)
    own_windows = {}
    rows = cells.shape[1] - architecture.window + 1
    columns = cells.shape[2] - architecture.window + 1
    assert (rows, columns) == (4, 5)
    for row in range(rows):
        for column in range(columns):
            corner = column * architecture.stride, row * architecture.stride
            own_windows[row, column] = window_of(cells, architecture, CROP_SIDE, corner)
    for chosen in [(0, 0), (1, 3), (3, 4)]:
        x0, y0, x1, y1 = crop_of_window(*chosen, architecture)
        crop = encoder.encode(photo[y0:y1, x0:x1])
        apart = {
            key: float(np.linalg.norm((own - crop)[:, 4:-4, 4:-4]))
            for key, own in own_windows.items()
        }
        assert min(apart, key=apart.get) == chosen


@pytest.mark.parametrize("architecture", ARCHITECTURES.values(), ids=ARCHITECTURES)
def test_one_pass_costs_a_fraction_of_all_crops(architecture):
    rows = (HEIGHT - CROP_SIDE) // architecture.stride + 1
    columns = (WIDTH - CROP_SIDE) // architecture.stride + 1
    assert rows * columns == 120
    dense = count_operations(architecture.layers, (3, HEIGHT, WIDTH))
    crop = count_operations(architecture.layers, (3, CROP_SIDE, CROP_SIDE))
    assert dense > crop > 1e8
    assert rows * columns * crop / dense > 10


def test_the_corner_of_a_window_and_its_border(random_encoder):
    architecture = random_encoder("alexnet").architecture
    assert crop_of_window(0, 0, architecture) == (0, 0, 224, 224)
    assert crop_of_window(2, 5, architecture) == (80, 32, 304, 256)
    assert crop_of_window(2, 5, architecture, border=(48, 20)) == (32, 12, 256, 236)


PUBLISHED_LEVELS = {
    "alexnet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225), 255.0),
    "efficientnet_lite0": ((127.0,) * 3, (128.0,) * 3, 1.0),
}
"""Mean and standard deviation of the published weights, and what levels are divided by:
torchvision's, and those of TensorFlow's lite_imagenet_preprocessing."""


@pytest.mark.parametrize("name", PUBLISHED_LEVELS)
def test_pixels_are_standardised_as_the_published_weights_ask(
    random_encoder, noise, name
):
    mean, spread, levels = PUBLISHED_LEVELS[name]
    photo = noise(31, 22)
    pixels = standardise(photo, random_encoder(name).architecture)
    assert (pixels.shape, pixels.dtype) == ((1, 22, 31, 3), np.float32)
    expected = (photo / levels - np.array(mean)) / np.array(spread)
    np.testing.assert_allclose(pixels[0], expected, atol=1e-5)


def test_a_border_is_of_the_mean_colour_and_moves_the_windows(encoder, trunk_of, noise):
    photo = noise(224, 240)
    inner = standardise(photo, encoder.architecture)
    framed = np.zeros((1, 240 + 2 * 32, 224 + 2 * 48, 3), np.float32)
    framed[:, 32:-32, 48:-48] = inner
    np.testing.assert_array_equal(
        framed, standardise(photo, encoder.architecture, (48, 32))
    )
    with torch.inference_mode():
        expected = trunk_of(encoder)(torch.from_numpy(framed).permute(0, 3, 1, 2))[0]
    bordered = encoder.encode(photo, border=(48, 32))
    np.testing.assert_allclose(bordered, expected.numpy(), **CLOSE)


@pytest.mark.parametrize("size", [(256, 208), (301, 243), (233, 257)])
@pytest.mark.parametrize("border", [(0, 0), (48, 32), (7, 5)])
def test_engines_agree_on_every_cell(encoder, noise, cosines, size, border):
    # Patches and noise, as photographs have both.
    patches = noise(10, 9).repeat(34, axis=0).repeat(34, axis=1)
    photo = (patches[: size[1], : size[0]] // 2 + noise(*size, seed=1) // 4).copy()
    maps = [
        DenseEncoder(
            encoder.architecture, encoder.weights, "random", engine, "float32"
        ).encode(photo, border)
        for engine in (OpenVinoEngine(), TorchEngine(CPU))
    ]
    assert cosines(*maps).min() > 1 - 1e-5
    assert maps[0].std() > 0.1


BEAR_BFLOAT16 = [one.name for one in ARCHITECTURES.values() if one.bears_bfloat16]


@pytest.mark.parametrize("name", BEAR_BFLOAT16)
def test_cells_in_bfloat16_keep_their_direction(random_encoder, noise, cosines, name):
    encoder = random_encoder(name)
    rounding = DenseEncoder(
        encoder.architecture, encoder.weights, "random", TorchEngine(CPU), "bfloat16"
    )
    photo = noise(8, 10).repeat(30, axis=0).repeat(32, axis=1)
    cells = rounding.encode(photo, (48, 32))
    assert cells.dtype == np.float32
    lowest = cosines(cells, encoder.encode(photo, (48, 32))).min()
    assert 0.999 < lowest < 0.9999999


@pytest.mark.parametrize("engine", [OpenVinoEngine(), TorchEngine(CPU)], ids=repr)
def test_a_map_does_not_depend_on_what_was_encoded_before(noise, engine):
    encoder = make_encoder("alexnet", "random", 0, engine, "float32")
    photos = [noise(224, 224, 1), noise(240, 224, 2), noise(240, 224, 3)]
    maps = [encoder.encode(photo) for photo in photos]
    kept = [cells.copy() for cells in maps]
    for photo, before in reversed(list(zip(photos, kept, strict=True))):
        np.testing.assert_array_equal(encoder.encode(photo), before)
    # No result lies in memory that a later one is written to.
    for cells, before in zip(maps, kept, strict=True):
        np.testing.assert_array_equal(cells, before)


def test_encoding_leaves_the_photograph_alone_and_takes_any_layout(
    random_encoder, noise
):
    encoder = random_encoder("alexnet")
    photo = noise(240, 224)
    kept = photo.copy()
    mirrored = encoder.encode(photo[:, ::-1])
    np.testing.assert_array_equal(mirrored, encoder.encode(photo[:, ::-1].copy()))
    np.testing.assert_array_equal(photo, kept)
    assert not np.allclose(mirrored, encoder.encode(photo), **CLOSE)
    assert mirrored.dtype == np.float32
    assert mirrored.flags.c_contiguous
    photo.flags.writeable = False  # as PIL hands arrays out
    encoder.encode(photo)


def test_encoding_leaves_the_weights_alone(encoder, noise):
    kept = {name: array.copy() for name, array in encoder.weights.items()}
    encoder.encode(noise(224, 224))
    for name, array in encoder.weights.items():
        np.testing.assert_array_equal(array, kept[name])


class CountingEngine:
    """An engine that has both formats, and notes what it compiles."""

    name = "counting"

    def __init__(self):
        self.compiled = []

    def compile(self, layers, weights, channels, **options):
        self.compiled.append(options)
        return lambda maps: np.zeros((1, 256, 2, 2), np.float32)

    def formats(self):
        return ("float32", "bfloat16")


def test_a_trunk_is_compiled_once_when_it_is_first_used(noise):
    engine = CountingEngine()
    encoder = make_encoder("alexnet", "random", 0, engine, "bfloat16")
    assert engine.compiled == []
    for _ in range(2):
        encoder.encode(noise(32, 32))
    assert engine.compiled == [{"channels_last": True, "number_format": "bfloat16"}]


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_explicit_formats_are_used_untimed(precision):
    engine = CountingEngine()
    encoder = make_encoder("mobilenet_v2", "random", 0, engine, precision)
    assert encoder.number_format == precision
    assert engine.compiled == []


def test_auto_times_only_networks_that_bear_bfloat16(monkeypatch, tmp_path):
    monkeypatch.setenv("TIEFVISION_CACHE", str(tmp_path))
    for name in ARCHITECTURES:
        engine = CountingEngine()
        encoder = make_encoder(name, "random", 0, engine)
        assert encoder.number_format in engine.formats()
        if name in BEAR_BFLOAT16:
            assert {one["number_format"] for one in engine.compiled} == {
                "float32",
                "bfloat16",
            }
        else:
            assert encoder.number_format == "float32"
            assert engine.compiled == []


def test_a_restored_encoder_gives_the_same_map(encoder, noise):
    state = {name: array.copy() for name, array in encoder.weights.items()}
    restored = restore_encoder(
        encoder.identity.to_dict(), state, encoder.engine, "float32"
    )
    assert restored.identity == encoder.identity
    photo = noise(224, 224)
    np.testing.assert_array_equal(restored.encode(photo), encoder.encode(photo))


def test_which_maps_may_be_mixed(random_encoder):
    identity = random_encoder("alexnet").identity
    header = identity.to_dict()
    assert same_encoder(header, dict(header))
    assert same_encoder(header, header | {"weights": "another label"})
    for key in ("name", "weights_hash", "preprocessing"):
        assert not same_encoder(header, header | {key: "other"})
    assert str(identity).startswith("alexnet, random (seed 0), ")


def test_an_unknown_encoder_is_refused():
    with pytest.raises(TiefVisionError, match="resnet50"):
        make_encoder("resnet50", "random")


ENCODE = """
import json, sys
import numpy as np
from tiefvision.encoders.dense import make_encoder
from tiefvision.engines.choice import Backend
encoder = make_encoder("alexnet", "shipped", engine=Backend("cpu").inference)
cells = encoder.encode(np.zeros((64, 64, 3), np.uint8))
print(json.dumps([cells.shape, "torch" in sys.modules]))
"""


def test_encoding_on_a_processor_imports_no_torch():
    done = subprocess.run(
        [sys.executable, "-c", ENCODE], capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == [[256, 1, 1], False]
