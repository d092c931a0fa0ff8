"""The graphs of networks of the literature, made of the same data as their modules."""

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from tiefvision.encoders.preprocessing import IMAGENET
from tiefvision.engines.onnx_graphs import Graph
from tiefvision.networks.layers import (
    BatchNorm,
    Conv,
    Dense,
    Dropout,
    Flatten,
    LocalNorm,
    MaxPool,
    Mean,
    Relu,
    Residual,
    Shrink,
    Squash,
    Step,
    Subsample,
    Unit,
    Zeros,
    padding_of,
)
from tiefvision.networks.published import Published, plan_of
from tiefvision.ranking.similarity import LEAST

LEAST_LENGTH = 1e-6
"""Lower bound of a length that divides, as in ``networks.building``."""

Arrays = Mapping[str, NDArray[np.float32]]


def network_graph(published: Published, width: float, arrays: Arrays) -> Graph:
    """A network of the literature as a ranker.

    Input "crops": (N, side, side, 3) float32 RGB, levels of 0 to 255. Output
    "embeddings": (N, D) float32, the direction of the published output.

    Args:
        published: the network.
        width: its channels, relative to the published ones.
        arrays: its weights by name.
    """
    graph, side = Graph(published.name), published.side
    crops = graph.given("crops", ("crops", side, side, 3))
    images = _prepared(graph, published, crops)
    plan = plan_of(published, width)
    parts = _Parts(graph, plan.steps, arrays)
    value, means = images, []
    for block in published.trunk.blocks:
        value = parts.send(f"deep.{block}.", value)
        if block in published.skips:
            means.append(graph.node("ReduceMean", value, axes=[2, 3], keepdims=0))
    deep = graph.node("Concat", *means, axis=1) if means else value
    deep = parts.send("head.", deep)
    if published.shallow:
        paths = [
            parts.send(f"shallow.{number}.", images)
            for number in range(len(published.shallow))
        ]
        joined = parts.send("joined.", graph.node("Concat", *paths, axis=1))
        deep = graph.node("Concat", joined, deep, axis=1)
    embedded = parts.send("embed.", deep)
    graph.result(
        "embeddings", graph.unit(embedded, 1, LEAST), ("crops", plan.embedding)
    )
    return graph


def _prepared(graph: Graph, published: Published, crops: str) -> str:
    """What the first layer reads, (N, 3, side, side)."""
    if published.reads == "caffe":
        order = graph.constant(np.array([2, 1, 0], np.int64))
        crops = graph.node("Gather", crops, order, axis=3)
    elif published.reads == "imagenet":
        mean, spread = (
            graph.constant(np.array(numbers, dtype=np.float32))
            for numbers in (IMAGENET.mean, IMAGENET.spread)
        )
        crops = graph.node("Div", graph.node("Sub", crops, mean), spread)
    else:
        crops = graph.node("Div", crops, _number(graph, 255))
    return graph.node("Transpose", crops, perm=[0, 3, 1, 2])


def _number(graph: Graph, number: float) -> str:
    return graph.constant(np.array(number, dtype=np.float32))


class _Parts:
    """The layers of a plan as nodes, part by part."""

    def __init__(self, graph: Graph, steps: tuple[Step, ...], arrays: Arrays) -> None:
        self._graph, self._steps, self._arrays = graph, steps, arrays

    def send(self, prefix: str, value: str) -> str:
        """The result of the layers right under a prefix, in their order."""
        for step in self._steps:
            place = step.name.removeprefix(prefix)
            if step.name.startswith(prefix) and "." not in place:
                value = self._apply(step, value)
        return value

    def _apply(self, step: Step, value: str) -> str:
        graph, layer = self._graph, step.layer
        match layer:
            case Conv() | MaxPool():
                return self._window(step, layer, value)
            case Dense():
                weight, bias = self._constants(step, "weight", "bias")
                return graph.node("Gemm", value, weight, bias, transB=1)
            case BatchNorm(eps):
                names = ("weight", "bias", "running_mean", "running_var")
                four = self._constants(step, *names)
                return graph.node("BatchNormalization", value, *four, epsilon=eps)
            case Relu(most):
                if not most:
                    return graph.node("Relu", value)
                limits = (_number(graph, 0), _number(graph, most))
                return graph.node("Clip", value, *limits)
            case Squash(kind):
                return graph.node("Tanh" if kind == "tanh" else "Sigmoid", value)
            case Subsample(every):
                ends = ((0, 0), (2**31, 2**31), (2, 3), (every, every))
                given = (graph.constant(np.array(one, np.int64)) for one in ends)
                return graph.node("Slice", value, *given)
            case Zeros(width):
                pads = np.array([0, 0, width, width] * 2, np.int64)
                return graph.node("Pad", value, graph.constant(pads))
            case LocalNorm(size, alpha, beta, k):
                return graph.node(
                    "LRN", value, size=size, alpha=alpha, beta=beta, bias=k
                )
            case Flatten():
                return graph.node("Flatten", value, axis=1)
            case Mean():
                return graph.node("ReduceMean", value, axes=[2, 3], keepdims=0)
            case Unit():
                cells = math.prod(step.reads[1:])
                unit = graph.unit(value, 1, LEAST_LENGTH)
                return graph.node("Div", unit, _number(graph, math.sqrt(cells)))
            case Shrink():
                length = graph.node("ReduceL2", value, axes=[1], keepdims=1)
                square = graph.node("Mul", length, length)
                longer = graph.node("Add", square, _number(graph, 1))
                return graph.node("Div", value, graph.node("Sqrt", longer))
            case Residual():
                return graph.node("Add", value, self.send(f"{step.name}.", value))
            case Dropout():
                return value

    def _window(self, step: Step, layer: Conv | MaxPool, value: str) -> str:
        before, behind = padding_of(layer, step.reads[1])
        where = {
            "kernel_shape": [layer.kernel] * 2,
            "strides": [layer.stride] * 2,
            "pads": [before, before, behind, behind],
        }
        if isinstance(layer, MaxPool):
            ceil = int(layer.ceil)
            return self._graph.node("MaxPool", value, ceil_mode=ceil, **where)
        groups = layer.groups if layer.outputs else step.reads[0]
        names = ("weight", "bias") if layer.bias else ("weight",)
        given = self._constants(step, *names)
        return self._graph.node("Conv", value, *given, group=groups, **where)

    def _constants(self, step: Step, *parts: str) -> list[str]:
        return [
            self._graph.constant(self._arrays[f"{step.name}.{part}"]) for part in parts
        ]
