"""The read-out "garment": the share of garment in a cell, learnt from masks.

A ranker that knows which cells show a garment is not led astray by the street behind
it. The read-out is a logistic regression over single cells of unit length; the
attention of DeepRank starts from it.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch.nn import functional

from tiefvision.datasets.files import label_names, mask_file, photo_file
from tiefvision.datasets.layout import read_dataset
from tiefvision.encoders.dense import DenseEncoder
from tiefvision.encoders.weights import Readout
from tiefvision.errors import BadDataset, UnreadablePhoto
from tiefvision.groups import GROUPS, OUTFIT, group_of
from tiefvision.locating.targets import garments_to_find
from tiefvision.photos.reading import read_mask, read_photo
from tiefvision.progress import Track
from tiefvision.ranking.crops import SQUARE, crop_garment, widen_box
from tiefvision.records import Box, Photo

MOST_CELLS = 150_000
"""Most cells to learn from, drawn at random: 200 MB for 320 channels."""

MOVE = 0.25
"""Largest move of each side of a jittered crop, in sides of the outfit."""

PENALTY = 1e-4
"""Weight of the squared weights in the loss, in nats."""

STEPS = 150
"""Most steps of L-BFGS."""


def learn_garment_cells(
    root: Path, encoder: DenseEncoder, track: Track, seed: int = 0
) -> tuple[Readout, int]:
    """Learn the read-out from the training photographs of a dataset with masks.

    Args:
        root: folder of a dataset in the project's layout, with masks.
        encoder: encoder of garments.
        track: shows progress.
        seed: seed of the crops, and of the choice of cells.

    Returns:
        The read-out, with one output: the log-odds of garment; and the number of
        photographs that it was learnt from.

    Raises:
        BadDataset: No training photograph has a mask with the name of a garment.
    """
    names = label_names(root)
    garment = np.array([group_of(name) in GROUPS for name in names], dtype=np.bool_)
    dataset = read_dataset(root)
    training = [photo for photo in dataset.photos if photo.split == "train"]
    generator = np.random.default_rng(seed)
    cells, shares, used = [], [], 0
    for photo in track(training, "reading masks", len(training)):
        file = mask_file(root, photo.path)
        outfits = garments_to_find(photo, [OUTFIT])
        if not (garment.any() and outfits and file.is_file()):
            continue
        try:
            pixels, labels = (
                read_photo(photo_file(dataset.images, photo.path)),
                read_mask(file),
            )
        except UnreadablePhoto:
            continue
        used += 1
        known = garment[np.minimum(labels, len(names) - 1)] & (labels < len(names))
        for crop, share in _crops(
            photo, pixels, labels > 0, known, outfits[0].box_in_image, generator
        ):
            map_ = encoder.encode(crop)
            cells.append(map_.reshape(len(map_), -1).T)
            shares.append(_shares(share, map_.shape[1:]))
    if not used:
        raise BadDataset(
            f"No training photograph in {root} has a mask of a garment.",
            "Name the folder that tiefvision data import ccp wrote.",
        )
    return _fit(np.concatenate(cells), np.concatenate(shares), generator), used


def _crops(
    photo: Photo,
    pixels: NDArray[np.uint8],
    foreground: NDArray[np.bool_],
    garment: NDArray[np.bool_],
    box: Box,
    generator: np.random.Generator,
) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.uint8]]]:
    """Three crops of a photograph, each with its garment as (224, 224, 3) of 0 or 255.

    The outfit, the whole photograph, and the outfit jittered before a plain ground.
    """
    height, width = pixels.shape[:2]
    mask = np.repeat(garment[:, :, None], 3, axis=2).astype(np.uint8) * 255
    sides = np.array([box[2] - box[0], box[3] - box[1]])
    moved = np.asarray(box) + generator.uniform(-MOVE, MOVE, 4) * np.tile(sides, 2)
    low, high = np.clip(moved[:2], 0, None), np.minimum(moved[2:], [width, height])
    jittered = float(low[0]), float(low[1]), float(high[0]), float(high[1])
    before_plain = pixels.copy()
    before_plain[~foreground] = generator.integers(0, 256, 3)
    for source, place in (
        (pixels, widen_box(box, width, height, SQUARE)),
        (pixels, None),
        (before_plain, jittered),
    ):
        yield crop_garment(source, place), crop_garment(mask, place)


def _shares(mask: NDArray[np.uint8], grid: tuple[int, ...]) -> NDArray[np.float32]:
    """The share of garment in each cell of a grid, row by row, in [0, 1]."""
    image = Image.fromarray(mask[:, :, 0])
    cells = image.resize((grid[1], grid[0]), Image.Resampling.BOX)
    return np.asarray(cells, dtype=np.float32).ravel() / np.float32(255)


def _fit(
    cells: NDArray[np.float32],
    shares: NDArray[np.float32],
    generator: np.random.Generator,
) -> Readout:
    """Logistic regression of the shares, (N,), on cells of unit length, (N, C)."""
    if len(cells) > MOST_CELLS:
        chosen = generator.choice(len(cells), MOST_CELLS, replace=False)
        cells, shares = cells[chosen], shares[chosen]
    unit = functional.normalize(torch.from_numpy(cells), dim=1)
    wanted = torch.from_numpy(shares)
    weight = torch.zeros(unit.shape[1], requires_grad=True)
    bias = torch.zeros((), requires_grad=True)
    optimiser = torch.optim.LBFGS([weight, bias], max_iter=STEPS)

    def loss() -> torch.Tensor:
        optimiser.zero_grad()
        odds = unit @ weight + bias
        value = functional.binary_cross_entropy_with_logits(odds, wanted)
        value = value + PENALTY * (weight**2).mean()
        value.backward()  # type: ignore[no-untyped-call]
        return value

    optimiser.step(loss)  # type: ignore[no-untyped-call]
    return Readout(weight.detach().numpy()[None], bias.detach().numpy()[None])
