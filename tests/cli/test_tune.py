import shutil

import numpy as np
import pytest
from PIL import Image

from tiefvision.cli.running import BAD_USAGE, DONE, SOME_UNREADABLE
from tiefvision.datasets.files import mask_file
from tiefvision.datasets.layout import read_dataset
from tiefvision.encoders.dense import make_encoder
from tiefvision.tuning.starting import read_heads

QUICK = ("--encoder", "alexnet", "--weights", "random", "--epochs", "1")


@pytest.fixture
def labelled(dataset, tmp_path):
    """The dataset with masks that separate garments from the background."""
    root = tmp_path / "labelled"
    shutil.copytree(dataset, root)
    for photo in read_dataset(root).photos:
        mask = np.zeros((photo.height, photo.width), dtype=np.uint8)
        mask[40:90] = 255
        file = mask_file(root, photo.path)
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(mask).save(file)
    return root


def test_the_output_and_the_next_command_are_named(tiefvision, dataset, tmp_path):
    output = tmp_path / "tuned.safetensors"
    result = tiefvision("tune", dataset, "--output", output, *QUICK)
    assert result.code == DONE
    assert f"--weights {output}" in result.err
    assert "outfit" in result.err
    encoder = make_encoder("alexnet", str(output))
    assert read_heads(output, encoder.identity)


def test_splits_and_categories_may_be_given(tiefvision, labelled, run, tmp_path):
    output = tmp_path / "tuned.safetensors"
    options = ("--split-of", run, "--categories", "outfit", "--json")
    result = tiefvision("tune", labelled, "--output", output, *QUICK, *options)
    assert result.code == DONE
    (line,) = result.lines
    assert line["categories"] == ["outfit"]
    assert line["labels"] == ["ground", "foreground", "others"]
    assert line["photos"] > 0
    assert line["encoder"] == str(output) and line["epoch"] == 1


def test_a_damaged_mask_is_told(tiefvision, labelled, tmp_path):
    photos = read_dataset(labelled).photos
    photo = next(photo for photo in photos if photo.split == "train")
    file = mask_file(labelled, photo.path)
    file.write_bytes(b"no picture")
    output = tmp_path / "tuned.safetensors"
    result = tiefvision("tune", labelled, "--output", output, *QUICK)
    assert result.code == SOME_UNREADABLE
    assert f"Skipped: Cannot read {file}" in result.err
    assert output.exists()


def test_a_category_that_is_not_there_is_refused(tiefvision, dataset, tmp_path):
    output = tmp_path / "tuned.safetensors"
    options = (*QUICK, "--categories", "spacesuit")
    result = tiefvision("tune", dataset, "--output", output, *options)
    assert result.code == BAD_USAGE
    assert "no category spacesuit" in result.err
    assert not output.exists()
