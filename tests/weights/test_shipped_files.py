"""The files that ship with the package, as they are."""

import numpy as np
import pytest
import torch

from tiefvision import weights as package_weights
from tiefvision.encoders.architectures import architecture_named
from tiefvision.encoders.dense import make_encoder
from tiefvision.encoders.weights_files import read_weights_file
from tiefvision.engines.choice import Backend, OpenVinoEngine
from tiefvision.engines.torch import TorchEngine
from tiefvision.locating.heads_file import HEADS_FILE
from tiefvision.models.bundle import shipped_bundle
from tiefvision.models.listing import shipped_files
from tiefvision.photos.reading import read_photo

MOST_MIB = 25

LEAST_COSINE = 0.999
"""Of every cell, to float32."""

TORCH = TorchEngine(torch.device("cpu"))
"""It rounds to bfloat16 on any processor, where OpenVINO would compute in float32."""


def test_the_files_are_small():
    sizes = [
        path.stat().st_size
        for path in package_weights.FOLDER.iterdir()
        if path.is_file()
    ]
    assert sum(sizes) < MOST_MIB * 2**20


def test_the_models_load():
    bundle, engine = shipped_bundle(), Backend("cpu").inference
    locator = bundle.locator(engine)
    assert locator.heads.categories
    assert bundle.trained == ("deeprank",)
    assert bundle.trained_ranker("deeprank")
    bundle.encoder(engine)
    bundle.crop_rules()


def test_every_file_is_in_the_model_card():
    card = (package_weights.FOLDER / "MODEL_CARD.md").read_text(encoding="utf-8")
    files = [read_weights_file(file.path) for file in shipped_files()]
    assert HEADS_FILE in {file.path.name for file in files}
    for file in files:
        assert file.path.name in card
        assert file.name in card
        for array in file.arrays.values():
            assert array.dtype in (np.float16, np.int64)


def test_nothing_but_weights_and_their_card_ships():
    kinds = {path.suffix for path in package_weights.FOLDER.iterdir() if path.is_file()}
    assert kinds == {".py", ".safetensors", ".md"}


ENCODERS = [file for file in shipped_files() if "architecture" in file.facts]

BEARERS = [
    file
    for file in ENCODERS
    if architecture_named(file.facts["architecture"]).bears_bfloat16
]
"""Encoders that may run in bfloat16 where it is faster."""


@pytest.fixture(scope="module")
def photo(dataset):
    return read_photo(next((dataset / "images").rglob("*.jpg")), max_side=320)


def encode(file, photo, engine, precision="float32"):
    name, path = file.facts["architecture"], str(file.path)
    return make_encoder(name, path, engine=engine, precision=precision).encode(photo)


def lowest_cosine(one, other):
    """Of all cells, of which none is zero."""
    lengths = np.linalg.norm(one, axis=0) * np.linalg.norm(other, axis=0)
    return ((one * other).sum(0) / lengths).min()


@pytest.mark.parametrize("file", ENCODERS, ids=lambda file: file.path.name)
def test_engines_agree_on_every_cell(file, photo):
    cells = (encode(file, photo, engine) for engine in (OpenVinoEngine(), TORCH))
    assert lowest_cosine(*cells) >= 1 - 1e-5


@pytest.mark.parametrize("file", BEARERS, ids=lambda file: file.path.name)
def test_bfloat16_keeps_the_direction_of_every_cell(file, photo):
    exact, fast = (
        encode(file, photo, TORCH, precision) for precision in ("float32", "bfloat16")
    )
    assert LEAST_COSINE <= lowest_cosine(exact, fast) < 1 - 1e-7
