"""The files that ship with the package, as they are."""

import pytest
import torch
from torch.nn import functional

from tiefvision import weights as package_weights
from tiefvision.encoders.dense import make_encoder
from tiefvision.encoders.weights_files import read_weights_file
from tiefvision.locating.heads_file import HEADS_FILE
from tiefvision.models.bundle import shipped_bundle
from tiefvision.models.listing import shipped_files
from tiefvision.photos.reading import read_photo

MOST_MIB = 25

LEAST_COSINE = 0.999
"""Of every cell, to float32."""


def test_the_files_are_small():
    sizes = [
        path.stat().st_size
        for path in package_weights.FOLDER.iterdir()
        if path.is_file()
    ]
    assert sum(sizes) < MOST_MIB * 2**20


def test_the_models_load():
    bundle = shipped_bundle()
    locator = bundle.locator(torch.device("cpu"))
    assert locator.heads.categories
    assert bundle.trained == ("deeprank",)
    assert bundle.trained_ranker("deeprank")
    bundle.encoder(torch.device("cpu"))
    bundle.crop_rules()


def test_every_file_is_in_the_model_card():
    card = (package_weights.FOLDER / "MODEL_CARD.md").read_text(encoding="utf-8")
    files = [read_weights_file(file.path) for file in shipped_files()]
    assert HEADS_FILE in {file.path.name for file in files}
    for file in files:
        assert file.path.name in card
        assert file.name in card
        for tensor in file.tensors.values():
            assert tensor.dtype in (torch.float16, torch.int64)


def test_nothing_but_weights_and_their_card_ships():
    kinds = {path.suffix for path in package_weights.FOLDER.iterdir() if path.is_file()}
    assert kinds == {".py", ".safetensors", ".md"}


@pytest.mark.parametrize("file", shipped_files(), ids=lambda file: file.path.name)
def test_bfloat16_keeps_the_direction_of_every_cell(file, dataset):
    if "architecture" not in file.facts:
        pytest.skip("heads have no cells")
    photo = read_photo(next((dataset / "images").rglob("*.jpg")), max_side=320)
    exact, fast = (
        make_encoder(file.facts["architecture"], str(file.path), precision=precision)
        for precision in ("float32", "bfloat16")
    )
    cosines = functional.cosine_similarity(
        exact.encode(photo), fast.encode(photo), dim=0
    )
    assert cosines.min() >= LEAST_COSINE
