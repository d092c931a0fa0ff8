"""Networks of timm as encoders.

A vision transformer resizes its position embeddings to the photograph
(``dynamic_img_size``). Source: https://github.com/huggingface/pytorch-image-models
"""

from functools import cache, partial
from typing import Any

import torch
from torch import nn

from tiefvision.encoders.libraries.names import TIMM, import_library, unknown_name
from tiefvision.encoders.libraries.towers import Tower
from tiefvision.encoders.preprocessing import IMAGENET, Preprocessing


def timm_tower(name: str) -> Tower:
    """The network of a name of timm.

    Args:
        name: timm's name, such as "resnet50"; a tag behind a dot, as in
            "resnet50.a1_in1k", chooses what a hub gives, and its mean and deviation.

    Raises:
        BadUsage: timm is not installed, or does not know the name.
    """
    encoder = f"{TIMM}:{name}"
    timm = import_library(TIMM, encoder)
    plain = name.partition(".")[0]
    if not timm.is_model(plain):
        raise unknown_name(TIMM, name, timm.list_models())
    if name != plain and name not in timm.list_pretrained():
        tagged = timm.list_pretrained(f"{plain}.*")
        raise unknown_name(TIMM, name, tagged or timm.list_models())
    return Tower(
        encoder,
        partial(build_network, name),
        timm_preprocessing(name),
        "",
        lambda part: part in _all_names(name),
    )


def build_network(name: str, classes: int = 0, pretrained: bool = False) -> nn.Module:
    """Build a network of timm for photographs of any size.

    Args:
        name: timm's name.
        classes: number of classes of its classifier; 0 for none.
        pretrained: whether timm's hub gives the weights.
    """
    import timm

    options: dict[str, Any] = {"num_classes": classes, "pretrained": pretrained}
    try:
        network = timm.create_model(name, dynamic_img_size=True, **options)
    except TypeError:  # convolutional networks have no such option
        network = timm.create_model(name, **options)
    assert isinstance(network, nn.Module)
    return network


def timm_preprocessing(name: str) -> Preprocessing:
    """Mean and deviation that timm prescribes for a network."""
    import timm

    settings = timm.get_pretrained_cfg(name)
    return described(settings.mean, settings.std) if settings else IMAGENET


def described(mean: tuple[float, ...], deviation: tuple[float, ...]) -> Preprocessing:
    """The preprocessing by mean and deviation in [0, 1]; its name tells both."""
    red, green, blue = (255 * float(level) for level in mean)
    spread = tuple(255 * float(level) for level in deviation)
    means, deviations = (
        ", ".join(f"{level:.6g}" for level in levels) for levels in (mean, deviation)
    )
    return Preprocessing(
        f"RGB / 255, mean {means}, std {deviations}, zero border",
        (red, green, blue),
        (spread[0], spread[1], spread[2]),
    )


@cache
def _all_names(name: str) -> frozenset[str]:
    """Names of all weights of a network with a classifier."""
    with torch.device("meta"):
        return frozenset(build_network(name, classes=1).state_dict())
