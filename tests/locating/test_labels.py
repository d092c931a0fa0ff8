import numpy as np
import pytest

from tiefvision.errors import BadWeights
from tiefvision.locating.label_training import (
    LabelledBoxes,
    fit_labels,
    gather_boxes,
)
from tiefvision.locating.labels import (
    BANDS,
    LabelLayer,
    box_features,
    restore_labels,
    tell_label,
)
from tiefvision.locating.windows import Level
from tiefvision.records import Garment

WHOLE = (0.0, 0.0, 160.0, 160.0)


def level(cells, scale=1.0, window=4):
    return Level(np.asarray(cells, dtype=np.float32), scale, scale, 16, window, (0, 0))


def coded():
    """A map of 10 x 10 cells whose two channels tell row and column by their ratio."""
    rows, columns = np.mgrid[:10, :10]
    return np.stack([rows + 1.0, columns + 1.0])


def test_the_cells_in_a_box_are_pooled_to_bands_of_rows():
    maps = coded()
    unit = maps / np.linalg.norm(maps, axis=0)
    features = box_features([level(maps)], (32.0, 16.0, 96.0, 144.0))
    expected = [unit[:, 1 + 2 * k : 3 + 2 * k, 2:6].mean(axis=(1, 2)) for k in range(4)]
    np.testing.assert_allclose(features, np.concatenate(expected), rtol=1e-6)


def test_the_level_is_taken_at_which_the_box_is_as_large_as_a_window():
    small, large = level(np.ones((2, 5, 5)), 0.5), level(-np.ones((2, 10, 10)), 1.0)
    assert (box_features([small, large], (0, 0, 128, 100)) > 0).all()
    assert (box_features([small, large], (0, 0, 60, 64)) < 0).all()


@pytest.mark.parametrize(
    "box", [(0, 0, 1, 1), (159, 159, 160, 160), (-50, -50, 400, 400), (40, 40, 40, 40)]
)
def test_boxes_of_any_size_have_features(box):
    features = box_features([level(coded())], box)
    assert features.shape == (2 * BANDS,) and np.isfinite(features).all()


def test_a_map_of_fewer_rows_than_bands_has_features():
    assert box_features([level(np.ones((2, 2, 3)))], WHOLE).shape == (2 * BANDS,)


def layer():
    """A layer that calls a garment by the larger of the first band's channels."""
    weight = np.zeros((3, 2 * BANDS), dtype=np.float32)
    weight[0, 0], weight[1, 1] = 4.0, 4.0
    return LabelLayer(
        ("skirt", "jeans", "shirt"), ("lower", "lower", "upper"), weight, np.zeros(3)
    )


def test_a_garment_gets_the_likeliest_label_of_its_group():
    maps = np.zeros((2, 10, 10))
    maps[1] = 1.0
    lower = Garment("lower", WHOLE, 0.8)
    outfit = Garment("outfit", WHOLE, 0.5)
    (first, second) = layer().name((lower, outfit), [level(maps)])
    share = np.exp(4) / (np.exp(4) + 2)
    of_group = (np.exp(4) + 1) / (np.exp(4) + 2)
    assert first.label == "jeans"
    assert first.label_score == pytest.approx(share / of_group)
    assert first.score == pytest.approx(0.8 * of_group**0.5)
    assert second == outfit


def test_a_garment_that_does_not_look_like_its_group_falls_behind():
    maps = np.zeros((2, 10, 10))
    maps[1] = 1.0
    shirt = Garment("upper", WHOLE, 0.8)
    lower = Garment("lower", WHOLE, 0.7)
    named = layer().name((shirt, lower), [level(maps)])
    assert [one.category for one in named] == ["lower", "upper"]
    assert named[1].label_score == pytest.approx(1.0)  # the only label of its group


@pytest.mark.parametrize(
    ("label", "score", "told"),
    [("skirt", 0.5, "skirt"), ("skirt", 0.49, ""), ("lower", 0.9, ""), ("", None, "")],
)
def test_a_label_is_told_where_it_is_sure_and_says_more_than_the_group(
    label, score, told
):
    garment = tell_label(Garment("lower", WHOLE, 0.9, label, score))
    assert (garment.label, garment.label_score) == (told, score if told else None)


def clusters(count, seed):
    """Boxes of four labels in two groups, a cluster of features each."""
    generator = np.random.default_rng(seed)
    names = ("skirt", "jeans", "shirt", "top")
    numbers = generator.integers(0, 4, count)
    middles = np.eye(4, 8) * 3
    features = middles[numbers] + generator.standard_normal((count, 8))
    groups = ("lower", "lower", "upper", "upper")
    return LabelledBoxes(
        features.astype(np.float32),
        tuple(names[n] for n in numbers),
        tuple(groups[n] for n in numbers),
    )


def test_a_learnt_layer_names_what_it_has_not_seen():
    learnt = fit_labels(clusters(300, 0), clusters(100, 1))
    unseen = clusters(200, 2)
    shares = learnt.probabilities(unseen.features)
    named = [learnt.labels[n] for n in shares.argmax(axis=1)]
    assert np.mean([a == b for a, b in zip(named, unseen.labels, strict=True)]) > 0.85
    assert dict(zip(learnt.labels, learnt.groups, strict=True)) == {
        **{"skirt": "lower", "jeans": "lower"},
        **{"shirt": "upper", "top": "upper"},
    }


def test_labels_told_with_a_probability_are_right_as_often():
    """Within the group, which is known where a label is told."""
    learnt = fit_labels(clusters(60, 0), clusters(400, 1))
    unseen = clusters(2000, 2)
    own = np.array([[g == group for g in learnt.groups] for group in unseen.groups])
    shares = learnt.probabilities(unseen.features) * own
    shares /= shares.sum(axis=1, keepdims=True)
    right = [
        learnt.labels[n] == label
        for n, label in zip(shares.argmax(axis=1), unseen.labels, strict=True)
    ]
    assert np.mean(right) == pytest.approx(shares.max(axis=1).mean(), abs=0.03)


def test_one_label_needs_no_layer():
    one = LabelledBoxes(np.ones((3, 8), np.float32), ("top",) * 3, ("upper",) * 3)
    assert fit_labels(one, one) is None
    assert fit_labels(gather_boxes([]), gather_boxes([])) is None


def test_only_garments_with_a_label_are_gathered():
    skirt = Garment("lower", WHOLE, label="skirt")
    boxes = gather_boxes([((skirt, Garment("outfit", WHOLE)), [level(coded())])])
    assert (boxes.labels, boxes.groups) == (("skirt",), ("lower",))
    assert boxes.features.shape == (1, 2 * BANDS)


def test_a_layer_comes_back_from_its_details_and_arrays():
    given = layer()
    again = restore_labels(given.details(), given.arrays(), 2, "heads")
    assert (again.labels, again.groups) == (given.labels, given.groups)
    assert np.array_equal(again.weight, given.weight)
    assert restore_labels(None, {}, 2, "heads") is None


def test_a_layer_of_another_encoder_is_refused():
    given = layer()
    with pytest.raises(BadWeights, match=r"labels\.weight"):
        restore_labels(given.details(), given.arrays(), 3, "heads")
    with pytest.raises(BadWeights, match=r"labels\.weight"):
        restore_labels(given.details(), {}, 2, "heads")
