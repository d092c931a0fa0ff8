import numpy as np
import pytest
import torch
from PIL import Image

from tiefvision.distilling.labelling import (
    FROZEN_CONVOLUTIONS,
    Labeller,
    Labelling,
    LabellingRules,
)
from tiefvision.distilling.scenes import Scene, SceneRules, draw_scenes
from tiefvision.encoders.architectures import architecture_named
from tiefvision.encoders.weights import load_weights
from tiefvision.training import Schedule, fit, seeded

ALEXNET = architecture_named("alexnet")
RULES = LabellingRules(
    SceneRules(shortest=200, longest=240, border=16), scenes_in_batch=2, reduced=8
)


def scenes():
    """Noise, with a bright half that bears label 1."""
    made = []
    for seed in range(4):
        pixels = np.random.default_rng(seed).integers(0, 90, (120, 90, 3))
        labels = np.zeros((120, 90), dtype=np.uint8)
        top = slice(0, 60) if seed % 2 else slice(60, 120)
        pixels[top] += 150
        labels[top] = 1
        images = (Image.fromarray(a.astype(np.uint8)) for a in (pixels, labels))
        made.append(Scene(*images))
    return made


@pytest.fixture
def labelling():
    with seeded(0):
        trunk = ALEXNET.build()
        load_weights(trunk, ALEXNET, "random", 0)
        labeller = Labeller(trunk, ALEXNET.channels, RULES.reduced, 2)
    return Labelling(scenes(), labeller, ALEXNET, 2, rules=RULES)


def test_it_learns_labels_and_leaves_the_first_layers_alone(labelling):
    before = {
        name: value.clone() for name, value in labelling.labeller.state_dict().items()
    }
    history = fit(labelling.task(), Schedule(6, 3e-3), 2, seed=0)
    assert history[-1]["loss"] < 0.7 * history[1]["loss"]
    assert history[-1]["right"] > 0.8
    after = labelling.labeller.state_dict()
    weights = [
        name for name in before if name.startswith("trunk.") and "weight" in name
    ]
    moved = [not before[name].equal(after[name]) for name in weights]
    assert moved == [False] * FROZEN_CONVOLUTIONS + [True] * 3


def test_the_loss_is_the_cross_entropy_of_shares(labelling):
    labeller = labelling.labeller.eval()
    with torch.no_grad():
        labeller.labels[-1].weight.zero_()
        labeller.labels[-1].bias.copy_(torch.tensor([0.0, np.log(3.0)]))
    batch = next(iter(draw_scenes(scenes(), 4, RULES.scenes, np.random.default_rng(1))))
    losses = labelling.loss(batch)
    # P(1) is 3/4 everywhere, so the loss tells the mean share of label 1.
    share = (losses["loss"].item() - np.log(4)) / -np.log(3)
    assert share == pytest.approx(batch.labels.float().mean().item(), abs=0.12)
