"""The ten nearest items of every item, partition by partition."""

import numpy as np
import pytest

from tiefvision.catalogue.recommendation_files import (
    read_recommendations,
    write_recommendations,
    write_twins,
)
from tiefvision.catalogue.recommending import (
    ItemPhoto,
    RecommendSettings,
    keys_of,
    listed_twice,
    name_of,
    recommend,
)
from tiefvision.errors import BadUsage

UPPER, LOWER = ("upper", "women"), ("lower", "women")


class Shop:
    """Rows with their vectors, which can be added, changed and removed."""

    def __init__(self, seed=0):
        self.draw = np.random.default_rng(seed)
        self.rows, self.vectors, self.made, self.read = [], [], 0, []

    def add(self, item, key=UPPER, vector=None):
        self.made += 1
        if vector is None:
            vector = self.draw.standard_normal(6)
        vector = np.array(vector, dtype=np.float32)
        self.vectors.append(vector / np.linalg.norm(vector))
        photo = f"{item}/{self.made}.jpg"
        self.rows.append(ItemPhoto(item, photo, key, str(self.made)))

    def remove(self, number):
        del self.rows[number], self.vectors[number]

    def change(self, number):
        row = self.rows[number]
        self.remove(number)
        self.add(row.item, row.key)

    def vectors_of(self, numbers):
        self.read += [self.rows[number].key for number in numbers]
        return np.stack([self.vectors[number] for number in numbers])

    def recommend(self, before=(), **settings):
        settings = RecommendSettings(**settings)
        return list(recommend(self.rows, self.vectors_of, before, settings))


def lines_of(partitions):
    return [line for partition in partitions for line in partition.lines]


def filled(items=12, seed=0):
    """Items of two groups and two genders, with one to three photographs each."""
    shop = Shop(seed)
    keys = [(group, who) for group in ("upper", "lower") for who in ("women", "men")]
    for number in range(items):
        for _ in range(shop.draw.integers(1, 4)):
            shop.add(f"i{number:03d}", keys[number % 4])
    return shop


def test_worked_by_hand():
    """Angles: a 0, b 10 and 90, c 70 degrees; trousers between them do not count."""
    shop = Shop()
    for item, angle, key in [
        ("b", 90, UPPER),
        ("a", 0, UPPER),
        ("t", 5, LOWER),
        ("c", 70, UPPER),
        ("b", 10, UPPER),
    ]:
        turned = np.deg2rad(angle)
        shop.add(item, key, [np.cos(turned), np.sin(turned)])
    lower, upper = shop.recommend()
    assert (lower.name, lower.items, lower.lines) == ("lower / women", 1, [])
    assert (upper.name, upper.items, upper.kept) == ("upper / women", 3, False)
    assert [line[1:7] for line in upper.lines] == [
        ("a", 1, "b", 0.984808, "a/2.jpg", "b/5.jpg"),
        ("a", 2, "c", 0.342020, "a/2.jpg", "c/4.jpg"),
        ("b", 1, "a", 0.984808, "b/5.jpg", "a/2.jpg"),
        ("b", 2, "c", 0.939693, "b/1.jpg", "c/4.jpg"),
        ("c", 1, "b", 0.939693, "c/4.jpg", "b/1.jpg"),
        ("c", 2, "a", 0.342020, "c/4.jpg", "a/2.jpg"),
    ]


def test_no_more_than_wanted():
    for partition in filled(60).recommend(nearest=3):
        assert len(partition.lines) == 3 * partition.items
        assert [line.rank for line in partition.lines[:4]] == [1, 2, 3, 1]


def test_an_item_belongs_to_the_key_of_most_of_its_photographs():
    shop = Shop()
    for key in (LOWER, UPPER, UPPER, ("", "women"), ("outfit", "women")):
        shop.add("blouse", key)
    for _ in range(3):
        shop.add("unknown", ("", "women"))
    shop.add("unknown", ("lower", "women"))
    found = {partition.name: partition for partition in shop.recommend()}
    assert {name: one.items for name, one in found.items()} == {
        "lower / women": 1,
        "upper / women": 1,
    }


