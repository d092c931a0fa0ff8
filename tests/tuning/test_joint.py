import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from tiefvision.augmenting.canvases import SceneRules, draw_scenes
from tiefvision.augmenting.scenes import UNLABELLED, CompositionRules, Scene
from tiefvision.boxes import iou
from tiefvision.distilling.student_training import normalise
from tiefvision.encoders.architectures import ARCHITECTURES, Architecture
from tiefvision.encoders.preprocessing import IMAGENET
from tiefvision.encoders.weights import load_weights
from tiefvision.engines.choice import Backend
from tiefvision.engines.layers import Activation, Convolution
from tiefvision.engines.modules import arrays_of, build_modules, restore_module
from tiefvision.locating.folded import fold_heads
from tiefvision.locating.head_training import window_targets
from tiefvision.locating.heads import HeadSizes, split_outputs
from tiefvision.locating.locate import locate
from tiefvision.locating.windows import (
    Level,
    cells_of_windows,
    windows_in_image,
    windows_on_canvas,
)
from tiefvision.records import Garment
from tiefvision.training.loop import Schedule, fit, seeded
from tiefvision.tuning.joint import JointRules, JointTraining
from tiefvision.tuning.joint_locator import JointLocator, early_layers

CATEGORIES = ("coat", "hat")
STRIDE, WINDOW, CHANNELS = 16, 14, 12
ALONE = CompositionRules(close=0.0, pairs=0.0)
RULES = JointRules(
    SceneRules(shortest=230, longest=260, border=24, compositions=ALONE),
    scenes_in_batch=4,
    sizes=HeadSizes(8, 16),
)


SMALL_TRUNK = (Convolution(3, 8, 4, 4), Activation(), Convolution(8, CHANNELS, 4, 4))
"""Two layers that downsample; only the second reaches the stride of the map."""

SMALL = Architecture("small", SMALL_TRUNK, IMAGENET, 8)


def random_trunk(architecture):
    trunk = build_modules(architecture.layers)
    weights, _ = load_weights(architecture, "random")
    return restore_module(trunk, weights, torch.device("cpu"), "here")


def scene(seed, labelled=True):
    """Noise with a bright coat, of label 1, in one of the four corners."""
    generator = np.random.default_rng(seed)
    pixels = generator.integers(0, 90, (120, 120, 3))
    labels = np.zeros((120, 120), dtype=np.uint8)
    x0, y0 = (int(corner) for corner in generator.choice([5, 65], 2))
    inside = np.s_[y0 : y0 + 50, x0 : x0 + 50]
    pixels[inside] += 150
    labels[inside] = 1
    if not labelled:
        labels[:] = UNLABELLED
    images = (Image.fromarray(array.astype(np.uint8)) for array in (pixels, labels))
    return Scene(*images, (Garment("coat", (x0, y0, x0 + 50, y0 + 50)),))


def make_training(architecture=SMALL, labelled=True, classes=2, count=8, rules=RULES):
    with seeded(0):
        trunk = (
            build_modules(SMALL_TRUNK)
            if architecture is SMALL
            else random_trunk(architecture)
        )
        locator = JointLocator(trunk, architecture, CATEGORIES, classes, rules.sizes)
    scenes = [scene(seed, labelled) for seed in range(count)]
    return JointTraining(scenes, locator, architecture, classes, rules=rules)


def make_batch(seed=1, count=4, **changes):
    """A batch of scenes outside the training set; some show a hat as well."""
    scenes = [scene(100 + number) for number in range(count)]
    hat = Garment("hat", (30.0, 20.0, 90.0, 75.0))
    scenes[0] = replace(scenes[0], garments=(*scenes[0].garments, hat))
    generator = np.random.default_rng(seed)
    (batch,) = draw_scenes(scenes, count, RULES.scenes, generator)
    return replace(batch, **changes)


def state_of(module):
    return {name: value.clone() for name, value in module.state_dict().items()}


