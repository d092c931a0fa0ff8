import copy

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from tiefvision.encoders.architectures import CROP_SIDE
from tiefvision.encoders.dense import (
    IMAGENET_MEAN,
    IMAGENET_STD,
    DenseEncoder,
    crop_of_window,
    make_encoder,
    restore_encoder,
)
from tiefvision.encoders.identity import same_encoder
from tiefvision.errors import TiefVisionError

WIDTH, HEIGHT = 448, 336
CLOSE = {"atol": 1e-3, "rtol": 1e-3}
"""Cells are about 3 across; sums are taken in another order in maps of other sizes."""


def cells_clear_of_outside(encoder, side, width, height, corner):
    """Cells of a crop's window that no pixel outside the crop reaches: (w, w) bool.

    Everything outside is stained, and every weight is set to 1, so that a stain
    spreads through all layers and cannot cancel.
    """
    trunk = copy.deepcopy(encoder.trunk)
    with torch.no_grad():
        for module in trunk.modules():
            if isinstance(module, nn.Conv2d):
                module.weight.fill_(1.0)
                if module.bias is not None:
                    module.bias.zero_()
    stain = torch.ones(1, 3, height, width)
    x0, y0 = corner
    stain[:, :, y0 : y0 + side, x0 : x0 + side] = 0.0
    with torch.inference_mode():
        spread = trunk(stain)[0].sum(0)
    return window_of(spread, encoder, side, corner) == 0


def window_of(cells, encoder, side, corner):
    stride = encoder.architecture.stride
    width = encoder.architecture.window + (side - CROP_SIDE) // stride
    column, row = corner[0] // stride, corner[1] // stride
    return cells[..., row : row + width, column : column + width]


def compare_crop(encoder, photo, side, corner):
    """Cells clear of padding, and how far dense and own encodings differ there."""
    height, width = photo.shape[:2]
    x0, y0 = corner
    own = encoder.encode(photo[y0 : y0 + side, x0 : x0 + side])
    dense = window_of(encoder.encode(photo), encoder, side, corner)
    assert dense.shape == own.shape
    clear = cells_clear_of_outside(encoder, side, width, height, corner)
    return clear, dense, own


@pytest.mark.parametrize("name", ["alexnet", "squeezenet1_1"])
@pytest.mark.parametrize("corner", [(96, 32), (112, 80), (160, 64)])
def test_a_window_is_the_encoding_of_its_crop(random_encoder, noise, name, corner):
    encoder = random_encoder(name)
    clear, dense, own = compare_crop(encoder, noise(WIDTH, HEIGHT), CROP_SIDE, corner)
    # A cell sees 195 px (AlexNet), 191 px (SqueezeNet 1.1): only the cell in the
    # middle of a 224 px crop sees nothing beyond it.
    assert clear.sum() == 1
    torch.testing.assert_close(dense[:, clear], own[:, clear], **CLOSE)
    assert (dense - own)[:, ~clear].abs().max() > 0.1  # the others saw the padding


# A cell of MobileNetV2 sees 491 px, so that every cell of a 224 px crop sees padding.
# With context around the crop there are cells that do not, in every architecture.
@pytest.mark.parametrize(
    ("name", "side", "corner", "least"),
    [
        ("alexnet", 320, (48, 16), 36),
        ("squeezenet1_1", 320, (48, 16), 36),
        ("mobilenet_v2", 528, (32, 48), 4),
    ],
)
def test_a_window_is_the_encoding_of_its_crop_with_context(
    random_encoder, noise, name, side, corner, least
):
    encoder = random_encoder(name)
    photo = noise(side + 80, side + 80)
    clear, dense, own = compare_crop(encoder, photo, side, corner)
    assert clear.sum() >= least
    torch.testing.assert_close(dense[:, clear], own[:, clear], **CLOSE)
    assert dense[:, clear].std() > 0.1


def test_no_cell_of_a_mobilenet_crop_is_clear_of_padding(random_encoder):
    clear = cells_clear_of_outside(
        random_encoder("mobilenet_v2"), CROP_SIDE, 416, 416, (96, 96)
    )
    assert not clear.any()


def test_no_other_window_is_as_close_to_a_crop(encoder, noise):
    """Padding or not: which window stands for which crop."""
    architecture = encoder.architecture
    # Patches of one colour: what pixels do to cells outweighs what padding does.
    photo = noise(9, 9).repeat(32, axis=0).repeat(32, axis=1)[:272]
    cells = encoder.encode(photo)
    own_windows = {}
    rows = cells.shape[1] - architecture.window + 1
    columns = cells.shape[2] - architecture.window + 1
    assert (rows, columns) == (4, 5)
    for row in range(rows):
        for column in range(columns):
            corner = column * architecture.stride, row * architecture.stride
            own_windows[row, column] = window_of(cells, encoder, CROP_SIDE, corner)
    for chosen in [(0, 0), (1, 3), (3, 4)]:
        x0, y0, x1, y1 = crop_of_window(*chosen, architecture)
        crop = encoder.encode(photo[y0:y1, x0:x1])
        apart = {key: float((own - crop).norm()) for key, own in own_windows.items()}
        assert min(apart, key=apart.get) == chosen


