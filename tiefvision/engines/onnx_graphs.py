"""Networks as ONNX files, made of the same layers that every engine reads.

A graph grows node by node; a value in it is a name. Heights, widths and the number of
maps stay free. Nothing here imports torch.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiefvision.engines.folding import Arrays
from tiefvision.engines.layers import (
    Activation,
    Convolution,
    Layer,
    MaxPool,
    run_layers,
)
from tiefvision.extras import import_module_of

EXTRA = "onnx"
"""Extra of this project with the packages that write such files and run them."""

OPSET = 17
"""Version of the operators: of 2022, so that runtimes of the last years know it."""

FORMAT = 8
"""Version of the file format that belongs to it."""

Axes = Sequence[int | str]
"""Length of each axis; a name for one that is known only when the network runs."""


class Graph:
    """A graph of ONNX, which begins empty.

    Args:
        name: name of the graph.

    Attributes:
        reads: what is given when the network runs, in words.
        makes: its results, in words.

    Raises:
        TiefVisionError: The package onnx is missing.
    """

    def __init__(self, name: str) -> None:
        self._onnx = import_module_of(EXTRA, "onnx")
        self._name = name
        self.reads: list[str] = []
        self.makes: list[str] = []
        self._nodes: list[Any] = []
        self._arrays: list[Any] = []
        self._given: list[Any] = []
        self._results: list[Any] = []

    def given(self, name: str, axes: Axes, dtype: str = "float32") -> str:
        """A value that is given when the network runs.

        Args:
            name: name of the value.
            axes: its axes.
            dtype: its dtype, as NumPy names it.
        """
        self._given.append(self._value(name, axes, dtype))
        self.reads.append(f"`{name}` ({', '.join(map(str, axes))}) {dtype}")
        return name

    def constant(self, array: NDArray[Any]) -> str:
        """An array that the file holds."""
        name = f"array{len(self._arrays)}"
        array = np.ascontiguousarray(array)
        self._arrays.append(self._onnx.numpy_helper.from_array(array, name))
        return name

    def node(self, operator: str, *values: str, **attributes: Any) -> str:
        """The result of an operator of ONNX.

        Args:
            operator: its name, such as "Conv".
            values: what it reads.
            attributes: its attributes by name.
        """
        return self.nodes(operator, 1, *values, **attributes)[0]

    def nodes(
        self, operator: str, count: int, *values: str, **attributes: Any
    ) -> list[str]:
        """The ``count`` results of an operator, as for ``node``."""
        number = len(self._nodes)
        results = [f"{operator}{number}.{index}" for index in range(count)]
        self._nodes.append(
            self._onnx.helper.make_node(operator, values, results, **attributes)
        )
        return results

    def layers(self, layers: Sequence[Layer], weights: Arrays, value: str) -> str:
        """The result of layers, (B, D, h', w').

        Args:
            layers: layers of the network.
            weights: weights and biases by name, float32.
            value: what the first layer reads, (B, C, h, w).
        """
        return run_layers(layers, value, _Nodes(self, weights))

    def unit(self, value: str, axis: int, least: float) -> str:
        """Vectors along an axis, divided by their length.

        Args:
            value: an array.
            axis: axis of the vectors.
            least: lower bound of the length, so that zeros stay zeros.
        """
        length = self.node("ReduceL2", value, axes=[axis], keepdims=1)
        bound = self.constant(np.array(least, dtype=np.float32))
        return self.node("Div", value, self.node("Max", length, bound))

    def reshape(self, value: str, *sides: int) -> str:
        """An array in another shape: 0 keeps a side, -1 is what is left."""
        return self.node("Reshape", value, self.constant(np.array(sides, np.int64)))

    def result(self, name: str, value: str, axes: Axes) -> None:
        """Let a float32 value be a result of the network.

        Args:
            name: name of the result.
            value: the value.
            axes: its axes.
        """
        self._nodes.append(self._onnx.helper.make_node("Identity", [value], [name]))
        self._results.append(self._value(name, axes, "float32"))
        self.makes.append(f"`{name}` ({', '.join(map(str, axes))})")

    def to_bytes(self, facts: Mapping[str, str]) -> bytes:
        """The content of a file.

        Args:
            facts: facts by name that the file holds beside the graph.
        """
        helper = self._onnx.helper
        graph = helper.make_graph(
            self._nodes, self._name, self._given, self._results, self._arrays
        )
        model = helper.make_model(
            graph,
            producer_name="tiefvision",
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=FORMAT,
        )
        helper.set_model_props(model, dict(facts))
        self._onnx.checker.check_model(model)
        content: bytes = model.SerializeToString()
        return content

    def _value(self, name: str, axes: Axes, dtype: str) -> Any:
        helper = self._onnx.helper
        kind = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
        return helper.make_tensor_value_info(name, kind, list(axes))


class _Nodes:
    """Layers as nodes of a graph."""

    def __init__(self, graph: Graph, weights: Arrays) -> None:
        self._graph, self._weights = graph, weights

    def convolve(self, name: str, layer: Convolution, value: str) -> str:
        before, behind = layer.padding
        return self._graph.node(
            "Conv",
            value,
            *(
                self._graph.constant(
                    np.asarray(self._weights[f"{name}.{part}"], dtype=np.float32)
                )
                for part in ("weight", "bias")
            ),
            strides=[layer.stride] * 2,
            pads=[before, before, behind, behind],
            dilations=[layer.dilation] * 2,
            group=layer.groups,
        )

    def activate(self, layer: Activation, value: str) -> str:
        if layer.kind == "relu":
            return self._graph.node("Relu", value)
        limits = (np.array(limit, dtype=np.float32) for limit in (0, 6))
        return self._graph.node("Clip", value, *map(self._graph.constant, limits))

    def pool(self, layer: MaxPool, value: str) -> str:
        return self._graph.node(
            "MaxPool",
            value,
            kernel_shape=[layer.kernel] * 2,
            strides=[layer.stride] * 2,
            ceil_mode=int(layer.ceil),
        )

    def add(self, first: str, second: str) -> str:
        return self._graph.node("Add", first, second)

    def join(self, values: Sequence[str]) -> str:
        return self._graph.node("Concat", *values, axis=1)
