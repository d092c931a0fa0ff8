import json
from dataclasses import replace

import pytest

from tiefvision.store.header import SCHEMA, Header

HEADER = Header("encode", 1, {"sides": (256, 384)}, {"photos": "d1"})


def test_a_header_survives_json():
    header = replace(HEADER, encoder={"name": "alexnet"}, count={"map": 3}, digest="d")
    back = Header.from_json(header.to_json())
    assert back.same_work(header)
    assert (back.encoder, back.count, back.digest) == (
        {"name": "alexnet"},
        {"map": 3},
        "d",
    )


def test_fields_known_after_the_work_do_not_make_it_different_work():
    done = replace(HEADER, encoder={"name": "x"}, details={"a": 1}, count={"map": 2})
    assert HEADER.same_work(replace(done, layout={"a": 1}, digest="d"))


@pytest.mark.parametrize(
    "change",
    [
        {"stage": "index"},
        {"version": 2},
        {"config": {"sides": (256,)}},
        {"inputs": {"photos": "d2"}},
        {"schema": SCHEMA + 1},
    ],
    ids=lambda change: next(iter(change)),
)
def test_changed_inputs_or_settings_are_different_work(change):
    assert not HEADER.same_work(replace(HEADER, **change))


def test_a_header_of_an_earlier_release_opens_and_is_due():
    """It has a fingerprint of the source where a header now has a version."""
    values = json.loads(HEADER.to_json())
    del values["version"]
    earlier = json.dumps(values | {"code": "5f2e", "digest": "d", "count": {"map": 3}})
    header = Header.from_json(earlier)
    assert (header.version, header.digest, header.count) == (0, "d", {"map": 3})
    assert (header.stage, header.inputs) == ("encode", {"photos": "d1"})
    assert not HEADER.same_work(header)
    assert not header.same_work(HEADER)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("null", "not the header"),
        ("[]", "not the header"),
        ('{"stage": "encode"}', "not the header"),
        ("{", "Expecting"),
        (b"\xff\xfe", "codec|Expecting|decode"),
        (replace(HEADER, schema=SCHEMA + 1).to_json(), f"schema {SCHEMA + 1}"),
        (json.dumps({**json.loads(HEADER.to_json()), "more": 1}), "not the header"),
    ],
)
def test_an_invalid_header_is_refused(text, message):
    with pytest.raises(ValueError, match=message):
        Header.from_json(text)