def test_one_pass_costs_a_fraction_of_all_crops(encoder):
    architecture = encoder.architecture
    # On the meta device nothing is computed, but every operation is counted.
    counted = DenseEncoder(copy.deepcopy(encoder.trunk), architecture, "none")
    counted = counted.to("meta")

    def flops(width, height):
        photo = torch.empty((1, height, width, 3), dtype=torch.uint8, device="meta")
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            counted(photo)
        return counter.get_total_flops()

    rows = (HEIGHT - CROP_SIDE) // architecture.stride + 1
    columns = (WIDTH - CROP_SIDE) // architecture.stride + 1
    assert rows * columns == 120
    dense, crop = flops(WIDTH, HEIGHT), flops(CROP_SIDE, CROP_SIDE)
    assert dense > crop > 1e8
    assert rows * columns * crop / dense > 10


def test_the_corner_of_a_window_and_its_border(random_encoder):
    architecture = random_encoder("alexnet").architecture
    assert crop_of_window(0, 0, architecture) == (0, 0, 224, 224)
    assert crop_of_window(2, 5, architecture) == (80, 32, 304, 256)
    assert crop_of_window(2, 5, architecture, border=(48, 20)) == (32, 12, 256, 236)


def test_a_border_is_of_the_mean_colour_and_moves_the_windows(encoder, noise):
    photo = noise(224, 240)
    mean, std = (torch.tensor(part).view(3, 1, 1) for part in (MEAN, STD))
    framed = torch.zeros(3, 240 + 2 * 32, 224 + 2 * 48)
    pixels = torch.from_numpy(photo).permute(2, 0, 1) / 255
    framed[:, 32:-32, 48:-48] = (pixels - mean) / std
    with torch.inference_mode():
        expected = encoder.trunk(framed[None])[0]
    bordered = encoder.encode(photo, border=(48, 32))
    torch.testing.assert_close(bordered, expected, **CLOSE)


MEAN, STD = IMAGENET_MEAN, IMAGENET_STD


def test_photographs_of_a_batch_are_encoded_as_alone(random_encoder, noise):
    encoder = random_encoder("alexnet")
    photos = [noise(224, 224, seed) for seed in (1, 2)]
    with torch.inference_mode():
        both = encoder(torch.from_numpy(np.stack(photos)))
    for together, photo in zip(both, photos, strict=True):
        torch.testing.assert_close(together, encoder.encode(photo), **CLOSE)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_map_does_not_depend_on_company_or_repetition(noise, precision):
    encoder = make_encoder("alexnet", "random", 0, precision)
    photos = [noise(224, 224, 1), noise(240, 224, 2), noise(240, 224, 3)]
    maps = encoder.encode_many(photos)
    assert len(maps) == len(photos)
    # Other sizes in between, so that packed weights are made anew.
    for photo, together in reversed(list(zip(photos, maps, strict=True))):
        assert torch.equal(encoder.encode(photo), together)
    assert encoder.encode_many([]) == []


def test_the_fused_copy_is_no_part_of_the_encoder(noise):
    encoder = make_encoder("alexnet", "random")
    before = list(encoder.state_dict())
    encoder.encode(noise(224, 224))
    assert list(encoder.state_dict()) == before


def test_encoding_leaves_the_photograph_alone_and_takes_any_layout(
    random_encoder, noise
):
    encoder = random_encoder("alexnet")
    photo = noise(240, 224)
    kept = photo.copy()
    mirrored = encoder.encode(photo[:, ::-1])
    assert torch.equal(mirrored, encoder.encode(photo[:, ::-1].copy()))
    assert np.array_equal(photo, kept)
    assert not torch.allclose(mirrored, encoder.encode(photo), **CLOSE)
    assert mirrored.dtype == torch.float32
    assert mirrored.is_contiguous()
    photo.flags.writeable = False  # as PIL hands arrays out
    encoder.encode(photo)


def test_the_encoder_is_never_trained(encoder):
    assert not any(parameter.requires_grad for parameter in encoder.parameters())
    assert not encoder.trunk.training


def test_a_restored_encoder_gives_the_same_map(encoder, noise):
    state = {
        name: tensor.clone() for name, tensor in encoder.trunk.state_dict().items()
    }
    restored = restore_encoder(encoder.identity.to_dict(), state, "float32")
    assert restored.identity == encoder.identity
    photo = noise(224, 224)
    assert torch.equal(restored.encode(photo), encoder.encode(photo))


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