def test_the_order_of_the_catalogue_does_not_matter():
    shop = filled(40)
    before = lines_of(shop.recommend())
    order = np.random.default_rng(1).permutation(len(shop.rows))
    shop.rows = [shop.rows[n] for n in order]
    shop.vectors = [shop.vectors[n] for n in order]
    partitions = shop.recommend(before)
    assert all(partition.kept for partition in partitions)
    assert lines_of(partitions) == before


def test_only_what_changed_is_read_and_computed():
    shop = filled(40)
    before = lines_of(shop.recommend())
    shop.read.clear()
    shop.add("i999", ("upper", "men"))
    partitions = shop.recommend(before)
    assert [one.name for one in partitions if not one.kept] == ["upper / men"]
    assert set(shop.read) == {("upper", "men")}


@pytest.mark.parametrize("seed", range(5))
def test_after_random_changes_the_table_is_that_of_computing_everything(seed):
    shop, before = filled(40, seed), []
    for _ in range(12):
        before = lines_of(shop.recommend(before))
        for _ in range(shop.draw.integers(1, 4)):
            number = int(shop.draw.integers(len(shop.rows)))
            change = shop.draw.integers(4)
            if change == 0:
                shop.remove(number)
            elif change == 1:
                shop.change(number)
            elif change == 2:
                shop.add(f"i{shop.draw.integers(60):03d}", shop.rows[number].key)
            else:  # another group was found
                row, vector = shop.rows[number], shop.vectors[number]
                shop.remove(number)
                shop.add(row.item, ("outer", row.key[1]), vector)
        partitions = shop.recommend(before)
        assert lines_of(partitions) == lines_of(shop.recommend())


def test_other_settings_compute_everything():
    shop = filled(40)
    before = lines_of(shop.recommend(nearest=3))
    partitions = shop.recommend(before, nearest=4)
    assert not any(partition.kept for partition in partitions)


def test_a_table_that_lacks_a_line_is_computed():
    shop = filled(40)
    before = lines_of(shop.recommend())
    partitions = shop.recommend(before[1:])
    assert [one.kept for one in partitions] == [False, True, True, True]
    assert lines_of(partitions) == before


def test_large_partitions_come_from_a_graph():
    shop = filled(80)
    exact = lines_of(shop.recommend())
    graph = lines_of(shop.recommend(exact_rows=0))
    same = [a[:4] == b[:4] for a, b in zip(exact, graph, strict=True)]
    assert np.mean(same) > 0.99


def test_an_empty_catalogue():
    assert Shop().recommend() == []


def test_keys():
    columns = [{"gender": "men", "price": 3.5}, {}]
    keys = keys_of(["upper", ""], columns, ["gender", "group", "price"])
    assert keys == [("men", "upper", "3.5"), ("", "", "")]
    assert keys_of(["upper"], [{}], []) == [()]
    assert (name_of(("men", "")), name_of(())) == ("men / unknown", "all")


def test_pairs_that_are_probably_one_product():
    shop = Shop()
    for item, vector in [
        ("b", [1, 0]),
        ("a", [1, 0.01]),
        ("c", [0, 1]),
        ("d", [0.2, 1]),
    ]:
        shop.add(item, UPPER, vector)
    lines = lines_of(shop.recommend())
    first, second = listed_twice(lines, 0.9)
    assert (first.item, first.other, first.photo, first.other_photo) == (
        *("a", "b"),
        *("a/2.jpg", "b/1.jpg"),
    )
    assert (second.item, second.other) == ("c", "d")
    assert first.similarity == pytest.approx(0.99995, abs=1e-5)
    assert listed_twice(lines, 0.99) == [first]
    assert listed_twice([], 0.9) == []


