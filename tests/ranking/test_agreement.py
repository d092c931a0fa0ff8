import numpy as np

from tiefvision.ranking.agreement import agreement_of_cells
from tiefvision.ranking.cosine import embed_cells
from tiefvision.ranking.garments import GarmentBatch


def test_the_mean_over_cells_is_the_similarity_of_the_baseline():
    random = np.random.default_rng(3)
    maps = random.normal(size=(2, 1, 5, 4, 3)).astype(np.float32)
    maps /= np.linalg.norm(maps, axis=2, keepdims=True)
    first, second = (GarmentBatch(one) for one in maps)
    agreement = agreement_of_cells(first, second)
    assert agreement.shape == (4, 3)
    by_hand = [
        [float(maps[0, 0, :, y, x] @ maps[1, 0, :, y, x]) for x in range(3)]
        for y in range(4)
    ]
    np.testing.assert_allclose(agreement, by_hand, atol=1e-6)
    similarity = float(embed_cells(first)[0] @ embed_cells(second)[0])
    assert abs(agreement.mean() - similarity) < 1e-6
