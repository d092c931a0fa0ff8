"""Pixels of crops as the images that networks read."""

import torch
from torch import Tensor
from torch.nn import functional


def to_images(pixels: Tensor, side: int, device: torch.device) -> Tensor:
    """Crops as images of another side.

    Args:
        pixels: (B, S, S, 3) uint8 RGB, on any device.
        side: side of the images in pixels; they are resized bilinearly if S is another
            one.
        device: device of the images.

    Returns:
        (B, 3, side, side) float32 RGB in [0, 1]; in memory the channels come last.
    """
    images = pixels.to(device).permute(0, 3, 1, 2).float() / 255
    if images.shape[2:] != (side, side):
        images = functional.interpolate(
            images, (side, side), mode="bilinear", antialias=True
        )
    return images.contiguous(memory_format=torch.channels_last)
