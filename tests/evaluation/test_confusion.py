from tiefvision.evaluation.confusion import NOT_FOUND, NOTHING_THERE, confusion
from tiefvision.evaluation.localisation import Located
from tiefvision.records import Garment, Photo


def located(wanted=(), found=()):
    return Located(Photo("p.jpg", 64, 64, "street", "val"), tuple(wanted), tuple(found))


def garment(category, left, score=1.0, width=10):
    return Garment(category, (left, 0, left + width, 10), score)


def cells(*photos, threshold=0.5):
    """The cells that are not 0, by the names of row and column."""
    table = confusion(photos, threshold)
    return {
        (row, column): int(table.counts[i, j])
        for i, row in enumerate(table.rows)
        for j, column in enumerate(table.columns)
        if table.counts[i, j]
    }


def test_the_table_by_hand():
    photos = [
        located([garment("dress", 0)], [garment("dress", 1, 0.9)]),
        located([garment("dress", 0)], [garment("coat", 1, 0.9)]),
        located([garment("dress", 0)], [garment("coat", 1, 0.9)]),
        located([garment("coat", 0)], [garment("coat", 8, 0.9)]),  # IoU 2 / 18
        located([], [garment("hat", 0, 0.9)]),
        located(),
    ]
    table = confusion(photos, threshold=0.5)
    assert table.rows == ("coat", "dress", "hat", NOTHING_THERE)
    assert table.columns == ("coat", "dress", "hat", NOT_FOUND)
    assert table.counts.tolist() == [
        [0, 0, 0, 1],
        [2, 1, 0, 0],
        [0, 0, 0, 0],
        [1, 0, 1, 0],
    ]


def test_a_box_below_the_threshold_was_not_found():
    photo = located([garment("dress", 0)], [garment("dress", 0, 0.5)])
    assert cells(photo, threshold=0.5) == {("dress", "dress"): 1}
    assert cells(photo, threshold=0.51) == {("dress", NOT_FOUND): 1}


def test_half_an_overlap_is_enough():
    half = located([garment("hat", 0)], [garment("hat", 0, width=5)])
    less = located([garment("hat", 0)], [garment("hat", 0, width=4.9)])
    assert cells(half) == {("hat", "hat"): 1}
    assert cells(less) == {("hat", NOT_FOUND): 1, (NOTHING_THERE, "hat"): 1}


def test_the_same_category_goes_before_a_larger_overlap():
    wanted = [garment("dress", 0), garment("coat", 2)]
    photo = located(wanted, [garment("dress", 2, 0.9)])
    assert cells(photo) == {("dress", "dress"): 1, ("coat", NOT_FOUND): 1}
    # But not where it hardly overlaps.
    apart = [garment("dress", 8), garment("coat", 2)]
    photo = located(apart, [garment("dress", 2, 0.9)])
    assert cells(photo) == {("coat", "dress"): 1, ("dress", NOT_FOUND): 1}


def test_of_other_categories_the_largest_overlap_counts():
    wanted = [garment("hat", 3), garment("coat", 1), garment("skirt", 2)]
    photo = located(wanted, [garment("dress", 0, 0.9)])
    assert cells(photo)["coat", "dress"] == 1


def test_the_surest_box_chooses_first_and_a_second_one_is_too_many():
    wanted = [garment("dress", 0)]
    found = [garment("dress", 0, 0.8), garment("coat", 2, 0.9)]
    assert cells(located(wanted, found)) == {
        ("dress", "coat"): 1,
        (NOTHING_THERE, "dress"): 1,
    }


def test_the_same_box_wanted_twice_is_found_twice():
    twice = [garment("dress", 0)] * 2
    assert cells(located(twice, twice)) == {("dress", "dress"): 2}
    assert cells(located(twice, twice[:1])) == {
        ("dress", "dress"): 1,
        ("dress", NOT_FOUND): 1,
    }


def test_every_garment_and_every_box_is_counted_once():
    wanted = [garment(name, left) for left, name in enumerate("abcab")]
    found = [garment(name, 3 * left, left / 8) for left, name in enumerate("bacab")]
    table = confusion([located(wanted, found)], threshold=0.0)
    assert table.counts[:-1].sum() == len(wanted)
    assert table.counts[:, :-1].sum() == len(found)


def test_no_photographs():
    table = confusion([], threshold=0.5)
    assert (table.rows, table.columns) == ((NOTHING_THERE,), (NOT_FOUND,))
    assert table.counts.tolist() == [[0]]
