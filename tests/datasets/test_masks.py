import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from tiefvision.datasets.masks import read_foreground


@pytest.fixture
def root(tmp_path):
    """A dataset with a mask: background on the left, labels 3 and 200 on the right."""
    labels = np.zeros((20, 40), dtype=np.uint8)
    labels[:10, 20:], labels[10:, 20:] = 3, 200
    path = tmp_path / "masks" / "shop" / "a.png"
    path.parent.mkdir(parents=True)
    Image.fromarray(labels).save(path)
    return tmp_path


def test_every_label_is_foreground(root):
    shape = np.asarray(read_foreground(root, "shop/a.jpg", (40, 20)))
    assert (shape[:, :20] == 0).all()
    assert (shape[:, 20:] == 255).all()


def test_the_foreground_has_the_size_asked_for(root):
    shape = read_foreground(root, "shop/a.jpg", (80, 60))
    assert shape.size == (80, 60)
    pixels = np.asarray(shape)
    assert (pixels[:, :36] == 0).all() and (pixels[:, 44:] == 255).all()


def test_without_a_mask_there_is_no_foreground(root):
    assert read_foreground(root, "shop/b.jpg", (40, 20)) is None


@pytest.mark.parametrize("content", [b"", b"nothing", "cut"])
def test_a_damaged_mask_is_named_and_left_out(root, content, caplog):
    file = root / "masks" / "shop" / "a.png"
    file.write_bytes(file.read_bytes()[:60] if content == "cut" else content)
    assert read_foreground(root, "shop/a.jpg", (40, 20)) is None
    assert str(file) in caplog.text


def test_a_mask_of_a_size_that_no_photograph_has_is_left_out(root, caplog):
    Image.new("1", (20_000, 20_000)).save(root / "masks" / "shop" / "a.png")
    assert read_foreground(root, "shop/a.jpg", (40, 20)) is None
    assert "20000 x 20000 pixels" in caplog.text


def test_of_a_mask_with_a_large_text_only_the_text_is_refused(root):
    file = root / "masks" / "shop" / "a.png"
    expected = read_foreground(root, "shop/a.jpg", (40, 20))
    text = PngImagePlugin.PngInfo()
    text.add_text("made with", "x" * (3 << 20), zip=True)
    with Image.open(file) as mask:
        mask.load()
    mask.save(file, pnginfo=text)
    found = read_foreground(root, "shop/a.jpg", (40, 20))
    assert found.tobytes() == expected.tobytes()
