import hashlib
import os

from tiefvision.workspace.provenance import (
    file_hash,
    files_fingerprint,
)


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
