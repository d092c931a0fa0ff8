"""Image towers of open_clip's checkpoints as encoders.

A tower is a network of timm, as in SigLIP, or open_clip's own vision transformer, whose
position embeddings are resized here. Source: https://github.com/mlfoundations/open_clip
"""

import logging
from collections.abc import Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from tiefvision.encoders.libraries.names import (
    OPEN_CLIP,
    import_library,
    unknown_name,
)
from tiefvision.encoders.libraries.timm_networks import (
    build_network,
    described,
    timm_preprocessing,
)
from tiefvision.encoders.libraries.towers import Tower
from tiefvision.encoders.preprocessing import Preprocessing
from tiefvision.errors import BadUsage

IMAGE = "visual."
"""Prefix of the image tower's names in a checkpoint."""

TRUNK = f"{IMAGE}trunk."
"""Prefix of the names of an image tower that is a network of timm."""


def open_clip_tower(name: str) -> Tower:
    """The image tower of a name of open_clip, such as "ViT-B-16-SigLIP".

    Raises:
        BadUsage: open_clip is not installed, does not know the name, or the image tower
            is of another kind.
    """
    settings = model_settings(name)
    inner = settings["vision_cfg"].get("timm_model_name")
    preprocessing = _preprocessing(name, inner)
    encoder = f"{OPEN_CLIP}:{name}"
    if inner:
        return Tower(
            encoder,
            partial(build_network, inner),
            preprocessing,
            TRUNK,
            # The head that pools cells is not needed, nor is anything beside the trunk.
            lambda part: not part.startswith(TRUNK) or part.startswith(_HEADS),
        )
    return Tower(
        encoder,
        partial(_own_tower, name),
        preprocessing,
        IMAGE,
        lambda part: not part.startswith(IMAGE) or part.startswith(_HEADS),
    )


_HEADS = (
    *(f"{TRUNK}{head}" for head in ("attn_pool.", "head.", "fc_norm.", "norm.")),
    *(f"{IMAGE}{head}" for head in ("proj", "attn_pool.", "attn_pool_contrastive.")),
)
"""Starts of the names of what turns a feature map into an embedding."""


def model_settings(name: str) -> dict[str, Any]:
    """The settings that open_clip keeps of a model.

    Raises:
        BadUsage: open_clip is not installed, or does not know the name.
    """
    open_clip = import_library(OPEN_CLIP, f"{OPEN_CLIP}:{name}")
    if name not in open_clip.list_models():
        raise unknown_name(OPEN_CLIP, name, open_clip.list_models())
    settings: dict[str, Any] = open_clip.get_model_config(name)
    return settings


def build_model(name: str) -> nn.Module:
    """Build image and text tower of a model, with random weights.

    Raises:
        BadUsage: The text tower is a network of transformers, which is not installed.
    """
    import open_clip

    logging.getLogger().addFilter(_without_warning)
    try:
        model = open_clip.create_model(
            name, load_weights=False, pretrained_text=False, device=_device()
        )
    except (ImportError, RuntimeError) as error:
        raise BadUsage(
            f"{OPEN_CLIP}:{name} cannot be built: {str(error).rstrip('.')}.",
            "Use another of its models, such as ViT-B-16 or ViT-B-16-SigLIP.",
        ) from error
    finally:
        logging.getLogger().removeFilter(_without_warning)
    assert isinstance(model, nn.Module)
    return model


def _without_warning(record: logging.LogRecord) -> bool:
    """Whether a record is no warning that a model has random weights, as asked for."""
    return "Model initialized randomly" not in record.getMessage()


def _device() -> torch.device:
    """The device on which tensors are made now: that of a ``with torch.device``."""
    return torch.empty(0).device


class ClipTrunk(nn.Module):
    """open_clip's vision transformer, with the methods of ``Trunk``.

    Args:
        visual: open_clip's transformer; its weights keep their names.
    """

    def __init__(self, visual: nn.Module) -> None:
        super().__init__()
        for name, child in visual.named_children():
            if name not in ("attn_pool", "attn_pool_contrastive"):
                self.add_module(name, child)
        for name in ("class_embedding", "positional_embedding"):
            self.register_parameter(name, visual.get_parameter(name))
        self._side: int = visual.patch_size[0]  # type: ignore[index]

    def forward_intermediates(
        self,
        x: Tensor,
        indices: Sequence[int] | None = None,
        norm: bool = False,
        stop_early: bool = False,
        output_fmt: str = "NCHW",
        intermediates_only: bool = False,
    ) -> list[Tensor]:
        """The intermediate maps of (B, 3, h, w); see ``Trunk``."""
        from timm.layers import resample_abs_pos_embed

        count, _, height, width = x.shape
        cells = height // self._side, width // self._side
        patches = self.conv1(x).flatten(2).transpose(1, 2)  # (B, h' * w', C)
        first = self.class_embedding.expand(count, 1, -1)
        places = resample_abs_pos_embed(
            self.positional_embedding[None], list(cells), num_prefix_tokens=1
        )
        tokens = self.ln_pre(torch.cat([first, patches], dim=1) + places)
        _, layers = self.transformer.forward_intermediates(
            tokens, indices=indices, stop_early=stop_early
        )
        maps = (self.ln_post(layer) if norm else layer for layer in layers)
        # (B, 1 + h' * w', C) -> (B, C, h', w')
        return [one[:, 1:].transpose(1, 2).unflatten(2, cells) for one in maps]

    def prune_intermediate_layers(
        self, indices: Sequence[int], prune_norm: bool = False, prune_head: bool = True
    ) -> None:
        """Drop the layers behind the last of some intermediate maps."""
        self.transformer.prune_intermediate_layers(list(indices))


def _own_tower(name: str) -> nn.Module:
    """The image tower of a model that is open_clip's own transformer."""
    import open_clip
    from open_clip.transformer import VisionTransformer

    visual = build_model(name).visual
    if not isinstance(visual, VisionTransformer):
        raise BadUsage(
            f"{OPEN_CLIP}:{name} has an image tower of another kind: "
            f"{type(visual).__name__}.",
            "Use a model with a vision transformer, such as ViT-B-16.",
        )
    if getattr(visual, "final_ln_after_pool", False) or isinstance(
        visual.attn_pool, open_clip.transformer.AttentionalPooler
    ):
        visual.ln_post = nn.Identity()  # it normalises an embedding, not cells
    return ClipTrunk(visual)


def _preprocessing(name: str, inner: str | None) -> Preprocessing:
    """Mean and deviation of a model's published weights, or of its trunk, or CLIP's."""
    import open_clip

    for tag in open_clip.list_pretrained_tags_by_model(name):
        known = open_clip.get_pretrained_cfg(name, tag)
        if known.get("mean") and known.get("std"):
            return described(known["mean"], known["std"])
    if inner:
        return timm_preprocessing(inner)
    return described(open_clip.OPENAI_DATASET_MEAN, open_clip.OPENAI_DATASET_STD)
