import json
from dataclasses import replace

from tiefvision.catalogue.partitions import partition
from tiefvision.catalogue.partitions.partition import Partition, Photograph, cut

PHOTOS = [
    Photograph(f"{n}.jpg", f"/shop/{n}.jpg", f"{n:064x}", (n, 1, 2)) for n in range(10)
]


def test_photographs_are_cut_in_their_order(monkeypatch):
    monkeypatch.setattr(partition, "SIZE", 4)
    parts = cut("key", ("maps", "colours"), PHOTOS)
    assert [len(part.photos) for part in parts] == [4, 4, 2]
    assert [photo for part in parts for photo in part.photos] == PHOTOS
    assert cut("key", ("colours", "maps"), PHOTOS) == parts
    assert cut("key", ("maps",), []) == []


def test_equal_work_has_an_equal_name_and_other_work_another(monkeypatch):
    monkeypatch.setattr(partition, "SIZE", 10)
    (part,) = cut("key", ("maps",), PHOTOS)
    again = Partition.from_record(json.loads(json.dumps(part.to_record())))
    assert again == part and again.name == part.name
    others = [
        replace(part, key="other"),
        replace(part, needs=("maps", "pixels")),
        replace(part, photos=part.photos[1:]),
        replace(part, photos=(replace(PHOTOS[0], content="f" * 64), *PHOTOS[1:])),
    ]
    assert len({part.name, *(other.name for other in others)}) == 5


def test_what_cannot_be_hashed_is_named_by_its_path():
    assert Photograph("a.jpg", "/shop/a.jpg", "", (0, 0, 0)).name == "a.jpg"
    assert Photograph("a.jpg", "/shop/a.jpg", "0f", (0, 0, 0)).name == "0f"