@pytest.mark.parametrize("name", ["table.csv", "table.parquet", "deep/TABLE.CSV"])
def test_a_table_is_read_as_it_was_written(name, tmp_path):
    if name.endswith("parquet"):
        pytest.importorskip("pyarrow")
    shop = filled(20)
    shop.add('odd, "name"\n👗', ("upper", "men"))
    partitions = shop.recommend()
    write_recommendations(tmp_path / name, partitions)
    assert read_recommendations(tmp_path / name) == lines_of(partitions)
    again = shop.recommend(read_recommendations(tmp_path / name))
    assert all(partition.kept for partition in again if partition.items > 1)


def test_the_csv_is_plain(tmp_path):
    shop = Shop()
    shop.add("a", UPPER, [1, 0])
    shop.add("b", UPPER, [1, 1])
    (upper,) = shop.recommend()
    write_recommendations(tmp_path / "table.csv", [upper])
    header, first, _, end = (tmp_path / "table.csv").read_bytes().split(b"\r\n")
    assert header == (
        b"partition,item,rank,neighbour,similarity,photo,neighbour_photo,fingerprint"
    )
    start = b"upper / women,a,1,b,0.707107,a/1.jpg,b/2.jpg,"
    assert (first.startswith(start), end) == (True, b"")


def test_a_parquet_file_has_types(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    write_recommendations(tmp_path / "table.parquet", filled(20).recommend())
    table = parquet.read_table(tmp_path / "table.parquet")
    types = {field.name: str(field.type) for field in table.schema}
    assert (types["rank"], types["similarity"]) == ("int64", "double")
    write_recommendations(tmp_path / "none.parquet", [])
    assert parquet.read_table(tmp_path / "none.parquet").num_rows == 0


def test_names_that_are_no_text_can_be_written(tmp_path):
    shop = filled(8)
    shop.add("\udce9", ("upper", "men"))
    for name in ["table.csv", "table.parquet"]:
        if name.endswith("parquet"):
            pytest.importorskip("pyarrow")
        write_recommendations(tmp_path / name, shop.recommend())
        items = {line.item for line in read_recommendations(tmp_path / name)}
        assert "\\udce9" in items


def test_doubles_are_written(tmp_path):
    twins = listed_twice(lines_of(filled(20).recommend()), -1)
    write_twins(tmp_path / "twins.csv", twins)
    lines = (tmp_path / "twins.csv").read_text("utf-8").splitlines()
    assert lines[0] == "item,other,similarity,photo,other_photo"
    assert len(lines) == len(twins) + 1


@pytest.mark.parametrize("cut", [-10, -200, 300])
def test_a_csv_file_that_was_cut_is_computed_anew(cut, tmp_path):
    shop, file = filled(20), tmp_path / "table.csv"
    partitions = shop.recommend()
    write_recommendations(file, partitions)
    file.write_bytes(file.read_bytes()[:cut])
    again = shop.recommend(read_recommendations(file))
    assert not all(partition.kept for partition in again)
    assert lines_of(again) == lines_of(partitions)


@pytest.mark.parametrize(
    "content",
    [b"", b"a,b\r\n1,2\r\n", b"\xff\xfe", b'partition,item\r\n"never closed'],
)
def test_a_table_of_somebody_else_is_as_good_as_none(content, tmp_path):
    (tmp_path / "table.csv").write_bytes(content)
    assert read_recommendations(tmp_path / "table.csv") == []


def test_no_table_and_a_name_that_is_none(tmp_path):
    assert read_recommendations(tmp_path / "table.csv") == []
    with pytest.raises(BadUsage, match=r"Let it end in \.csv or \.parquet"):
        read_recommendations(tmp_path / "table.txt")
    with pytest.raises(BadUsage, match="is no name for a table"):
        write_recommendations(tmp_path / "table", [])


@pytest.mark.parametrize("keep", [0, 16, 500, -600])
def test_a_damaged_parquet_file_is_as_good_as_none(keep, tmp_path):
    pytest.importorskip("pyarrow")
    file = tmp_path / "table.parquet"
    write_recommendations(file, filled(20).recommend())
    content = file.read_bytes()
    file.write_bytes(content[:keep] if keep >= 0 else bytes(600) + content[600:])
    assert read_recommendations(file) == []
