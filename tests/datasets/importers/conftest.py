"""Drawn photographs in the layouts in which datasets are published."""

import numpy as np
import pytest
from PIL import Image

from tiefvision.datasets.check import check_dataset
from tiefvision.datasets.layout import read_dataset


@pytest.fixture
def draw():
    """Draws a photograph: noise that the seed decides, so that none are alike."""

    def save(path, seed, width=40, height=60):
        path.parent.mkdir(parents=True, exist_ok=True)
        noise = np.random.default_rng(seed).integers(0, 256, (height, width, 3))
        Image.fromarray(noise.astype(np.uint8)).save(path)

    return save


@pytest.fixture
def check():
    """Reads an import and checks that stages can use it, without a leak."""

    def read(root):
        report = check_dataset(root)
        assert report.usable
        assert (report.leaks, report.missing, report.problems) == ((), (), ())
        return {photo.path: photo for photo in read_dataset(root).photos}

    return read
