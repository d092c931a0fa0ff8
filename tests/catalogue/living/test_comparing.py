"""What is new, changed and gone, compared with a model over random folders."""

import os

from hypothesis import given
from hypothesis import strategies as st

from tiefvision.catalogue.living.comparing import compare, hash_of, stamp_of
from tiefvision.catalogue.living.ledger import Facts, KnownPhoto

FILE = st.tuples(
    st.sampled_from("uvw"),  # content
    st.integers(0, 1),  # state of the file
    st.sampled_from("xy"),  # item
)
FOLDER = st.dictionaries(st.sampled_from("abcdefgh"), FILE)


@given(before=FOLDER, now=FOLDER, lost=st.sets(st.sampled_from("abcdefgh")))
def test_random_folders_are_compared_like_a_model(before, now, lost):
    known = {
        file: KnownPhoto(file, 0, content, (stamp, 0, 0), Facts(item))
        for file, (content, stamp, item) in before.items()
    }
    hashed = []

    def content_of(file):
        hashed.append(file)
        return now[file][0]

    def state_of(file):
        return None if file in lost else (now[file][1], 0, 0)

    listed = [(file, Facts(item)) for file, (_, _, item) in now.items()]
    found = compare(known, listed, content_of, state_of)

    new = {file for file in now if file not in before}
    # A file whose state is as it was is not read, whatever it holds.
    same = {
        file
        for file in set(now) & set(before) - lost
        if now[file][1:] == before[file][1:]
    }
    touched = {
        file
        for file in set(now) & set(before) - lost - same
        if (now[file][0], now[file][2]) == (before[file][0], before[file][2])
    }
    changed = set(now) - new - same - touched
    assert {one.file for one in found.new} == new
    assert {one.file for one in found.changed} == changed
    assert {one.file for one in found.touched} == touched
    assert found.kept == len(same | touched)
    assert set(hashed) == set(now) - same - lost
    for one in [*found.new, *found.changed]:
        missing = one.file in lost
        assert one.content == ("" if missing else now[one.file][0])
        assert one.stamp == ((0, 0, 0) if missing else (now[one.file][1], 0, 0))
        assert one.facts == Facts(now[one.file][2])


def test_the_state_of_a_file_tells_that_it_was_written(tmp_path):
    file = tmp_path / "a"
    file.write_bytes(b"one")
    before = stamp_of(str(file))
    assert before == stamp_of(str(file))
    assert before[0] == 3
    facts = file.stat()
    other = tmp_path / "b"
    other.write_bytes(b"two")
    os.utime(other, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    other.replace(file)  # of the same size, with the old time of modification
    after = stamp_of(str(file))
    assert after[:2] == before[:2]
    assert after != before
    assert stamp_of(str(other)) is None
    assert stamp_of("a\0b") is None


def test_the_content_of_what_cannot_be_read_is_unknown(tmp_path):
    file = tmp_path / "a"
    file.write_bytes(b"")
    assert len(hash_of(str(file))) == 64
    assert hash_of(str(tmp_path)) == hash_of(str(tmp_path / "none")) == ""
