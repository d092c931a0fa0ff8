import numpy as np
import torch

from tiefvision.ranking.garments import GarmentBatch, join_garments

CPU = torch.device("cpu")


def batch(count, seed):
    generator = np.random.default_rng(seed)
    return GarmentBatch(
        torch.from_numpy(generator.random((count, 4, 3, 3), dtype=np.float32)),
        torch.from_numpy(generator.random((count, 5), dtype=np.float32)),
        generator.integers(0, 256, (count, 8, 8, 3), dtype=np.uint8),
    )


def test_joined_batches_keep_their_order():
    parts = [batch(count, seed) for seed, count in enumerate((2, 1, 3))]
    joined = join_garments(parts, CPU)
    assert joined.maps.shape == (6, 4, 3, 3)
    assert joined.pixels.dtype == np.uint8
    row = 0
    for part in parts:
        for number in range(len(part.maps)):
            assert torch.equal(joined.maps[row], part.maps[number])
            assert torch.equal(joined.colours[row], part.colours[number])
            np.testing.assert_array_equal(joined.pixels[row], part.pixels[number])
            row += 1
    assert row == 6


def test_what_no_ranker_asks_for_may_be_missing():
    joined = join_garments([GarmentBatch(batch(2, 0).maps)] * 2, CPU)
    assert joined.maps.shape == (4, 4, 3, 3)
    assert joined.colours.numel() == joined.pixels.size == 0
