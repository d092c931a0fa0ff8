import json
from dataclasses import asdict

import pytest

from tiefvision.datasets.survival import (
    IMPORT_RECORD,
    Share,
    Survival,
    read_survival,
    record_survival,
    survival_of,
)
from tiefvision.records import Photo

PUBLISHED = [
    Photo("a.jpg", 9, 9, "street", "test", "1"),
    Photo("b.jpg", 9, 9, "street", "test", "2"),
    Photo("c.jpg", 9, 9, "street", "train", "2"),
    Photo("d.jpg", 9, 9, "street", "test", "3"),
    Photo("e.jpg", 9, 9, "street", "test", ""),
    Photo("f.jpg", 9, 9, "shop", "test", "1"),
    Photo("g.jpg", 9, 9, "shop", "train", "2"),
    Photo("h.jpg", 9, 9, "shop", "test", ""),
]
"""a and b ask; what d asks for was never published, and e asks for nothing."""


@pytest.mark.parametrize(
    ("lost", "photos", "items", "queries"),
    [
        ("", 8, 3, 2),
        ("a", 7, 3, 1),
        ("f", 7, 3, 1),  # a is there, and has nothing to find
        ("af", 6, 2, 1),
        ("abcdefgh", 0, 0, 0),
    ],
)
def test_a_query_survives_with_a_shop_photograph(lost, photos, items, queries):
    written = [photo for photo in PUBLISHED if photo.path[0] not in lost]
    assert survival_of(PUBLISHED, written) == Survival(
        Share(8, photos), Share(3, items), Share(2, queries)
    )


def test_the_record_keeps_what_else_it_holds(tmp_path):
    survival = Survival(Share(20357, 12345), Share(2, 1), Share(4, 3))
    (tmp_path / IMPORT_RECORD).write_text('{"format": "street2shop"}')
    record_survival(tmp_path, survival)
    assert read_survival(tmp_path) == survival
    content = json.loads((tmp_path / IMPORT_RECORD).read_text())
    assert content == {"format": "street2shop", "survival": asdict(survival)}
    assert survival.in_words() == (
        "12,345 of 20,357 photographs, 1 of 2 items and 3 of 4 queries survive."
    )


@pytest.mark.parametrize(
    "content",
    [
        *(None, "{", "[]", "{}", '{"survival": 7}', '{"survival": {"photos": {}}}'),
        '{"survival": {"photos": {"published": "9", "surviving": 1}}}',
    ],
)
def test_a_dataset_without_a_record_tells_nothing(content, tmp_path):
    if content is not None:
        (tmp_path / IMPORT_RECORD).write_text(content)
    assert read_survival(tmp_path) is None
