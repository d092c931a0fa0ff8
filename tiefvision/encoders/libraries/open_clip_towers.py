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
    preprocessing = open_clip_preprocessing(name)
    encoder = f"{OPEN_CLIP}:{name}"
    build = partial(build_network, inner) if inner else partial(_own_tower, name)
    prefix = TRUNK if inner else ""
    return Tower(encoder, build, preprocessing, prefix, _is_beside)


def _is_beside(part: str) -> bool:
    """Whether a name in a checkpoint is not of the feature map's network."""
    return not part.startswith(IMAGE) or part.startswith(HEADS)


HEADS = (
    *(f"{TRUNK}{head}" for head in ("attn_pool.", "head.", "fc_norm.", "norm.")),
    *(f"{IMAGE}{head}" for head in ("head.", "proj", "attn_pool", "ln_post.")),
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
        visual: open_clip's transformer, which loses what pools and projects its cells.
    """

    def __init__(self, visual: Any) -> None:
        super().__init__()
        if visual.attn_pool is not None or visual.final_ln_after_pool:
            visual.ln_post = nn.Identity()  # it normalises an embedding, not cells
        visual.proj = visual.attn_pool = visual.attn_pool_contrastive = None
        self.visual: Any = visual  # its weights have the names of a checkpoint

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

        visual, (count, _, *size) = self.visual, x.shape
        cells = [side // visual.patch_size[0] for side in size]
        patches = visual.conv1(x).flatten(2).transpose(1, 2)  # (B, h' * w', C)
        first = visual.class_embedding.expand(count, 1, -1)
        places = resample_abs_pos_embed(
            visual.positional_embedding[None], cells, num_prefix_tokens=1
        )
        tokens = visual.ln_pre(torch.cat([first, patches], dim=1) + places)
        _, layers = visual.transformer.forward_intermediates(
            tokens, indices=indices, stop_early=stop_early
        )
        maps = (visual.ln_post(layer) if norm else layer for layer in layers)
        # (B, 1 + h' * w', C) -> (B, C, h', w')
        return [one[:, 1:].transpose(1, 2).unflatten(2, cells) for one in maps]

    def prune_intermediate_layers(
        self, indices: Sequence[int], prune_norm: bool = False, prune_head: bool = True
    ) -> None:
        """Drop the layers behind the last of some intermediate maps."""
        self.visual.transformer.prune_intermediate_layers(list(indices))


def _own_tower(name: str) -> nn.Module:
    """The image tower of a model that is open_clip's own transformer."""
    from open_clip.transformer import VisionTransformer

    visual = build_model(name).visual
    if not isinstance(visual, VisionTransformer):
        raise BadUsage(
            f"{OPEN_CLIP}:{name} has an image tower of another kind: "
            f"{type(visual).__name__}.",
            "Use a model with a vision transformer, such as ViT-B-16.",
        )
    return ClipTrunk(visual)


def open_clip_preprocessing(name: str) -> Preprocessing:
    """Mean and deviation of a model's published weights, or of its trunk, or CLIP's."""
    import open_clip

    inner = model_settings(name)["vision_cfg"].get("timm_model_name")
    for tag in open_clip.list_pretrained_tags_by_model(name):
        known = open_clip.get_pretrained_cfg(name, tag)
        if known.get("mean") and known.get("std"):
            return described(known["mean"], known["std"])
    if inner:
        return timm_preprocessing(inner)
    return described(open_clip.OPENAI_DATASET_MEAN, open_clip.OPENAI_DATASET_STD)