def outputs_of(training, batch):
    """The losses of a batch, its crops, and the outputs of the locator for them."""
    seen = []
    handle = training.locator.register_forward_hook(
        lambda _, inputs, outputs: seen.append((inputs[0], outputs))
    )
    losses = training.loss(batch)
    handle.remove()
    ((crops, outputs),) = seen
    return losses, crops, outputs


@pytest.fixture
def folded():
    """A training whose batch normalisations, with random statistics, are folded."""
    training = make_training()
    running = training.locator.standardise
    with torch.no_grad(), seeded(1):
        running.running_mean.normal_()
        running.running_var.uniform_(0.2, 3.0)
    running.num_batches_tracked.fill_(100_000)
    training.locator.fold_into_heads()
    training.locator.eval()
    return training


@torch.no_grad()
def test_folded_heads_have_the_outputs_of_the_locator(folded):
    _, crops, (_, categories, sides) = outputs_of(folded, make_batch())
    cells = folded.locator.trunk(crops)
    torch.testing.assert_close(
        folded.locator.classifier(cells), categories.sigmoid(), atol=1e-5, rtol=1e-4
    )
    for one, two in zip(
        folded.locator.regressors(cells), split_outputs(sides, dim=2), strict=True
    ):
        torch.testing.assert_close(one, two, atol=1e-5, rtol=1e-4)


@torch.no_grad()
def test_the_losses_are_those_of_the_heads(folded):
    """They equal the losses of stages 3 and 4, window by window."""
    batch = make_batch()
    losses, crops, _ = outputs_of(folded, batch)
    cells, positions, labels, targets = [], [], [], []
    for number, maps in enumerate(folded.locator.trunk(crops)):
        level = Level(maps.numpy(), 1.0, 1.0, STRIDE, WINDOW, (0, 0))
        present, wanted = window_targets(
            windows_in_image(level), batch.garments[number], CATEGORIES
        )
        every = cells_of_windows(level, np.arange(len(present)))
        positions.append(torch.from_numpy(every) + len(cells) * maps[0].numel())
        cells.append(maps.flatten(1).T)
        labels.append(torch.from_numpy(present))
        targets.append(torch.from_numpy(wanted).float())
    cells, positions, labels, targets = (
        torch.cat(parts) for parts in (cells, positions, labels, targets)
    )
    assert set(labels.unique().tolist()) >= {0, 1} and (labels[:, 1] > 0).any()
    presence = folded.locator.classifier.loss(cells, positions, labels)
    boxes, error = folded.locator.regressors.loss(cells, positions, targets, labels > 0)
    for name, value in (("presence", presence), ("boxes", boxes), ("error", error)):
        torch.testing.assert_close(losses[name], value, atol=1e-5, rtol=1e-4)


def test_statistics_of_a_short_training_are_those_of_its_batches():
    locator = make_training().locator.train()
    crops = torch.randn(4, 3, 240, 272) + torch.tensor([1.0, 0.0, -2.0])[:, None, None]
    cells = locator.trunk(crops).detach()
    for _ in range(3):
        locator(crops)
    locator.fold_into_heads()
    flat = cells.transpose(0, 1).flatten(1)
    for head in (locator.classifier, locator.regressors):
        torch.testing.assert_close(head.mean, flat.mean(1), atol=1e-4, rtol=1e-3)
        torch.testing.assert_close(head.spread, flat.std(1), atol=1e-3, rtol=1e-3)


def test_the_loss_is_the_weighted_sum():
    rules = replace(RULES, presence=0.5, boxes=2.0)
    with torch.no_grad():
        losses = make_training(rules=rules).loss(make_batch())
    total = losses["cells"] + 0.5 * losses["presence"] + 2.0 * losses["boxes"]
    assert losses["loss"].item() == pytest.approx(total.item(), rel=1e-6)


