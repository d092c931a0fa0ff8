import shutil

import numpy as np
import pytest
from PIL import Image

from tiefvision.datasets.files import mask_file, write_label_names
from tiefvision.datasets.layout import read_dataset
from tiefvision.encoders.dense import make_encoder
from tiefvision.errors import BadDataset
from tiefvision.progress import untracked
from tiefvision.tuning.garment_cells import learn_garment_cells

NAMES = ("null", "skin", "dress")


@pytest.fixture
def labelled(dataset, tmp_path):
    """The dataset, each photograph painted over: a red dress on a grey street."""
    root = tmp_path / "labelled"
    shutil.copytree(dataset, root)
    write_label_names(root, NAMES)
    generator = np.random.default_rng(0)
    for photo in read_dataset(root).photos:
        x0, y0, x1, y1 = map(int, photo.garments[0].box_in_image)
        pixels = generator.integers(90, 140, (photo.height, photo.width, 3), np.uint8)
        pixels[y0:y1, x0:x1, 0] = 230
        Image.fromarray(pixels).save(root / "images" / photo.path)
        mask = np.zeros(pixels.shape[:2], dtype=np.uint8)
        mask[y0:y1, x0:x1] = 2
        file = mask_file(root, photo.path)
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(mask).save(file)
    return root


def test_cells_of_a_garment_are_told_from_the_street(labelled):
    encoder = make_encoder("alexnet", "random")
    readout, used = learn_garment_cells(labelled, encoder, untracked)
    assert readout.weight.shape == (1, encoder.architecture.channels)
    training = [p for p in read_dataset(labelled).photos if p.split == "train"]
    assert used == len(training)
    crop = np.full((224, 224, 3), 115, dtype=np.uint8)
    crop += np.random.default_rng(1).integers(0, 20, crop.shape, np.uint8)
    crop[:, 112:, 0] = 230
    cells = encoder.encode(crop)
    odds = np.einsum(
        "c,chw->hw", readout.weight[0], cells / np.linalg.norm(cells, axis=0)
    )
    street, dress = odds[:, :4] + readout.bias, odds[:, -4:] + readout.bias
    assert street.mean() < -0.5 < 0.5 < dress.mean()


def test_without_masks_of_garments_nothing_can_be_learnt(labelled, dataset):
    encoder = make_encoder("alexnet", "random")
    with pytest.raises(BadDataset, match="mask of a garment"):
        learn_garment_cells(dataset, encoder, untracked)
    write_label_names(labelled, ("null", "skin", "bag"))
    with pytest.raises(BadDataset, match="mask of a garment"):
        learn_garment_cells(labelled, encoder, untracked)
