"""The engine for CPUs: OpenVINO compiles a network for the processor that it runs on.

Nothing here imports torch. Maps may have any height and width: a network is compiled
once, in a fraction of a second; the first run at a new size takes some tens of
milliseconds more.
"""

import sys
from collections.abc import Sequence
from functools import cache
from threading import Lock
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
from tiefvision.engines.protocol import Format, Run

_CONVERTER = "openvino.tools.ovc"


def _import_openvino() -> tuple[Any, Any]:
    """OpenVINO and its operations, without the converter of other formats.

    The converter, and the telemetry that it brings, take a third of the time of the
    import and are not used here. OpenVINO does without them where they are missing.
    """
    hidden = "openvino" not in sys.modules and _CONVERTER not in sys.modules
    if hidden:
        sys.modules[_CONVERTER] = None  # type: ignore[assignment]
    try:
        import openvino
        from openvino import opset14
    finally:
        if hidden:
            del sys.modules[_CONVERTER]
    return openvino, opset14


ov, ops = _import_openvino()

ANY = -1
"""A height or width that is known only when the network runs."""

SIZES_KEPT = 64
"""Layers prepared for one size of map that a network keeps. Without a limit each new
size of photograph adds 3.5 MB (EfficientNet-Lite0), and no run is faster for it."""

_TYPES = {"float32": "f32", "bfloat16": "bf16"}


def formats() -> tuple[Format, ...]:
    """The number formats that OpenVINO computes in on this processor."""
    able = _core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    return ("float32", "bfloat16") if "BF16" in able else ("float32",)


def compile_network(
    layers: Sequence[Layer],
    weights: Arrays,
    channels: int,
    *,
    channels_last: bool = False,
    number_format: Format = "float32",
    threads: int = 0,
) -> Run:
    """Compile a network; see ``Engine.compile``."""
    shape = [1, ANY, ANY, channels] if channels_last else [1, channels, ANY, ANY]
    given = ops.parameter(shape, np.float32)
    value = given
    if channels_last:
        value = ops.transpose(given, np.array([0, 3, 1, 2]))
    result = run_layers(layers, value, _Nodes(weights))
    settings: dict[str, Any] = {
        "PERFORMANCE_HINT": "LATENCY",
        # OpenVINO would otherwise choose bfloat16 by the processor's flags.
        "INFERENCE_PRECISION_HINT": _TYPES[number_format],
        "CPU_RUNTIME_CACHE_CAPACITY": SIZES_KEPT,
    }
    if threads:
        settings["INFERENCE_NUM_THREADS"] = threads
    model = ov.Model([result], [given])
    request = _core().compile_model(model, "CPU", settings).create_infer_request()
    one_at_a_time = Lock()

    def run(maps: NDArray[np.float32]) -> NDArray[np.float32]:
        with one_at_a_time:  # a request refuses a second thread while it runs
            request.infer({0: maps}, share_inputs=True)
            # A copy: the request writes the next result into the same memory.
            return np.array(request.get_output_tensor(0).data)

    return run


@cache
def _core() -> Any:
    return ov.Core()


class _Nodes:
    """Layers as nodes of OpenVINO's graph."""

    def __init__(self, weights: Arrays) -> None:
        self._weights = weights

    def convolve(self, name: str, layer: Convolution, value: Any) -> Any:
        weight, bias = self._weights[f"{name}.weight"], self._weights[f"{name}.bias"]
        geometry = (
            [layer.stride] * 2,
            [layer.padding[0]] * 2,
            [layer.padding[1]] * 2,
            [layer.dilation] * 2,
        )
        if layer.groups > 1:
            outputs = layer.outputs // layer.groups
            grouped = weight.reshape(layer.groups, outputs, *weight.shape[1:])
            value = ops.group_convolution(value, ops.constant(grouped), *geometry)
        else:
            value = ops.convolution(value, ops.constant(weight), *geometry)
        return ops.add(value, ops.constant(bias.reshape(1, -1, 1, 1)))

    def activate(self, layer: Activation, value: Any) -> Any:
        if layer.kind == "relu6":
            return ops.clamp(value, 0.0, 6.0)
        return ops.relu(value)

    def pool(self, layer: MaxPool, value: Any) -> Any:
        rounding = "ceil_torch" if layer.ceil else "floor"
        pooled = ops.max_pool(
            value,
            [layer.stride] * 2,
            [1, 1],
            [0, 0],
            [0, 0],
            [layer.kernel] * 2,
            rounding,
        )
        return pooled.output(0)

    def add(self, first: Any, second: Any) -> Any:
        return ops.add(first, second)

    def join(self, values: Sequence[Any]) -> Any:
        return ops.concat(list(values), 1)
