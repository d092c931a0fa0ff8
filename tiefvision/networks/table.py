"""The networks of the literature, each in a few lines that read like its table.

Counts follow from the layers (``published.py``) and from the built modules
(``building.py``), and tests hold both to the published numbers. Where two published
numbers cannot both be right, a comment says which one is, and why. Sources:

MILDNet: Verma & Balaji, arXiv:1903.00905, and gofynd/mildnet, ``trainer/model.py``.
VisNet: Shankar et al., arXiv:1703.02344, and flipkart-incubator/fk-visual-search.
Deep Ranking: Wang et al., arXiv:1404.4661. Cardigan: slides of 2018, without code.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from tiefvision.errors import BadUsage
from tiefvision.networks.layers import (
    SAME,
    BatchNorm,
    Conv,
    Dense,
    Dropout,
    Gaussian,
    Layer,
    MaxPool,
    Mean,
    Shrink,
    Subsample,
)
from tiefvision.networks.paths import (
    FLAT,
    RANKNET_PATHS,
    STRIDED_PATHS,
    UNIT,
    caffe_paths,
    valid_paths,
)
from tiefvision.networks.published import Published
from tiefvision.networks.trunks import (
    ALEXNET,
    ALEXNET_CAFFE,
    ALEXNET_KERAS,
    KRIZHEVSKY_NORM,
    MOBILENET,
    MOBILENET_SKIPS,
    MOBILENET_V2_SKIPS,
    MOBILENET_V2_TRUNK,
    RELU,
    VGG16,
    VGG19,
    Trunk,
)

MILDNET, VISNET = "MILDNet", "VisNet"
DEEP_RANKING, CARDIGAN, OURS = "Deep Ranking", "Cardigan", "small forms (ours)"
SYSTEMS = (MILDNET, VISNET, DEEP_RANKING, CARDIGAN, OURS)
"""The systems, in the order in which networks are listed."""

MEAN, SHRINK = Mean(), Shrink()

BLOCKS = ("block1", "block2", "block3", "block4", "block5")
"""Blocks of VGG: the last is no skip, but its mean goes the same way."""

FIRST_THREE = 7
"""Convolutions that MILDNet freezes: the first ten Keras layers, the input among them,
which are the blocks 1 to 3 of VGG16. VGG19's block3_conv4 stays trainable."""


def _fully(sizes: tuple[int, int], rate: float) -> tuple[Layer, ...]:
    """Two fully connected layers, dropout between them, as in MILDNet's heads."""
    between = (Dropout(rate),) if rate else ()
    return Dense(sizes[0]), RELU, *between, Dense(sizes[1]), RELU


def _dropped(rate: float) -> tuple[Layer, ...]:
    """VisNet's fully connected layers in Keras: a mean, then 4096 twice, L2."""
    drop = Dropout(rate)
    return MEAN, Dense(4096), RELU, drop, Dense(4096), RELU, drop, UNIT


def _on_map(size: int) -> tuple[Layer, ...]:
    """The head without skips: Keras' Dense over a map is a 1x1 convolution."""
    return Conv(size, 1), RELU, Dropout(0.6), Conv(size, 1), RELU, UNIT, FLAT


def _mildnet(
    name: str,
    summary: str,
    head: tuple[Layer, ...],
    *,
    first: int = 1,
    trunk: Trunk = VGG16,
    frozen: int = FIRST_THREE,
    paper: str | None = None,
) -> Published:
    """MILDNet on VGG, with the means of the blocks from ``first`` on."""
    skips = BLOCKS[first - 1 :]
    return Published(
        name, MILDNET, summary, trunk, head, skips, frozen=frozen, paper=paper
    )


def _without_skips(name: str, size: int, summary: str, frozen: int) -> Published:
    return Published(name, MILDNET, summary, VGG16, _on_map(size), frozen=frozen)


BIG = (*_fully((2048, 2048), 0.6), UNIT)


def _caffe(name: str, trunk: Trunk, summary: str, side: int) -> Published:
    """VisNet of the Caffe files. A convolution's bias learns twice as fast there."""
    drop = Dropout(0.4)
    inner, last = Gaussian(0.005, 0.1), Gaussian(0.01)
    # Caffe fills layers by name: those of an ImageNet network start fc6 and fc7, too.
    fc6, fc7 = ("classifier.0", "classifier.3") if trunk.published else ("", "")
    head = (
        *(FLAT, Dense(4096, inner, fc6), RELU, drop),
        *(Dense(4096, inner, fc7), RELU, drop),
        *(Dense(4096, last), SHRINK),
    )
    return Published(
        name,
        VISNET,
        summary,
        trunk,
        head,
        shallow=caffe_paths(),
        joined=(SHRINK,),
        embed=(Dense(4096, inner), SHRINK),
        side=side,
        reads="caffe",
    )