def test_the_loss_of_labels_is_the_cross_entropy_of_shares():
    training = make_training()
    last = training.locator.eval().labels[-1]
    with torch.no_grad():
        last.weight.zero_()
        last.bias.copy_(torch.tensor([0.0, np.log(3.0)]))
        batch = make_batch()
        losses = training.loss(batch)
    # P(1) is 3/4 everywhere, so that the loss depends on the mean share of label 1.
    share = (losses["cells"].item() - np.log(4)) / -np.log(3)
    true = batch.labels.float().mean().item()
    assert share == pytest.approx(true, abs=0.02)
    # Class 1 is predicted everywhere, rightly where it covers most of a cell.
    assert losses["right"].item() == pytest.approx(true, abs=0.02)


def test_windows_of_a_canvas_are_those_of_its_map():
    cells = np.zeros((1, WINDOW + 2, WINDOW + 4), np.float32)
    level = Level(cells, 1.0, 1.0, 16, WINDOW, (0, 0))
    assert (windows_on_canvas(3, 5, STRIDE) == windows_in_image(level)).all()


def test_unlabelled_cells_have_no_gradient():
    training = make_training()
    batch = make_batch()
    labels = batch.labels.clone()
    middle = labels.shape[2] // 2
    labels[:, :, :middle] = UNLABELLED
    _, _, (logits, *_) = outputs_of(training, batch)
    logits.retain_grad()
    told, right = training._label_loss(replace(batch, labels=labels), logits)
    told.backward()
    taught = (logits.grad != 0).any(dim=1)  # (B, h, w)
    # A cell is centred on 8 + 16 * column, and its square is 24 px wide.
    left = np.arange(taught.shape[2]) * STRIDE + 8 - 12
    partly = left < middle * 4
    assert not taught[:, :, partly].any()
    assert taught[:, :, ~partly].all()
    changed = logits.detach().clone()
    changed[..., partly] += torch.randn_like(changed[..., partly])
    again = training._label_loss(replace(batch, labels=labels), changed)
    assert [told.item(), right.item()] == [value.item() for value in again]


@pytest.mark.parametrize("classes", [1, 3])
def test_without_labels_only_the_boxes_have_gradients(classes):
    training = make_training(classes=classes)
    batch = make_batch()
    batch = replace(batch, labels=torch.full_like(batch.labels, UNLABELLED))
    losses = training.loss(batch)
    losses["loss"].backward()
    assert losses["cells"].item() == losses["right"].item() == 0
    assert losses["loss"].isfinite() and losses["boxes"].item() != 0
    for name, parameter in training.locator.named_parameters():
        gradient = parameter.grad
        if name.startswith("labels."):
            assert gradient is None or gradient.eq(0).all(), name
        elif parameter.requires_grad:
            assert gradient.isfinite().all() and gradient.any(), name


def test_photographs_without_a_garment_give_finite_losses():
    training = make_training()
    losses = training.loss(make_batch(garments=((),) * 4))
    losses["loss"].backward()
    assert losses["boxes"].item() == losses["error"].item() == 0
    assert losses["presence"].item() > 0
    assert all(value.isfinite() for value in losses.values())
    output = training.locator.regressors.network("x0").output
    assert output.weight.grad.eq(0).all()


def test_training_without_any_mask_stays_finite_and_learns():
    training = make_training(labelled=False, classes=1)
    history = fit(training.task(), Schedule(8, 1e-2), 2, seed=0)
    assert all(np.isfinite(list(row.values())).all() for row in history)
    assert history[-1]["cells"] == 0
    assert history[-1]["loss"] < history[1]["loss"]
    training.locator.fold_into_heads()
    state = training.locator.state_dict()
    assert all(value.isfinite().all() for value in state.values())


