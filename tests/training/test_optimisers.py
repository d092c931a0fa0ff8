"""Each optimiser against the equation in plain numbers."""

import math

import pytest
import torch
from torch import nn

from tiefvision.training.optimisers import Optimiser

RATE, DECAY = 0.1, 0.01
TARGETS = (3.0, -1.0, 2.0, 2.0)


def run(optimiser):
    """Weights after each step of fitting one number to changing targets."""
    weight = nn.Parameter(torch.tensor(1.0, dtype=torch.float64))
    made = optimiser.make([{"params": [weight]}], DECAY)
    passed = []
    for target in TARGETS:
        for group in made.param_groups:
            group["lr"] = RATE
        made.zero_grad()
        ((weight - target) ** 2 / 2).backward()
        made.step()
        passed.append(weight.item())
    return passed


def by_hand(step):
    weight, passed, state = 1.0, [], {}
    for target in TARGETS:
        gradient = weight - target + DECAY * weight
        weight -= step(gradient, state)
        passed.append(weight)
    return passed


def sgd(gradient, state):
    state["v"] = 0.9 * state.get("v", 0.0) + gradient
    return RATE * state["v"]


def nesterov(gradient, state):
    state["v"] = 0.9 * state.get("v", 0.0) + gradient
    return RATE * (gradient + 0.9 * state["v"])


def rmsprop(gradient, state):
    state["a"] = 0.9 * state.get("a", 0.0) + 0.1 * gradient**2
    return RATE * gradient / (math.sqrt(state["a"]) + 1e-7)


@pytest.mark.parametrize("step", [sgd, nesterov, rmsprop])
def test_an_optimiser_against_a_loop(step):
    assert run(Optimiser(step.__name__)) == pytest.approx(by_hand(step))


def test_adamw_is_the_default():
    weight = nn.Parameter(torch.tensor(1.0))
    made = Optimiser().make([{"params": [weight]}], DECAY)
    assert isinstance(made, torch.optim.AdamW)
    assert made.defaults["weight_decay"] == DECAY