def _ablation() -> Iterator[Published]:
    """MILDNet's ablation over skips (table 4), and what it does without any.

    Table 4 names its last row "block 2-5"; the code, and 21.93M parameters, are the
    blocks 1 to 4 beside the last one.
    """
    for first, paper in ((2, "21.80M"), (3, "21.53M"), (4, "21.01M")):
        yield _mildnet(
            f"skip_{first - 1}",
            f"MILDNet with the means of the blocks {first} to 5",
            BIG,
            first=first,
            paper=paper,
        )


MILDNETS = (
    _mildnet(
        "mildnet",
        "the means of all five blocks of VGG16, fused by two layers",
        BIG,
        paper="21.93M, 83 MB",
    ),
    *_ablation(),
    # Published: unit length over the rows of the map. Here over the channels of each
    # cell, so that the distance of two maps is that of 49 unit vectors.
    Published(
        "skip_4",
        MILDNET,
        "MILDNet without skips: two layers over each cell of VGG16's map",
        VGG16,
        _on_map(2048),
        frozen=FIRST_THREE,
        paper="19.96M",
    ),
    _without_skips(
        "without_skip", 1024, "two layers of 1024 over each cell of VGG16's map", 0
    ),
    _without_skips(
        "without_skip_big", 2048, "two layers of 2048 over each cell of VGG16's map", 0
    ),
    _mildnet(
        "1024_512",
        "MILDNet with layers of 1024 and 512",
        (*_fully((1024, 512), 0.6), UNIT),
    ),
    _mildnet(
        "512_512", "MILDNet with two layers of 512", (*_fully((512, 512), 0.6), UNIT)
    ),
    _mildnet(
        "512_no_dropout",
        "MILDNet with two layers of 512, without dropout",
        (*_fully((512, 512), 0), UNIT),
    ),
    _mildnet("all_trainable", "MILDNet with nothing frozen", BIG, frozen=0),
    _mildnet("mildnet_vgg19", "MILDNet on VGG19", BIG, trunk=VGG19),
    Published(
        "vgg16_big",
        MILDNET,
        "MILDNet beside two shallow paths",
        VGG16,
        BIG,
        BLOCKS,
        STRIDED_PATHS,
        embed=(Dense(4096), UNIT),
        frozen=FIRST_THREE,
    ),
    # The paper says that its MobileNet has skips and starts from ImageNet. The code
    # builds the concatenation, overwrites it, and starts at random: 5.33M are the
    # parameters without skips.
    Published(
        "mobilenet",
        MILDNET,
        "the means of MobileNet's last map, fused by two layers",
        MOBILENET,
        (MEAN, *_fully((1024, 1024), 0.5), UNIT),
        paper="5.33M, 20 MB",
    ),
    Published(
        "mobilenet_skips",
        MILDNET,
        "the means of six maps of MobileNet, as its paper intends",
        MOBILENET,
        (*_fully((1024, 1024), 0.5), UNIT),
        (*(f"dw{number}" for number in MOBILENET_SKIPS), "pw13"),
    ),
    Published(
        "ranknet",
        MILDNET,
        "VGG19 beside two shallow paths",
        VGG19,
        _dropped(0.5),
        shallow=RANKNET_PATHS,
        joined=(UNIT,),
        embed=(Dense(4096), UNIT),
        paper="68.31M, 260 MB",
    ),
    # The published LRN is a hook of an older Keras that is never called: an identity.
    Published(
        "visnet_lrn2d",
        MILDNET,
        "VGG16 beside two shallow paths with local response normalisation",
        VGG16,
        _dropped(0.6),
        shallow=valid_paths(KRIZHEVSKY_NORM),
        embed=(Dense(4096), UNIT),
        paper="66.54M, 253 MB",
    ),
    # Table 1 prints the same 63.00M for "Visnet" and "Multi-scale-Alexnet". They are
    # those of ``visnet``; ``alexnet`` as coded has 53.11M.
    Published(
        "visnet",
        MILDNET,
        "VGG16 beside two shallow paths",
        VGG16,
        _dropped(0.6),
        shallow=STRIDED_PATHS,
        embed=(Dense(4096), UNIT),
        paper="63.00M, 240 MB",
    ),
    Published(
        "alexnet",
        MILDNET,
        "AlexNet beside two shallow paths",
        ALEXNET_KERAS,
        _dropped(0.6),
        shallow=valid_paths(),
        embed=(Dense(4096), UNIT),
        side=227,
    ),
    Published(
        "vanila_vgg16", MILDNET, "the map of VGG16 as ImageNet left it", VGG16, (FLAT,)
    ),
)
"""Names and figures are those of the code's ``job_configs``."""

