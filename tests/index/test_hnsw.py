import os
import resource
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from tiefvision.errors import StaleArtifact, TiefVisionError
from tiefvision.index.hnsw import (
    HnswSettings,
    build_index,
    index_from_bytes,
    load_index,
)
from tiefvision.index.neighbours import recall_of_neighbours, search_exactly


def unit_rows(count, length=64, seed=0):
    rows = np.random.default_rng(seed).standard_normal((count, length))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


GALLERY = unit_rows(500)
QUERIES = unit_rows(40, seed=1)


@pytest.fixture(scope="module")
def index():
    return build_index(GALLERY)


def test_the_graph_finds_what_exact_search_finds(index):
    found, exact = index.search(QUERIES, 10), search_exactly(QUERIES, GALLERY, 10)
    assert found.rows.shape == (40, 10)
    assert recall_of_neighbours(found, exact) >= 0.95


def test_similarities_are_cosines_in_descending_order(index):
    found = index.search(QUERIES, 10)
    for query, rows, similarities in zip(
        QUERIES, found.rows, found.similarities, strict=True
    ):
        np.testing.assert_allclose(similarities, GALLERY[rows] @ query, atol=1e-5)
        assert np.all(np.diff(similarities) <= 0)
        assert len(set(rows.tolist())) == 10
    assert found.rows.dtype == np.int64
    assert found.similarities.dtype == np.float32


def test_equal_and_opposite_vectors_stay_in_the_range():
    rows = unit_rows(1, length=16)
    found = build_index(np.concatenate([rows, -rows])).search(rows, 2)
    assert found.rows.tolist() == [[0, 1]]
    assert found.similarities[0] == pytest.approx([1.0, -1.0], abs=1e-5)
    assert np.abs(found.similarities).max() <= 1.0


def test_more_neighbours_than_the_search_effort():
    """NMSLIB alone never returns more rows than its search effort."""
    index = build_index(GALLERY, HnswSettings(search_effort=20))
    assert index.search(QUERIES, 300).rows.shape == (40, 300)


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_a_gallery_smaller_than_k(rows):
    gallery = unit_rows(rows)
    found = build_index(gallery).search(gallery, 10)
    assert found.rows.shape == (rows, rows)
    assert found.rows[:, 0].tolist() == list(range(rows))


def test_another_search_effort():
    index = build_index(GALLERY, HnswSettings(search_effort=10))
    exact = search_exactly(QUERIES, GALLERY, 10)
    low = recall_of_neighbours(index.search(QUERIES, 10), exact)
    assert recall_of_neighbours(index.search(QUERIES, 10, effort=400), exact) > low
    # The effort of one search is not that of the next.
    assert recall_of_neighbours(index.search(QUERIES, 10), exact) == low
    other = index.with_search_effort(400)
    assert other.settings == HnswSettings(search_effort=400)
    assert recall_of_neighbours(other.search(QUERIES, 10), exact) > low


def test_threads_that_ask_for_more_do_not_disturb_each_other():
    """NMSLIB has one search effort for all threads, which bounds what they get."""
    index = build_index(GALLERY, HnswSettings(search_effort=10))
    wanted = [10, 200, 300, 400] * 25
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda k: index.search(QUERIES[:3], k), wanted))
    assert [one.rows.shape[1] for one in found] == wanted


def test_the_index_survives_as_bytes(index):
    content = index.to_bytes()
    restored = index_from_bytes(content, rows=len(GALLERY))
    expected, found = index.search(QUERIES, 7), restored.search(QUERIES, 7)
    assert np.array_equal(found.rows, expected.rows)
    assert np.array_equal(found.similarities, expected.similarities)
    assert restored.rows == index.rows == 500


def test_the_index_survives_in_a_file(index, tmp_path):
    file = tmp_path / os.fsdecode(b"caf\xe9.hnsw")  # a name that is not text
    index.save(file)
    assert len(file.read_bytes()) == len(index.to_bytes())
    found = load_index(file, rows=500).search(QUERIES, 7)
    assert np.array_equal(found.rows, index.search(QUERIES, 7).rows)
    index_of_two = build_index(GALLERY[:2])
    index_of_two.save(file)  # over a longer file
    assert load_index(file, rows=2).search(QUERIES, 7).rows.shape == (40, 2)


