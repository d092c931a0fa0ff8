"""Writing the models as ONNX files, with a page that says how to run them."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from tiefvision.encoders.architectures import CROP_SIDE, Architecture
from tiefvision.encoders.dense import DenseEncoder
from tiefvision.engines.onnx_graphs import Graph
from tiefvision.files import replace_file, replace_text
from tiefvision.locating.locator import Locator
from tiefvision.models.onnx_export.literature import network_graph
from tiefvision.models.onnx_export.networks import encoder_graph, heads_graph
from tiefvision.models.onnx_export.rankers import colours_graph, ranker_graph
from tiefvision.models.onnx_export.recording import Recorder
from tiefvision.models.protocol import Models
from tiefvision.ranking.cosine import embed_cells
from tiefvision.ranking.crops import CropRules
from tiefvision.ranking.deeprank import ColourRanker
from tiefvision.ranking.garments import Embed
from tiefvision.ranking.registry import COSINE, ranker_kind
from tiefvision.version import __version__

ENCODER, LOCATOR_ENCODER, HEADS, COLOURS, README = (
    "encoder.onnx",
    "locator_encoder.onnx",
    "heads.onnx",
    "colours.onnx",
    "README.md",
)
"""Names of the files; a ranker's is its name."""


def write_onnx(models: Models, folder: Path) -> tuple[Path, ...]:
    """Write models as ONNX files, each whole or not at all.

    Args:
        models: models that can locate and encode; their trained rankers are written,
            and the cosine, which needs no training.
        folder: folder of the files; it is made if missing.

    Returns:
        Paths of the files.

    Raises:
        TiefVisionError: The package onnx is missing.
        BadUsage: A network is none of this project's own.
        MissingArtifact: A model is missing.
        StorageFull: A file cannot be written.
    """
    recorder = Recorder()
    locator, encoder = models.locator(recorder), models.encoder(recorder)
    rules = models.crop_rules()
    rankers = {name: models.trained_ranker(name) for name in models.trained}
    graphs = {
        ENCODER: encoder_graph(encoder),
        LOCATOR_ENCODER: encoder_graph(locator.encoder),
        HEADS: heads_graph(locator.heads),
        **{
            f"{name}.onnx": _graph_of(name, embed, encoder.architecture, rules)
            for name, embed in {COSINE: embed_cells, **rankers}.items()
        },
    }
    if any(isinstance(embed, ColourRanker) for embed in rankers.values()):
        graphs[COLOURS] = colours_graph()
    facts = {
        "tiefvision": __version__,
        "models": models.label,
        "encoder": str(encoder.identity),
        "locator's encoder": str(locator.encoder.identity),
    }
    for name, graph in graphs.items():
        replace_file(folder / name, graph.to_bytes(facts))
    text = "\n".join(_page(models, locator, encoder, rules, graphs))
    replace_text(folder / README, text)
    return *(folder / name for name in graphs), folder / README


def _graph_of(
    name: str, embed: Embed, architecture: Architecture, rules: CropRules
) -> Graph:
    """The graph of a ranker over maps, or of a network of the literature."""
    if not ranker_kind(name).system:
        return ranker_graph(name, embed, architecture, rules)
    from tiefvision.engines.modules import arrays_of  # torch, which has it loaded
    from tiefvision.networks.remembering import RememberingRanker

    assert isinstance(embed, RememberingRanker), "that is how networks are loaded"
    network = embed.ranker.network
    return network_graph(network.published, network.width, arrays_of(network))


def _page(
    models: Models,
    locator: Locator,
    encoder: DenseEncoder,
    rules: CropRules,
    graphs: Mapping[str, Graph],
) -> Iterator[str]:
    """The lines of the page."""
    architecture, pyramid = encoder.architecture, locator.pyramid
    yield f"# {models.label[:1].upper()}{models.label[1:]}, as ONNX\n"
    yield (
        f"Written by tiefvision {__version__}. An axis that has a name may have any "
        "length; results are float32.\n"
    )
    yield "| file | input | output |"
    yield "|---|---|---|"
    for name, graph in graphs.items():
        yield f"| `{name}` | {', '.join(graph.reads)} | {', '.join(graph.makes)} |"
    yield "\n## From a photograph to an embedding\n"
    yield (
        "1. Decode the photograph to RGB and turn it as its EXIF orientation says. "
        f"Widen the garment's box {rules.square:g} of the way to a square, cut it out "
        f"and stretch it to {CROP_SIDE} x {CROP_SIDE} px (Pillow: "
        "`resize(..., Image.Resampling.BILINEAR)`)."
    )
    yield (
        f"2. Give `{ENCODER}` its levels, 0 to 255, as float32: mean and deviation "
        f"({architecture.preprocessing.name}) are part of the network. A crop of "
        f"{CROP_SIDE} px has {architecture.window} x {architecture.window} cells."
    )
    if COLOURS in graphs:
        yield f"3. Give `{COLOURS}` the same crop as uint8."
    yield (
        "\nA network with the input `crops` reads the same crop itself: float32, "
        "levels of 0 to 255, resized to the side in the table (bilinear, antialiased)."
    )
    yield (
        "\nThe ranker's embeddings have unit length: their inner product is the "
        "similarity, a cosine in [-1, 1].\n"
    )
    yield "## From a photograph to boxes\n"
    yield (
        f"1. Resize the photograph to a longer side of {_sides(pyramid.long_sides)} px "
        f"(each gives boxes), and add at least {pyramid.border} px of the mean colour "
        f"{_colour(locator.encoder)} on every side."
    )
    yield f"2. Run `{LOCATOR_ENCODER}`, then `{HEADS}` on its maps."
    yield (
        f"3. The window at row r and column c covers the {CROP_SIDE} px square whose "
        f"corner is ({locator.encoder.architecture.stride} c, "
        f"{locator.encoder.architecture.stride} r), border included. `probabilities` "
        f"are those of {', '.join(locator.heads.categories)}. `coordinates` are x0, "
        "y0, x1, y1 from the centre of the window, in its sides; `spreads` are the "
        "scales of their Laplace distributions, in the same unit."
    )
    yield (
        "4. Windows vote for boxes, which is no network: see "
        "`tiefvision/locating/votes.py`. Labels and the share of garment in a box are "
        "left out as well.\n"
    )


def _sides(numbers: tuple[int, ...]) -> str:
    return ", ".join(map(str, numbers))


def _colour(encoder: DenseEncoder) -> str:
    mean = encoder.architecture.preprocessing.mean
    return f"({', '.join(f'{level:g}' for level in mean)})"
