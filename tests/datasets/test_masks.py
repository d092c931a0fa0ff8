import numpy as np
import pytest
from PIL import Image

from tiefvision.datasets.masks import read_foreground


@pytest.fixture
def root(tmp_path):
    """A mask of labels: none in the left half, 3 and 200 in the right one."""
    labels = np.zeros((20, 40), dtype=np.uint8)
    labels[:10, 20:], labels[10:, 20:] = 3, 200
    path = tmp_path / "masks" / "shop" / "a.png"
    path.parent.mkdir(parents=True)
    Image.fromarray(labels).save(path)
    return tmp_path


def test_every_label_stands_before_the_ground(root):
    shape = np.asarray(read_foreground(root, "shop/a.jpg", (40, 20)))
    assert (shape[:, :20] == 0).all()
    assert (shape[:, 20:] == 255).all()


def test_it_takes_the_size_of_the_photograph(root):
    shape = read_foreground(root, "shop/a.jpg", (80, 60))
    assert shape.size == (80, 60)
    pixels = np.asarray(shape)
    assert (pixels[:, :36] == 0).all() and (pixels[:, 44:] == 255).all()


def test_without_a_mask_there_is_no_shape(root):
    assert read_foreground(root, "shop/b.jpg", (40, 20)) is None
