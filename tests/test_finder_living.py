"""The front door to a catalogue that changes while it is searched."""

import shutil

import pytest

import tiefvision
from tiefvision.store.locking import release_lock, take_lock


@pytest.fixture
def shop(dataset, tmp_path):
    """Four photographs of items, in a folder of their own."""
    folder = tmp_path / "shop"
    folder.mkdir()
    for file in sorted((dataset / "images" / "shop").glob("*.jpg"))[:4]:
        shutil.copy(file, folder)
    return folder


def found(finder, photo):
    return [hit.photo for hit in finder.search(photo, whole=True, k=20)[0].hits]


def test_a_search_sees_every_change_at_once(run, shop, street, street_photos):
    new = shop / "new.jpg"
    shutil.copy(street, new)
    with tiefvision.load(run) as finder, tiefvision.load(run) as other:
        finder.index(shop)
        catalogue = finder.catalogue()
        assert found(finder, street)[0] == found(other, street)[0] == "new.jpg"
        report = catalogue.remove(["new"])
        assert (report["removed"], report["kept"], report["skipped"]) == (1, 4, [])
        for one in (finder, other):
            assert "new.jpg" not in found(one, street)
            assert len(found(one, street)) == 4
        assert catalogue.add([new])["added"] == 1
        assert found(finder, street)[0] == found(other, street)[0] == "new.jpg"
        shutil.copy(street_photos[1], new)
        (hit, *_) = finder.search(street, whole=True)[0].hits
        assert (hit.photo, hit.file_state) == ("new.jpg", "changed")
        assert catalogue.sync(shop)["changed"] == 1
        (hit, *_) = other.search(street_photos[1], whole=True)[0].hits
        assert (hit.photo, hit.file_state) == ("new.jpg", "")
        new.unlink()
        (hit, *_) = other.search(street_photos[1], whole=True)[0].hits
        assert (hit.photo, hit.file_state) == ("new.jpg", "gone")
        assert catalogue.status()["gone"] == 1
        assert catalogue.compact()["graphs"] == 0


def test_all_that_can_be_searched_may_go_and_come_back(run, shop, street):
    with tiefvision.load(run) as finder:
        finder.index(shop)
        catalogue = finder.catalogue()
        items = [path.stem for path in shop.iterdir()]
        assert catalogue.remove(items)["photos"] == 0
        assert found(finder, street) == []
        assert catalogue.sync(shop)["added"] == 4
        assert len(found(finder, street)) == 4


def test_a_catalogue_that_was_made_anew_is_opened_by_the_next_search(run, shop, street):
    with tiefvision.load(run) as finder:
        finder.index(shop)
        assert len(found(finder, street)) == 4
        for file in run.glob("catalogue.lmdb*"):
            file.unlink()
        next(shop.iterdir()).unlink()
        with tiefvision.load(run) as other:
            other.index(shop)
        with pytest.raises(tiefvision.StaleArtifact, match="was replaced"):
            found(finder, street)
        assert len(found(finder, street)) == 3


def test_a_ranker_that_was_trained_again_is_loaded_by_the_next_search(
    run, shop, street, run_stage
):
    """The old ranker's queries would be compared with the new one's embeddings."""

    def ask(finder):
        (answer,) = finder.search(street, whole=True, ranker="deeprank")
        return [(hit.photo, round(hit.similarity, 4)) for hit in answer.hits]

    with tiefvision.load(run) as finder:
        finder.index(shop)
        before = ask(finder)
        run_stage(run, "train_deeprank", seed=5)
        with tiefvision.load(run) as other:
            other.index(shop)
            after = ask(other)
        assert after != before
        with pytest.raises(tiefvision.StaleArtifact, match="by another deeprank"):
            ask(finder)
        assert ask(finder) == after


def test_nothing_to_add_and_a_second_writer_are_refused(run, shop):
    with tiefvision.load(run) as finder:
        catalogue = finder.catalogue()
        with pytest.raises(tiefvision.BadUsage, match="no path to add"):
            catalogue.add([])
        with pytest.raises(tiefvision.MissingArtifact, match="There is no catalogue"):
            catalogue.status()
        finder.index(shop)
        lock = take_lock(run / "catalogue.lmdb")
        with pytest.raises(tiefvision.StorageFull, match="is changing the catalogue"):
            catalogue.remove(["a"])
        release_lock(lock)
        assert catalogue.status()["photos"] == 4
