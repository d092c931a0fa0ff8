"""The whole benchmark suite on tiny loads: its counts and rows, not its times."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

from tiefvision.benchmarks import limits as limits_module
from tiefvision.benchmarks.deeprank_training import TrainingLoad, training
from tiefvision.benchmarks.encoding import Load, encoding, plain_encoder
from tiefvision.benchmarks.measured import COLUMNS, table_row
from tiefvision.benchmarks.street import write_street_photos
from tiefvision.benchmarks.suite import suite
from tiefvision.benchmarks.timing import Repetition
from tiefvision.encoders.architectures import architecture_named
from tiefvision.encoders.cost import floating_point_operations
from tiefvision.encoders.dense import make_encoder
from tiefvision.locating.findings import TellingRules
from tiefvision.locating.folded import fold_heads
from tiefvision.locating.heads import BoxRegressors, CropClassifier
from tiefvision.locating.locator import Locator
from tiefvision.locating.pyramid import Pyramid
from tiefvision.locating.votes import VotingRules
from tiefvision.machine import this_machine

CPU = torch.device("cpu")
ONCE = Repetition(seconds=0.0, least=1, most=1)
ARCHITECTURE = architecture_named("squeezenet1_1")
LOAD = Load(2, 256, 224)
TRAINED = TrainingLoad(4, 4, 6, 8, photos=5, triplets=3, batches=2)


@pytest.fixture(autouse=True)
def tiny_limits(monkeypatch):
    monkeypatch.setattr(limits_module, "PRODUCT_SIDE", {"cpu": 16})
    monkeypatch.setattr(limits_module, "COPIED_BYTES", 2**20)


@pytest.fixture(scope="module")
def locator():
    shape = ARCHITECTURE.channels, ARCHITECTURE.window
    return Locator(
        make_encoder(ARCHITECTURE.name, "random", precision="float32"),
        Pyramid((128,)),
        fold_heads(CropClassifier(*shape, ("outfit",)), BoxRegressors(*shape, 1)),
        VotingRules(threshold=0.0),
        TellingRules(),
    )


@pytest.fixture
def rows(locator, monkeypatch):
    monkeypatch.setattr("tiefvision.benchmarks.suite.PHOTOS", 1)
    monkeypatch.setattr(
        "tiefvision.benchmarks.suite.precisions", lambda device: ("float32",)
    )
    monkeypatch.setattr(
        "tiefvision.benchmarks.suite.training",
        lambda network, device, repetition: training(
            network, device, repetition, TRAINED
        ),
    )
    # The original heads have 380 MB of weights; a twentieth of them suffices here.
    original = "tiefvision.benchmarks.original_heads"
    monkeypatch.setattr(f"{original}.CLASSIFIER_UNITS", (51, 13, 2))
    monkeypatch.setattr(f"{original}.REGRESSOR_UNITS", (26, 7, 1))
    sections = suite([ARCHITECTURE], locator, "untrained", CPU, ONCE, [LOAD])
    return [row for section in sections for row in section()]


def test_every_row_has_a_cell_for_every_column(rows):
    assert len(rows) == 2 + 1 + 3 + 8 + 2 * 4
    for row in rows:
        assert len(table_row(row)) == len(COLUMNS)
        assert row.seconds > 0 and row.rate > 0
        assert list(json.loads(json.dumps(row.to_dict()))) == [
            "work",
            "dtype",
            "seconds",
            "rate",
            "unit",
            "share",
            "over_torchvision",
            "over_naive",
            "note",
        ]


def test_the_works_are_those_in_the_readme(rows):
    works = [row.work for row in rows]
    assert works[:3] == [
        "matrix product 16 x 16 x 16",
        "copying 1 MiB",
        "encoding 2 of 256 x 224 px, squeezenet1_1",
    ]
    steps = [work.split(": ")[1] for work in works if work.startswith("locating")]
    assert steps[:6] == ["decode", "resize", "encode", "heads", "votes", "all of it"]
    for row in rows:
        compared = row.work.startswith("encoding 2") or row.work.endswith(
            ("heads", "all of it")
        )
        assert (row.over_naive is not None) == compared
        assert row.share is None or row.share > 0
    assert rows[6 + 3].note.endswith("windows have a vote")
    assert rows[6 + 5].note == "untrained"


def test_rates_follow_from_operations_and_seconds():
    encoder = make_encoder(ARCHITECTURE.name, "random", precision="float32")
    (row,) = encoding([encoder], CPU, ONCE, [LOAD])
    operations = 2 * floating_point_operations(encoder, 224, 256)
    assert row.rate == pytest.approx(operations / row.seconds / 1e9)
    assert "6 crops" in row.note  # three crops in each of two photographs


def test_crops_are_counted_as_windows():
    assert Load(1, 224, 224).crops(16) == 1
    assert Load(1, 239, 240).crops(16) == 2
    assert Load(3, 352, 480).crops(16) == 3 * 9 * 17


def test_the_plain_encoder_computes_the_same_maps():
    encoder = make_encoder(ARCHITECTURE.name, "random", precision="float32")
    photo = np.random.default_rng(0).integers(0, 256, (96, 80, 3), dtype=np.uint8)
    torch.testing.assert_close(
        plain_encoder(ARCHITECTURE, CPU).encode(photo),
        encoder.encode(photo),
        rtol=1e-3,
        atol=1e-4,
    )


def test_street_photographs_have_realistic_file_sizes(tmp_path):
    files = write_street_photos(tmp_path, 2)
    for file in files:
        with Image.open(file) as image:
            assert (image.format, image.size) == ("JPEG", (550, 825))
        assert 40_000 < file.stat().st_size < 80_000
    assert files[0].read_bytes() != files[1].read_bytes()


def test_the_machine_is_described():
    machine = this_machine(CPU)
    assert machine.threads == torch.get_num_threads()
    assert machine.cores >= 1
    assert torch.__version__ in str(machine)
    assert json.loads(json.dumps(machine.to_dict()))["device"] == "cpu"
