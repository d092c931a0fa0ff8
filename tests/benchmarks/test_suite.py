"""The whole benchmark suite on tiny loads: its counts and rows, not its times."""

import json
from dataclasses import replace

import pytest
import torch
from PIL import Image

from tiefvision.benchmarks import limits
from tiefvision.benchmarks.deeprank_training import TrainingLoad, training
from tiefvision.benchmarks.embedding import box_within
from tiefvision.benchmarks.measured import tables
from tiefvision.benchmarks.street import write_street_photos
from tiefvision.benchmarks.suite import engines_of, load_subject, suite
from tiefvision.benchmarks.timing import Repetition
from tiefvision.encoders.architectures import architecture_named
from tiefvision.engines.choice import Backend
from tiefvision.locating.pyramid import Pyramid
from tiefvision.machine import this_machine
from tiefvision.models.bundle import shipped_bundle
from tiefvision.workspace.artifacts import Workspace

CPU = torch.device("cpu")
ONCE = Repetition(seconds=0.0, least=1, most=1, rest=0.0)
BACKEND = Backend("cpu")
TRAINED = TrainingLoad(4, 4, 6, 8, photos=5, triplets=3, batches=2)


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    """The rows of the suite for the models that ship, over a smaller pyramid."""
    workspace = Workspace(tmp_path_factory.mktemp("bench"))
    loaded = load_subject(shipped_bundle(), workspace, BACKEND)
    subject = replace(loaded, locator=replace(loaded.locator, pyramid=Pyramid((128,))))
    chosen = [architecture_named("squeezenet1_1")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(limits, "PRODUCT_SIDE", {"cpu": 16})
        patch.setattr(limits, "CHANNELS", 8)
        patch.setattr(limits, "COPIED_BYTES", 2**20)
        patch.setattr("tiefvision.benchmarks.suite.PHOTOS", 1)
        patch.setattr(
            "tiefvision.benchmarks.suite.training",
            lambda network, device, repetition: training(
                network, device, repetition, TRAINED
            ),
        )
        sections = suite(chosen, subject, BACKEND, ONCE, [(256, 224)])
        return [row for section in sections for row in section()]


def test_every_row_has_a_time_and_can_be_read_from_json(rows):
    for row in rows:
        assert row.seconds > 0
        assert row.rate is None or row.rate > 0
        assert row.share is None or row.share > 0
        assert json.loads(json.dumps(row.to_dict()))["work"] == row.work


def test_the_tables_and_their_rows(rows):
    shown = {table.heading: [row[0] for row in table.rows] for table in tables(rows)}
    assert list(shown) == [
        "limits of the machine",
        "encoding, squeezenet1_1, px",
        "locating in 550 x 825 px",
        "embedding a crop, deeprank",
        "stage 2, 1 JPEGs of 550 x 825 px",
        "training DeepRank (cells), batches of 3 triplets",
        "training DeepRank (colour), batches of 3 triplets",
    ]
    assert shown["locating in 550 x 825 px"] == [
        "decode",
        "resize",
        "encode",
        "heads",
        "votes",
        "all of it",
    ]
    assert shown["embedding a crop, deeprank"] == [
        "crop",
        "describe",
        "embed",
        "all of it",
    ]


def test_what_has_a_goal(rows):
    goals = {row.work: row.goal.text for row in rows if row.goal}
    assert goals == {
        "locating in 550 x 825 px: all of it": "60 ms",
        "embedding a crop, deeprank: all of it": "15 ms",
    }


def test_notes_name_the_models_and_the_windows_that_vote(rows):
    notes = {row.step: row.note for row in rows if row.heading.startswith("locating")}
    assert notes["heads"].endswith("windows have a vote")
    assert notes["all of it"].startswith("the models that ship")


def test_a_processor_runs_both_engines_the_default_one_first():
    assert list(engines_of(Backend("cpu"))) == ["openvino", "torch"]
    assert list(engines_of(Backend("cpu", "torch"))) == ["torch"]
    assert list(engines_of(Backend("cpu", "openvino"))) == ["openvino"]


def test_without_openvino_torch_is_measured(monkeypatch):
    monkeypatch.setattr("tiefvision.benchmarks.suite.has_openvino", lambda: False)
    assert list(engines_of(Backend("cpu"))) == ["torch"]


def test_the_box_that_is_embedded():
    assert box_within(400, 200) == (100, 20, 300, 180)


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