def test_a_file_of_another_graph_or_a_part_of_one_is_refused(index, tmp_path):
    """NMSLIB itself would end the process, or give wrong similarities."""
    content = index.to_bytes()
    cosine = content[:56] + (3).to_bytes(4, "little") + content[60:]
    others = {
        "another count": (content, 499),
        "an earlier release": (cosine, 500),
        "a half": (content[: len(content) // 2], 500),
        "the beginning": (content[:50], 500),
        "nothing": (b"", 500),
        "a text": (b"no graph at all " * 100_000, 500),
    }
    for name, (changed, rows) in others.items():
        (tmp_path / "graph").write_bytes(changed)
        with pytest.raises(StaleArtifact, match=f"index of {rows} rows is damaged"):
            pytest.fail(f"{name}: {load_index(tmp_path / 'graph', rows)}")
        with pytest.raises(StaleArtifact, match="Run: tiefvision index"):
            pytest.fail(f"{name}: {index_from_bytes(changed, rows)}")


def test_an_empty_index_in_a_file(tmp_path):
    build_index(GALLERY[:0]).save(tmp_path / "none")
    loaded = load_index(tmp_path / "none", rows=0)
    assert loaded.search(QUERIES, 7).rows.shape == (40, 0)


def test_a_file_that_cannot_be_is_named_with_the_reason(index, tmp_path):
    missing = tmp_path / "missing" / "file"
    with pytest.raises(TiefVisionError) as caught:
        index.save(missing)
    reason = f"the index {missing}: no such file or directory."
    assert caught.value.message == f"NMSLIB cannot write {reason}"
    with pytest.raises(TiefVisionError) as caught:
        load_index(missing, rows=500)
    assert caught.value.message == f"NMSLIB cannot read {reason}"
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(TiefVisionError, match="it is a pipe and no file"):
        load_index(tmp_path / "pipe", rows=500)  # and waits for nobody


def test_rows_that_are_not_contiguous():
    index = build_index(GALLERY[::5])
    queries = np.asfortranarray(QUERIES)
    found, exact = index.search(queries, 5), search_exactly(QUERIES, GALLERY[::5], 5)
    assert np.array_equal(found.rows, exact.rows)


def run_python(script):
    return subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )


def test_empty_galleries_and_queries():
    """In a separate process, because NMSLIB crashes instead of raising."""
    done = run_python(
        "import numpy as np\n"
        "from tiefvision.index.hnsw import build_index, index_from_bytes\n"
        "nothing, rows = np.empty((0, 4), np.float32), np.eye(4, dtype=np.float32)\n"
        "empty = build_index(nothing)\n"
        "restored = index_from_bytes(empty.to_bytes(), rows=0)\n"
        "for index in (empty, restored):\n"
        "    print(index.search(rows, 3).rows.shape, index.rows)\n"
        "print(build_index(rows).search(nothing, 3).similarities.shape)\n"
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["(4, 0) 0", "(4, 0) 0", "(0, 0)"]


def test_importing_nmslib_prints_nothing_and_keeps_stderr_open():
    done = run_python(
        "import sys, numpy as np\n"
        "from tiefvision.index.hnsw import build_index\n"
        "index = build_index(np.eye(3, dtype=np.float32))\n"
        "print(index.search(np.eye(3, dtype=np.float32), 1).rows.ravel().tolist())\n"
        "print('still heard', file=sys.stderr)\n"
    )
    assert done.stdout == "[0, 1, 2]\n"
    assert done.stderr == "still heard\n"


def test_nmslib_is_imported_only_where_it_is_needed():
    done = run_python(
        "import sys, tiefvision.index.hnsw\nprint('nmslib' in sys.modules)\n"
    )
    assert done.stdout == "False\n"


@pytest.mark.skipif(not hasattr(os, "memfd_create"), reason="Linux keeps it in memory")
def test_the_temporary_folder_is_not_used(index, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    found = index_from_bytes(index.to_bytes(), rows=len(GALLERY)).search(QUERIES, 7)
    assert np.array_equal(found.rows, index.search(QUERIES, 7).rows)


def test_another_system_uses_the_temporary_folder(index, tmp_path, monkeypatch):
    monkeypatch.delattr(os, "memfd_create", raising=False)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    found = index_from_bytes(index.to_bytes(), rows=len(GALLERY)).search(QUERIES, 7)
    assert np.array_equal(found.rows, index.search(QUERIES, 7).rows)
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    with pytest.raises(TiefVisionError, match=r"NMSLIB cannot write.*missing"):
        index.to_bytes()


def test_no_room_for_the_index_is_a_sentence(index):
    """A limit on the size of files holds for files in memory as well."""
    content = index.to_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (65_536, limits[1]))
    try:
        with pytest.raises(TiefVisionError, match="NMSLIB cannot write the index"):
            index.to_bytes()
        with pytest.raises(TiefVisionError, match=r"cannot read the index.*too large"):
            index_from_bytes(content, rows=len(GALLERY))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_a_library_that_fails_to_load_is_a_sentence():
    done = run_python(
        "import sys, numpy as np\n"
        "class Broken:\n"
        "    def find_spec(self, name, path, target=None):\n"
        "        if name == 'nmslib':\n"
        "            raise ImportError('of another machine')\n"
        "sys.meta_path.insert(0, Broken())\n"
        "from tiefvision.errors import StaleArtifact, TiefVisionError\n"
        "from tiefvision.index.hnsw import build_index\n"
        "try:\n"
        "    build_index(np.eye(3, dtype=np.float32))\n"
        "except TiefVisionError as error:\n"
        "    print(error)\n"
    )
    assert done.stdout == (
        "NMSLIB cannot be imported: of another machine. Run: pip install nmslib\n"
    )


def test_importing_nmslib_with_stderr_closed():
    done = run_python(
        "import os, sys, numpy as np\n"
        "os.close(2)\n"
        "sys.stderr = None\n"
        "from tiefvision.index.hnsw import build_index\n"
        "print(build_index(np.eye(3, dtype=np.float32)).rows)\n"
    )
    assert (done.returncode, done.stdout) == (0, "3\n")
