"""The graphs of encoders and of the locator's heads."""

import numpy as np

from tiefvision.encoders.dense import DenseEncoder
from tiefvision.engines.onnx_graphs import Graph
from tiefvision.engines.protocol import Run
from tiefvision.errors import BadUsage
from tiefvision.locating.folded import FoldedHeads
from tiefvision.locating.sides import LOG_SPREAD_RANGE, SIDES
from tiefvision.models.onnx_export.recording import Recorded

WINDOWS = "window rows", "window columns"
"""Names of the axes of what is told of every window."""


def encoder_graph(encoder: DenseEncoder) -> Graph:
    """An encoder with its preprocessing.

    Input "photos": (N, H, W, 3) float32 RGB, levels of 0 to 255. Output "maps": (N, C,
    h, w) float32, as ``DenseEncoder.encode`` gives them.

    Raises:
        BadUsage: The encoder has no layers of this project.
    """
    architecture = encoder.architecture
    if not getattr(architecture, "layers", ()):
        raise BadUsage(
            f"The encoder {architecture.name} is of another library, which exports it "
            "itself."
        )
    graph = Graph(architecture.name)
    photos = graph.given("photos", ("photos", "height", "width", 3))
    mean, spread = (
        graph.constant(np.array(numbers, dtype=np.float32))
        for numbers in (
            architecture.preprocessing.mean,
            architecture.preprocessing.spread,
        )
    )
    standard = graph.node("Div", graph.node("Sub", photos, mean), spread)
    value = graph.node("Transpose", standard, perm=[0, 3, 1, 2])
    maps = graph.layers(architecture.layers, encoder.weights, value)
    graph.result("maps", maps, ("photos", architecture.channels, "rows", "columns"))
    return graph


def heads_graph(heads: FoldedHeads) -> Graph:
    """The classifier and the four regressors.

    Input "maps": (N, C, h, w) float32 of the locator's encoder. Outputs, of every
    window: "probabilities" (N, categories, rows, columns); "coordinates" and "spreads",
    (N, 4, categories, rows, columns) in window units, as ``FoldedHeads.boxes``.

    Args:
        heads: heads that were folded with a ``Recorder``.
    """
    graph = Graph("heads")
    reduction = _recorded(heads.reduce_map)
    maps = graph.given("maps", ("photos", reduction.channels, "rows", "columns"))
    reduced = graph.layers(reduction.layers, reduction.weights, maps)
    sides = [_recorded(run) for run in heads.judge_sides]
    sizes = [heads.reduced, *(side.channels for side in sides)]
    first, *others = graph.nodes(
        "Split", len(sizes), reduced, graph.constant(np.array(sizes, np.int64)), axis=1
    )
    classifier = _recorded(heads.judge_category)
    scores = graph.layers(classifier.layers, classifier.weights, first)
    count = len(heads.categories)
    graph.result(
        "probabilities", graph.node("Sigmoid", scores), ("photos", count, *WINDOWS)
    )
    judged = [
        graph.node(
            "Unsqueeze",
            graph.layers(side.layers, side.weights, part),
            graph.constant(np.array([1], np.int64)),
        )
        for side, part in zip(sides, others, strict=True)
    ]
    stacked = graph.node("Concat", *judged, axis=1)  # (N, 4, 2 * categories, ...)
    even, odd = (
        graph.constant(np.arange(start, 2 * count, 2, dtype=np.int64))
        for start in (0, 1)
    )
    limits = (np.array(limit, dtype=np.float32) for limit in LOG_SPREAD_RANGE)
    logs = graph.node(
        "Clip", graph.node("Gather", stacked, odd, axis=2), *map(graph.constant, limits)
    )
    axes = ("photos", len(SIDES), count, *WINDOWS)
    graph.result("coordinates", graph.node("Gather", stacked, even, axis=2), axes)
    graph.result("spreads", graph.node("Exp", logs), axes)
    return graph


def _recorded(run: Run) -> Recorded:
    assert isinstance(run, Recorded), "the heads were folded with a recorder"
    return run