def test_it_finds_garments_in_new_photographs():
    training = make_training(count=32)
    history = fit(training.task(), Schedule(8, 3e-3), 8, seed=0)
    assert history[-1]["loss"] < history[1]["loss"] - 1
    assert history[-1]["right"] > 0.9
    locator = training.locator
    locator.fold_into_heads()
    heads = fold_heads(
        CATEGORIES,
        arrays_of(locator.classifier),
        arrays_of(locator.regressors),
        Backend("cpu").inference,
    )
    batch = make_batch(count=6)
    overlaps = []
    for pixels, (coat, *_) in zip(batch.pixels, batch.garments, strict=True):
        crop = normalise(pixels.permute(2, 0, 1)[None].float() / 255, IMAGENET)
        cells = locator.trunk(crop)[0].detach().numpy()
        level = Level(cells, 1.0, 1.0, STRIDE, WINDOW, (0, 0))
        height, width = pixels.shape[:2]
        first, *_ = locate([level], width, height, heads)
        assert first.category == "coat"
        overlaps.append(iou(first.box_in_image, coat.box_in_image))
    boxes = np.array([coat.box_in_image for coat, *_ in batch.garments])
    assert iou(boxes.mean(axis=0), boxes).mean() < 0.35
    assert np.mean(overlaps) > 0.5, overlaps


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_early_layers_end_before_the_last_downsampling(name):
    architecture = ARCHITECTURES[name]
    trunk = build_modules(architecture.layers).eval()
    early = early_layers(trunk, architecture.stride)
    assert 0 < len(early) < len(trunk)
    pixels = torch.zeros(1, 3, 448, 448)
    with torch.no_grad():
        coarse = [layers(pixels).shape[-1] for layers in (early, trunk)]
        step = trunk[: len(early) + 1](pixels).shape[-1]
    assert coarse[0] > 1.6 * coarse[1]
    assert step < 0.6 * coarse[0]


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_early_layers_and_statistics_of_a_trunk_do_not_change(name):
    training = make_training(ARCHITECTURES[name], count=2)
    trunk = training.locator.trunk
    early = len(early_layers(trunk, ARCHITECTURES[name].stride))
    before = state_of(trunk)
    fit(training.task(), Schedule(1, 1e-3, warm_up=0.0), 1, seed=0)
    parameters = dict(trunk.named_parameters())
    for key, value in trunk.state_dict().items():
        still = key not in parameters or int(key.split(".")[0]) < early
        assert before[key].equal(value) == still, key


def test_training_keeps_the_trunk_in_evaluation_mode():
    locator = make_training(ARCHITECTURES["mobilenet_v2"]).locator
    assert locator.train() is locator
    assert locator.standardise.training and locator.labels[1].training
    assert not any(part.training for part in locator.trunk.modules())
    assert not locator.eval().labels[1].training


@torch.no_grad()
def test_mixed_precision_gives_close_losses_in_float32():
    training = make_training()
    halved = replace(
        training, locator=copy.deepcopy(training.locator), dtype=torch.bfloat16
    )
    batch = make_batch()
    whole, half = (one.loss(batch) for one in (training, halved))
    for name, value in half.items():
        assert value.dtype == torch.float32
        assert value.item() == pytest.approx(whole[name].item(), rel=0.1, abs=0.05)
    assert half["loss"].item() != whole["loss"].item()


def test_dilated_layers_keep_their_weights_and_compute_in_float32():
    """The map of MobileNetV2 equals that of its unchanged trunk."""
    architecture = ARCHITECTURES["mobilenet_v2"]
    with seeded(0):
        trunk = random_trunk(architecture)
    plain = copy.deepcopy(trunk)
    locator = JointLocator(trunk, architecture, ("coat",), 2, HeadSizes(4, 4)).eval()
    names = list(plain.state_dict())
    assert list(locator.trunk.state_dict()) == names
    crops = torch.randn(1, 3, 224, 224, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        torch.testing.assert_close(locator.trunk(crops), plain(crops))
        dilated = [
            layer
            for layer in locator.trunk.modules()
            if isinstance(layer, torch.nn.Conv2d) and layer.dilation != (1, 1)
        ]
        assert [layer.groups for layer in dilated] == [960] * 3
        with torch.autocast("cpu", torch.bfloat16):
            for layer in dilated:
                assert layer(torch.randn(1, 960, 5, 5)).dtype == torch.float32
