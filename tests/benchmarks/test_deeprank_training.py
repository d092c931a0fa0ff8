import numpy as np
import pytest
import torch

from tiefvision.benchmarks import limits
from tiefvision.benchmarks.deeprank_training import (
    TrainingLoad,
    computed_operations,
    draw_triplets,
    forward_operations,
    training,
    write_garments,
)
from tiefvision.benchmarks.timing import Repetition
from tiefvision.ranking.colours.histogram import lab_histogram
from tiefvision.store.artifact import Artifact
from tiefvision.triplets.garment_tensors import GarmentTensors
from tiefvision.triplets.networks import ColourRank, DeeperRank, DeepRank
from tiefvision.workspace.garments import garments_reader

CPU = torch.device("cpu")
ONCE = Repetition(seconds=0.0, least=1, most=1)
LOAD = TrainingLoad(
    channels=4,
    grid=4,
    colours=6,
    size=8,
    photos=5,
    alterations=1,
    triplets=3,
    batches=2,
)
GARMENTS = GarmentTensors(torch.rand(2, 4, 4, 4), torch.rand(2, 6))


@pytest.mark.parametrize("network", ["cells", "colour"])
def test_rows_of_a_step_and_of_epochs_from_memory_and_from_a_file(network, monkeypatch):
    monkeypatch.setattr(limits, "PRODUCT_SIDE", {"cpu": 16})
    step, computed, memory, stored = training(network, CPU, ONCE, LOAD)
    name = f"training DeepRank ({network}), batches of 3 triplets"
    works = [row.work for row in (step, computed, memory, stored)]
    assert works == [
        f"{name}: one step",
        f"{name}: one step, what is computed",
        f"{name}: 2 steps from memory",
        f"{name}: 2 steps from LMDB",
    ]
    views = int(step.note.split()[0])
    assert 4 <= views <= 9
    module = DeepRank(4) if network == "cells" else ColourRank(4, 6, 8)
    operations = 3 * views * forward_operations(module, 16)
    assert step.rate == pytest.approx(operations / step.seconds / 1e9)
    assert computed.seconds == step.seconds
    share = computed_operations(module, GARMENTS, 16) / operations * views
    assert computed.rate == pytest.approx(step.rate * share)
    assert computed.share == pytest.approx(step.share * share)
    assert memory.rate == pytest.approx(6 / memory.seconds)
    assert stored.share == pytest.approx(memory.seconds / stored.seconds)


def test_the_operations_of_a_triplet_are_those_in_the_readme():
    operations = 3 * 3 * forward_operations(DeepRank(256), 11 * 11)
    assert operations == pytest.approx(0.14e9, rel=0.03)


def test_operations_of_both_branches_by_hand():
    cells = 2 * 4 * 1 * 16  # operations per cell
    projections = 2 * (4 * 4 * 2) * 4 + 2 * 6 * 4
    assert forward_operations(ColourRank(4, 6, 8), 16) == cells + projections


def test_computed_operations_by_hand():
    mixing = 2 * 4 * 4 * 16
    assert computed_operations(DeepRank(4), GARMENTS, 16) == 2 * mixing
    # The second layer also computes the gradient of its input for the first.
    first, second = 2 * 4 * 8 * 16, 2 * 8 * 4 * 16
    assert computed_operations(DeeperRank(4), GARMENTS, 16) == 2 * first + 3 * second
    # Attention precedes the projection of the map; nothing precedes that of colours.
    attention, cells, colours = 2 * 4 * 16, 2 * (4 * 4 * 2) * 4, 2 * 6 * 4
    assert computed_operations(ColourRank(4, 6, 8), GARMENTS, 16) == (
        2 * attention + 3 * cells + 2 * colours
    )


def test_histograms_are_as_long_as_those_of_crops():
    photo = np.zeros((2, 2, 3), dtype=np.uint8)
    assert TrainingLoad().colours == len(lab_histogram(photo)) == 2074


def test_triplets_are_two_views_of_a_photograph_and_one_of_another():
    triplets = draw_triplets(LOAD)
    assert len(triplets) == 6
    for triplet in triplets:
        assert triplet.anchor.path == triplet.positive.path != triplet.negative.path
        assert triplet.anchor != triplet.positive


def test_every_view_can_be_read_back(tmp_path):
    write_garments(tmp_path / "crops.lmdb", LOAD)
    with Artifact(tmp_path / "crops.lmdb") as artifact:
        views = [view for number in range(5) for view in LOAD.views(str(number))]
        garments = garments_reader(artifact)(views)
        assert garments.maps.shape == (15, 4, 4, 4)
        assert garments.colours.shape == (15, 6)
        lengths = np.linalg.norm(garments.maps, axis=1)
    np.testing.assert_allclose(lengths, 1.0, rtol=1e-5)
