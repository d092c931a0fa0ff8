import numpy as np

from tiefvision.ranking.garments import GarmentBatch, join_garments


def batch(count, seed):
    generator = np.random.default_rng(seed)
    return GarmentBatch(
        generator.random((count, 4, 3, 3), dtype=np.float32),
        generator.random((count, 5), dtype=np.float32),
        generator.integers(0, 256, (count, 8, 8, 3), dtype=np.uint8),
    )


def test_joined_batches_keep_their_order():
    parts = [batch(count, seed) for seed, count in enumerate((2, 1, 3))]
    joined = join_garments(parts)
    assert joined.maps.shape == (6, 4, 3, 3)
    assert joined.maps.dtype == joined.colours.dtype == np.float32
    assert joined.pixels.dtype == np.uint8
    row = 0
    for part in parts:
        for number in range(len(part.maps)):
            np.testing.assert_array_equal(joined.maps[row], part.maps[number])
            np.testing.assert_array_equal(joined.colours[row], part.colours[number])
            np.testing.assert_array_equal(joined.pixels[row], part.pixels[number])
            row += 1
    assert row == 6


def test_what_no_ranker_asks_for_may_be_missing():
    joined = join_garments([GarmentBatch(batch(2, 0).maps)] * 2)
    assert joined.maps.shape == (4, 4, 3, 3)
    assert joined.colours.size == joined.pixels.size == 0
