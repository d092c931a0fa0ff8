import hashlib
import os

import pytest

from tiefvision.workspace.provenance import (
    code_fingerprint,
    file_hash,
    files_fingerprint,
)

SOURCE = '''"""A module."""

from tiefvision.boxes import iou

LIMIT = 3


def run(value: int) -> int:
    """Add."""
    return value + LIMIT
'''


@pytest.fixture
def fingerprint(tmp_path):
    """Of source text; a file for each, because a process reads a file once."""

    def of(source):
        path = tmp_path / f"{hashlib.md5(source.encode()).hexdigest()}.py"
        path.write_text(source, "utf-8")
        return code_fingerprint(path)

    return of


@pytest.mark.parametrize(
    "changes",
    [
        {"LIMIT = 3": "LIMIT = 3  # three"},
        {'"""Add."""': '"""Add the limit,\n    and nothing else."""'},
        {'"""A module."""': '"""Another sentence."""'},
        {"value + LIMIT": "(\n        value\n        + LIMIT\n    )"},
    ],
    ids=["comment", "docstring", "module docstring", "layout"],
)
def test_words_and_layout_do_not_count(fingerprint, changes):
    changed = SOURCE
    for old, new in changes.items():
        assert old in changed
        changed = changed.replace(old, new)
    assert fingerprint(changed) == fingerprint(SOURCE)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("LIMIT = 3", "LIMIT = 4"),
        ("value + LIMIT", "value - LIMIT"),
        ("import iou", "import as_box"),
        ("from tiefvision.boxes import iou", ""),
        ("return value + LIMIT", 'return "Add."'),
    ],
    ids=["constant", "operator", "name", "import", "string"],
)
def test_what_computes_counts(fingerprint, old, new):
    assert old in SOURCE
    assert fingerprint(SOURCE.replace(old, new)) != fingerprint(SOURCE)


def test_modules_that_are_imported_count_all_the_way_down(monkeypatch, tmp_path):
    from tiefvision.workspace import provenance

    def package_with(limit):
        """A package in which a imports b, which imports c."""
        root = tmp_path / str(limit)
        root.mkdir()
        texts = {
            "a": "from tiefvision.b import f",
            "b": "def f():\n    from tiefvision import c\n    return c.LIMIT",
            "c": f"LIMIT = {limit}",
        }
        for name, text in texts.items():
            (root / f"{name}.py").write_text(text)
        monkeypatch.setattr(
            provenance,
            "_module_file",
            lambda name: next(
                (f for f in root.glob("*.py") if f"tiefvision.{f.stem}" == name), None
            ),
        )
        return code_fingerprint(root / "a.py")

    assert package_with(1) != package_with(2)


def test_files_are_known_by_name_size_and_time(tmp_path):
    paths = [tmp_path / "a.jpg", tmp_path / "b.jpg"]
    for path in paths:
        path.write_bytes(b"12345")
        os.utime(path, ns=(0, 0))
    before = files_fingerprint(tmp_path, paths)
    assert files_fingerprint(tmp_path, reversed(paths)) == before
    assert files_fingerprint(tmp_path, paths[:1]) != before
    os.utime(paths[0], ns=(0, 1))
    assert files_fingerprint(tmp_path, paths) != before
    os.utime(paths[0], ns=(0, 0))
    assert files_fingerprint(tmp_path, paths) == before
    paths[0].write_bytes(b"123456")
    os.utime(paths[0], ns=(0, 0))
    assert files_fingerprint(tmp_path, paths) != before


def test_a_folder_that_was_moved_has_the_same_fingerprint(tmp_path):
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "a.jpg").write_bytes(b"1")
    before = files_fingerprint(tmp_path / "one", [tmp_path / "one" / "a.jpg"])
    (tmp_path / "one").rename(tmp_path / "two")
    after = files_fingerprint(tmp_path / "two", [tmp_path / "two" / "a.jpg"])
    assert before == after


def test_the_hash_of_a_file_is_its_sha256(tmp_path):
    (tmp_path / "a").write_bytes(b"content" * 10_000)
    assert file_hash(tmp_path / "a") == hashlib.sha256(b"content" * 10_000).hexdigest()
