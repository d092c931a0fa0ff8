"""The graphs of colours and of rankers over the maps of crops."""

import math

import numpy as np

from tiefvision.encoders.architectures import CROP_SIDE, Architecture
from tiefvision.engines.onnx_graphs import Graph
from tiefvision.errors import BadUsage
from tiefvision.ranking.colours.histogram import RGB_CELLS, lab_table
from tiefvision.ranking.cosine import embed_cells
from tiefvision.ranking.crops import CropRules
from tiefvision.ranking.deeprank import (
    LEAST_SHARE,
    REGIONS,
    ColourRanker,
    DeeperRanker,
    DeepRanker,
    Layer,
)
from tiefvision.ranking.garments import Embed
from tiefvision.ranking.grid import pooling_matrix
from tiefvision.ranking.similarity import LEAST

_FLOAT, _INT64, _DOUBLE = 1, 7, 11
"""Numbers of float32, int64 and float64 in ``onnx.TensorProto.DataType``."""


def colours_graph() -> Graph:
    """The LAB histogram of crops, as ``lab_histogram`` counts it.

    Input "crops": (N, S, S, 3) uint8 RGB. Output "colours": (N, K) float32 of unit
    length. Shares are added in float64, as there.
    """
    graph = Graph("colours")
    table = lab_table()
    crops = graph.given("crops", ("crops", CROP_SIDE, CROP_SIDE, 3), "uint8")
    numbers = graph.node("Cast", crops, to=_INT64)
    cell = graph.node(
        "Div", numbers, graph.constant(np.array(256 // RGB_CELLS, np.int64))
    )
    radix = np.array([RGB_CELLS**2, RGB_CELLS, 1], dtype=np.int64)
    weighed = graph.node("Mul", cell, graph.constant(radix))
    axis = graph.constant(np.array([3], np.int64))
    places = graph.node("ReduceSum", weighed, axis, keepdims=0)  # (N, S, S)
    places = graph.reshape(places, 0, -1)
    bins = graph.node("Gather", graph.constant(table.bins.astype(np.int16)), places)
    bins = graph.reshape(graph.node("Cast", bins, to=_INT64), 0, -1)
    weights = graph.node("Gather", graph.constant(table.weights), places)
    weights = graph.reshape(graph.node("Cast", weights, to=_DOUBLE), 0, -1)
    count = len(table.middles)
    one = graph.node("Gather", weights, graph.constant(np.array([0])), axis=1)
    empty = graph.node("Mul", one, graph.constant(np.zeros((1, count))))  # (N, K)
    sums = graph.node("ScatterElements", empty, bins, weights, axis=1, reduction="add")
    shares = graph.node("Div", sums, graph.constant(np.array(float(CROP_SIDE**2))))
    roots = graph.node("Cast", graph.node("Sqrt", shares), to=_FLOAT)
    graph.result("colours", roots, ("crops", count))
    return graph


def ranker_graph(
    name: str, embed: Embed, architecture: Architecture, rules: CropRules
) -> Graph:
    """A ranker over the maps of 224 px crops.

    Input "maps": (N, C, window, window) float32, as the encoder of garments gives them.
    For the network "colour" also "colours": (N, K) float32, as ``colours_graph`` gives
    them. Output "embeddings": (N, D) float32 of unit length.

    Args:
        name: name of the ranker, for messages.
        embed: the cosine, or a DeepRank network.
        architecture: architecture of the encoder.
        rules: rules by which a crop becomes a feature map.

    Raises:
        BadUsage: It is another ranker.
    """
    graph = Graph(name)
    channels, window = architecture.channels, architecture.window
    maps = graph.given("maps", ("crops", channels, window, window))
    cells = graph.reshape(maps, 0, channels, -1)  # (N, C, cells)
    side = rules.grid or window
    if rules.grid:
        pooling = graph.constant(pooling_matrix(window, window, side, side))
        cells = graph.node("MatMul", cells, pooling)
    cells = graph.unit(cells, 1, LEAST)
    if isinstance(embed, ColourRanker):
        embedded, size = _colour(graph, embed, cells, side)
    elif embed is embed_cells or isinstance(embed, DeepRanker | DeeperRanker):
        embedded, size = _cells(graph, embed, cells), channels * side**2
    else:
        raise BadUsage(f"The ranker {name} cannot be exported to ONNX.")
    graph.result("embeddings", embedded, ("crops", size))
    return graph


def _cells(graph: Graph, embed: Embed, cells: str) -> str:
    """Cells of unit length, mixed by a network of DeepRank or as they are."""
    match embed:
        case DeepRanker(mix):
            cells = graph.unit(_mixed(graph, mix, cells), 1, LEAST)
        case DeeperRanker(inner, outer):
            hidden = graph.node("Relu", _mixed(graph, inner, cells))
            added = graph.node("Add", cells, _mixed(graph, outer, hidden))
            cells = graph.unit(added, 1, LEAST)
    # Of n unit cells the flat vector has the length sqrt(n).
    shape = graph.node("Shape", cells)
    last = graph.node("Gather", shape, graph.constant(np.array(2, np.int64)))
    root = graph.node("Sqrt", graph.node("Cast", last, to=_FLOAT))
    return graph.reshape(graph.node("Div", cells, root), 0, -1)


def _colour(
    graph: Graph, embed: ColourRanker, cells: str, side: int
) -> tuple[str, int]:
    """Both branches of ``ColourRanker``, and the length of an embedding."""
    colours = graph.given("colours", ("crops", embed.colours.weight.shape[1]))
    shares = np.exp(embed.balance - embed.balance.max())
    shares = np.sqrt(shares / shares.sum())
    branches = [
        graph.node(
            "Mul",
            graph.unit(_rows(graph, layer, value), 1, LEAST),
            graph.constant(share),
        )
        for layer, value, share in (
            (embed.cells, _regions(graph, embed, cells, side), shares[0]),
            (embed.colours, colours, shares[1]),
        )
    ]
    size = len(embed.cells.bias) + len(embed.colours.bias)
    return graph.node("Concat", *branches, axis=1), size


def _regions(graph: Graph, embed: ColourRanker, cells: str, side: int) -> str:
    """``ColourRanker.regions``: (N, C * rows * columns) of unit length."""
    attention = graph.node("Sigmoid", _mixed(graph, embed.attention, cells))
    by_cell = graph.node("Transpose", attention, perm=[0, 2, 1])  # (N, cells, 1)
    pooling = graph.constant(pooling_matrix(side, side, *REGIONS))
    weighing = graph.node("Mul", by_cell, pooling)  # (N, cells, regions)
    first = graph.constant(np.array([1], np.int64))
    total = graph.node("ReduceSum", weighing, first, keepdims=1)
    least = graph.constant(np.array(LEAST_SHARE, dtype=np.float32))
    pooled = graph.node(
        "Div", graph.node("MatMul", cells, weighing), graph.node("Max", total, least)
    )
    turned = np.arange(math.prod(REGIONS)).reshape(REGIONS)[:, ::-1].ravel()
    mirror = graph.node("Gather", pooled, graph.constant(turned), axis=2)
    summed = graph.node("Add", pooled, mirror)
    return graph.unit(graph.reshape(summed, 0, -1), 1, LEAST)


def _mixed(graph: Graph, layer: Layer, cells: str) -> str:
    """``Layer.cells``: (N, C, cells) to (N, D, cells)."""
    mixed = graph.node("MatMul", graph.constant(layer.weight), cells)
    return graph.node("Add", mixed, graph.constant(layer.bias[:, None]))


def _rows(graph: Graph, layer: Layer, rows: str) -> str:
    """``Layer.rows``: (N, C) to (N, D)."""
    mixed = graph.node("MatMul", rows, graph.constant(layer.weight.T))
    return graph.node("Add", mixed, graph.constant(layer.bias))