VISNETS = (
    _caffe(
        "visnet_caffe", VGG16, "VGG16 with three layers beside two shallow paths", 224
    ),
    _caffe(
        "visnet_caffe_alexnet",
        ALEXNET_CAFFE,
        "AlexNet with three layers beside two shallow paths",
        227,
    ),
)


def _deep_ranking() -> Published:
    """Wang et al., figure 3: 57 and 29 pixels, 15x15 and 8x8, 4x4 and 4x4 cells.

    The figure prints 3074 numbers for both paths; 2 x 4 x 4 x 96 are 3072. The paper
    gives no number of parameters.
    """
    drop = Dropout(0.4)  # the paper keeps 0.6
    conv = (Conv(96, 8, 4, 4), RELU)
    return Published(
        "deep_ranking",
        DEEP_RANKING,
        "AlexNet beside two shallow paths over subsampled pixels",
        ALEXNET,
        (FLAT, Dense(4096), RELU, drop, Dense(4096), RELU, drop, UNIT),
        shallow=(
            (Subsample(4), *conv, MaxPool(7, 4, SAME), FLAT),
            (Subsample(8), *conv, MaxPool(3, 2, SAME), FLAT),
        ),
        joined=(UNIT,),
        embed=(Dense(4096), UNIT),
        side=225,
        reads="imagenet",
    )


def _cardigan() -> Published:
    """SimNet: VisNet with batch normalisation where VisNet has another one.

    The slides print 42,559,744 parameters, 14,724,288 of them not trainable, which
    fixes the sizes of the shallow maps and 4800 normalised channels; where they stand
    among the layers is inferred.
    """
    norm = BatchNorm()
    conv = (Conv(96, 8, 4, 4), RELU, norm)
    return Published(
        "cardigan",
        CARDIGAN,
        "frozen VGG16 beside two shallow paths, with batch normalisation",
        VGG16,
        (FLAT, Dense(1024), RELU, norm),
        shallow=(
            (MaxPool(4, 4), *conv, MaxPool(7, 4, 2), FLAT),
            (MaxPool(8, 8), *conv, MaxPool(3, 2, 1), FLAT),
        ),
        joined=(norm,),
        embed=(Dense(512), norm),
        frozen=13,
        paper="42,559,744, not trainable 14,724,288",
    )


V2_FROZEN = 18
"""Convolutions of MobileNetV2 up to a stride of 8, as VGG16's blocks 1 to 3 are."""


def _small_forms() -> Iterator[Published]:
    """MILDNet's idea on MobileNetV2: its head, five skips beside the last map.

    No publication has it: it is for processors, and starts from weights that exist.
    """
    skips = (*MOBILENET_V2_SKIPS, "last")
    for left_out in range(len(skips)):
        name = "mildnet_mobilenet_v2"
        what = "a small form of this project: the means of six maps of MobileNetV2"
        if left_out:
            name = f"{name}_skip_{left_out}"
            maps = "map" if left_out == 1 else f"{left_out} maps"
            what = f"{what} without the first {maps}"
        yield Published(
            name,
            OURS,
            what,
            MOBILENET_V2_TRUNK,
            (*_fully((1024, 1024), 0.5), UNIT),
            skips[left_out:],
            frozen=V2_FROZEN,
            reads="imagenet",
        )


NETWORKS: Mapping[str, Published] = MappingProxyType(
    {
        network.name: network
        for network in (
            *MILDNETS,
            *VISNETS,
            _deep_ranking(),
            _cardigan(),
            *_small_forms(),
        )
    }
)
"""Networks by name, in the order in which they are listed."""


def network_named(name: str) -> Published:
    """Look up a network.

    Raises:
        BadUsage: The name is unknown; the message lists those there are.
    """
    if name not in NETWORKS:
        raise BadUsage(f"There is no network {name!r}.", f"Use {', '.join(NETWORKS)}.")
    return NETWORKS[name]
