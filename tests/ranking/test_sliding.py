import numpy as np
import pytest
import torch

from tiefvision.ranking.crops import crop_garment
from tiefvision.ranking.similarity import normalise_cells, similarity
from tiefvision.ranking.sliding import (
    LEAST_HEIGHT,
    MOST_HEIGHT,
    crop_in_proportion,
    sliding_similarity,
    sliding_table,
    sliding_tables,
)


def random_maps(count, height, seed=0, channels=5, width=3):
    generator = torch.Generator().manual_seed(seed)
    shape = count, channels, height, width
    return normalise_cells(torch.randn(shape, generator=generator))


def slide_by_loops(one, other, missing_as_zero):
    shorter, taller = sorted((one, other), key=lambda map_: map_.shape[1])
    (_, rows, width), most = shorter.shape, taller.shape[1]
    totals = []
    for top in range(most - rows + 1):
        cosines = [
            float(shorter[:, row, column] @ taller[:, top + row, column])
            for row in range(rows)
            for column in range(width)
        ]
        totals.append(sum(cosines))
    return max(totals) / (width * (most if missing_as_zero else rows))


@pytest.mark.parametrize("missing_as_zero", [False, True])
@pytest.mark.parametrize(("height", "other"), [(4, 4), (2, 6), (6, 2), (1, 5), (5, 4)])
def test_against_loops(height, other, missing_as_zero):
    maps, others = random_maps(3, height, seed=1), random_maps(4, other, seed=2)
    table = sliding_table(maps, others, missing_as_zero)
    assert table.shape == (3, 4)
    for row, one in enumerate(maps):
        for column, two in enumerate(others):
            expected = slide_by_loops(one, two, missing_as_zero)
            assert table[row, column].item() == pytest.approx(expected, abs=1e-6)
            alone = sliding_similarity(one, two, missing_as_zero)
            assert alone == pytest.approx(expected, abs=1e-6)
            back = sliding_similarity(two, one, missing_as_zero)
            assert back == pytest.approx(alone, abs=1e-6)


def column_map(*angles):
    """A map of one column whose cells point in directions of the plane, in degrees."""
    turned = torch.deg2rad(torch.tensor(angles, dtype=torch.float32))
    return torch.stack([turned.cos(), turned.sin()])[:, :, None]


def test_a_case_worked_by_hand():
    short, tall = column_map(0, 60), column_map(90, 60, 60, 180)
    # Cosines at the three offsets: 0 + 1, 1/2 + 1, 1/2 - 1/2. The best mean is 3/4;
    # over all four rows of the taller it is 3/8.
    assert sliding_similarity(short, tall) == pytest.approx(0.75)
    assert sliding_similarity(short, tall, missing_as_zero=True) == pytest.approx(0.375)


def test_a_part_is_found_in_the_whole_wherever_it_is():
    whole = random_maps(1, 9)[0]
    for top in range(6):
        part = whole[:, top : top + 4]
        assert sliding_similarity(part, whole) == pytest.approx(1.0, abs=1e-6)
        missing = sliding_similarity(part, whole, missing_as_zero=True)
        assert missing == pytest.approx(4 / 9, abs=1e-6)


def test_of_equal_height_it_is_the_similarity():
    maps, others = random_maps(6, 4, seed=1), random_maps(6, 4, seed=2)
    for missing_as_zero in (False, True):
        table = sliding_table(maps, others, missing_as_zero)
        np.testing.assert_allclose(table.diag(), similarity(maps, others), atol=1e-6)


def test_it_stays_in_the_range():
    maps = random_maps(30, 4)
    assert sliding_table(maps, maps).max() <= 1.0
    assert sliding_table(maps, -maps).min() >= -1.0
    # All offsets are bad: the best of them counts all the same.
    assert sliding_similarity(column_map(0), column_map(180, 180)) == -1.0


def test_maps_of_any_heights_in_one_table():
    heights = (4, 2, 7, 4, 3)
    maps = [random_maps(1, height, seed=i)[0] for i, height in enumerate(heights)]
    others = [random_maps(1, height, seed=9 + height)[0] for height in (5, 2, 5, 9)]
    for missing_as_zero in (False, True):
        table = sliding_tables(maps, others, missing_as_zero)
        assert table.shape == (5, 4)
        for row, one in enumerate(maps):
            for column, two in enumerate(others):
                expected = sliding_similarity(one, two, missing_as_zero)
                assert table[row, column].item() == pytest.approx(expected, abs=1e-6)


def test_nothing_to_compare():
    nothing, maps = random_maps(0, 4), random_maps(3, 6)
    assert sliding_table(nothing, maps).shape == (0, 3)
    assert sliding_table(maps, nothing).shape == (3, 0)
    assert sliding_tables([], list(maps)).shape == (0, 3)
    assert sliding_tables([], []).shape == (0, 0)


@pytest.mark.parametrize(
    "other", [(5, 4, 2), (4, 4, 3), (5, 0, 3)], ids=["width", "channels", "no cells"]
)
def test_maps_that_do_not_fit(other):
    with pytest.raises(ValueError, match="cannot be slid"):
        sliding_similarity(torch.zeros(5, 3, 3), torch.zeros(other))


def test_a_crop_keeps_its_proportions():
    photo = np.random.default_rng(0).integers(0, 256, (300, 200, 3), dtype=np.uint8)
    assert crop_in_proportion(photo, None).shape == (336, 224, 3)
    # The box is 100 x 50 px.
    crop = crop_in_proportion(photo, (10.0, 20.0, 110.0, 70.0))
    assert crop.shape == (112, 224, 3) and crop.dtype == np.uint8
    square = (10.0, 20.0, 60.0, 70.0)
    assert np.array_equal(
        crop_in_proportion(photo, square), crop_garment(photo, square)
    )


@pytest.mark.parametrize(
    ("box_in_image", "height"),
    [((0.0, 0.0, 100.0, 2.0), LEAST_HEIGHT), ((0.0, 0.0, 5.0, 90.0), MOST_HEIGHT)],
)
def test_a_crop_is_neither_too_flat_nor_too_tall(box_in_image, height):
    photo = np.zeros((100, 100, 3), dtype=np.uint8)
    assert crop_in_proportion(photo, box_in_image).shape == (height, 224, 3)
