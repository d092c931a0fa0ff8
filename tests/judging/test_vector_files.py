import json
import pickle

import numpy as np
import pytest

from tiefvision.errors import BadDataset
from tiefvision.judging.vector_files import read_vector_file

VECTORS = np.arange(6, dtype=np.float32).reshape(3, 2)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "made.npy"
    np.save(path, VECTORS)
    return path


def test_lines_name_photographs(file):
    file.with_suffix(".txt").write_text("shop/a 1.jpg\nshop/b.jpg\nstreet/é.jpg\n")
    read = read_vector_file(file)
    assert list(read.photos) == ["shop/a 1.jpg", "shop/b.jpg", "street/é.jpg"]
    assert set(read.items) == {""}
    np.testing.assert_array_equal(read.vectors, VECTORS)


def test_a_table_names_photographs_or_items(file):
    table = "id;item;photo\n1;one;\n2;two;shop/b.jpg\n3;;shop/c.jpg\n"
    file.with_suffix(".csv").write_text(table)
    read = read_vector_file(file)
    assert list(read.photos) == ["", "shop/b.jpg", "shop/c.jpg"]
    assert list(read.items) == ["one", "two", ""]


def test_what_the_project_exports_is_read(tmp_path):
    np.save(tmp_path / "vectors.npy", VECTORS)
    rows = [{"id": n, "item": f"i{n}", "photo": f"{n}.jpg"} for n in range(3)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    for path in (tmp_path, tmp_path / "vectors.npy"):
        read = read_vector_file(path)
        assert list(read.photos) == ["0.jpg", "1.jpg", "2.jpg"]
        assert list(read.items) == ["i0", "i1", "i2"]


def _object_array(path):
    np.save(path, np.array([{"a": 1}, None], dtype=object), allow_pickle=True)


def _pickled(path):
    path.write_bytes(pickle.dumps([1.0]))


@pytest.mark.parametrize("spoil", [_object_array, _pickled])
def test_nothing_is_unpickled(file, spoil):
    spoil(file)
    file.with_suffix(".txt").write_text("a\nb\n")
    with pytest.raises(
        BadDataset, match=r"made\.npy (is no file of NumPy's|.* Python objects)"
    ):
        read_vector_file(file)


@pytest.mark.parametrize(
    ("array", "names", "said"),
    [
        (VECTORS, "a\nb\n", "holds 3 vectors, and 2 names"),
        (VECTORS, "a\n\nc\n", "row 2 names nothing"),
        (VECTORS[:0], "", "holds no vector"),
        (VECTORS[0], "a\nb\n", r"float32 of shape \(2,\), not rows of floats"),
        (VECTORS.astype(int), "a\nb\nc\n", r"int64 of shape \(3, 2\), not rows of"),
    ],
)
def test_what_does_not_fit_is_told(file, array, names, said):
    np.save(file, array)
    file.with_suffix(".txt").write_text(names)
    with pytest.raises(BadDataset, match=said):
        read_vector_file(file)


def test_an_empty_file_is_none_of_numpy(file):
    file.write_bytes(b"")
    with pytest.raises(BadDataset, match=r"made\.npy is no file of NumPy's"):
        read_vector_file(file)


def test_names_that_are_missing_or_come_twice_are_told(file):
    with pytest.raises(BadDataset, match=r"no names beside it\. Write .* made\.txt or"):
        read_vector_file(file)
    file.with_suffix(".txt").write_text("a\nb\nc\n")
    file.with_suffix(".csv").write_text("photo\na\nb\nc\n")
    with pytest.raises(BadDataset, match=r"has made\.txt and made\.csv beside it"):
        read_vector_file(file)
    file.with_suffix(".txt").unlink()
    file.with_suffix(".csv").write_text("name\na\nb\nc\n")
    with pytest.raises(BadDataset, match="has the columns name: neither photo nor"):
        read_vector_file(file)
    with pytest.raises(BadDataset, match=r"There is no file .*absent\.npy"):
        read_vector_file(file.with_name("absent.npy"))
    with pytest.raises(BadDataset, match=r"ends neither in \.npy nor in \.parquet"):
        read_vector_file(file.with_suffix(".csv"))


def test_parquet_has_columns(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    columns = {"photo": ["a.jpg", None, "c.jpg"], "item": ["one", "two", None]}
    for vectors in (
        pyarrow.array(VECTORS.tolist(), pyarrow.list_(pyarrow.float64())),
        pyarrow.FixedSizeListArray.from_arrays(pyarrow.array(VECTORS.ravel()), 2),
    ):
        file = tmp_path / "made.parquet"
        parquet.write_table(pyarrow.table({**columns, "vector": vectors}), file)
        read = read_vector_file(file)
        assert list(read.photos) == ["a.jpg", "", "c.jpg"]
        assert list(read.items) == ["one", "two", ""]
        np.testing.assert_array_equal(read.vectors, VECTORS)
    ragged = {"photo": ["a", "b"], "vector": [[1.0], [1.0, 2.0]]}
    for table, said in (
        ({"photo": ["a"]}, "needs vector, and photo or item"),
        ({"vector": [[1.0]]}, "needs vector, and photo or item"),
        (ragged, "its vectors have several lengths"),
    ):
        parquet.write_table(pyarrow.table(table), file)
        with pytest.raises(BadDataset, match=said):
            read_vector_file(file)
    file.write_bytes(b"PAR1 nothing")
    with pytest.raises(BadDataset, match=r"made\.parquet cannot be read"):
        read_vector_file(file)
