from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tiefvision.evaluation.intervals import Figure
from tiefvision.report.comparison_page import (
    ComparisonPage,
    Difference,
    Example,
    ExampleHit,
    RankerRow,
    render_comparison,
)
from tiefvision.report.gallery_map import GalleryMap, MapTile

HOSTILE = "\"'><script>alert(1)</script><img onerror=x src=http://e.org/>&amp;"

EMPTY = ComparisonPage("Nothing")


def ranker(name: str) -> RankerRow:
    index = {"recall_of_exact": 1.0, "embedding": 8, "bytes": 900}
    return RankerRow(
        name, f"what {name} is", {"recall@1": Figure(0.5, 0.4, 0.6)}, index
    )


def page_of(photo: Path, name: str = "deeprank", examples: int = 1) -> ComparisonPage:
    hits = (ExampleHit(photo, (0, 0, 50, 50), f"item {name}", 0.9, True),)
    shown = {"baseline": (), name: hits}
    far = {name: (replace(hits[0], item=f"far {name}", right=False),)}
    example = Example(photo, (1, 1, 90, 90), True, f"caption {name}", shown, far)
    tiles = (MapTile(photo, (0, 0, 50, 50), f"tile {name}"),) * 2
    cells = {"baseline": np.array([[0, 0], [1, 1]]), name: np.array([[1, 0], [0, 1]])}
    return ComparisonPage(
        title=f"title {name}",
        verdict=(f"verdict {name}", "second sentence"),
        terms=((f"label {name}", f"value {name}"),),
        notes=(f"note {name}",),
        rankers=(ranker("baseline"), ranker(name)),
        differences=(
            Difference(
                "deeprank minus baseline",
                {"recall@1": Figure(0.2, 0.1, 0.3)},
                {"recall@1": 0.0125},
            ),
        ),
        by_box=(ranker("baseline, whole"), ranker(f"{name}, whole")),
        recall_curves={"baseline": (0.3, 0.4), name: (0.5, 0.6)},
        history=(
            {"epoch": 0.0, "val_x": 0.1},
            {"epoch": 1.0, "loss": 3.0, "val_x": 0.2},
        ),
        trained=name,
        flips=(replace(example, caption="flip", farthest={}),) * (examples == 1),
        examples=(example,) * examples,
        gallery=GalleryMap(tiles, cells, 2),
    )


def test_everything_is_on_the_page(photo_file, parse):
    page = parse(render_comparison(page_of(photo_file)))
    wanted = (
        *("title", "verdict", "label", "value", "note", "item", "far", "caption"),
        "what",
    )
    for text in (f"{name} deeprank" for name in wanted):
        assert text in page.text
    assert "deeprank minus baseline" in page.text and "▲ +0.200" in page.text
    assert "p 0.013" in page.text and "baseline, whole" in page.text
    assert page.text.index("loss") < page.text.index("val x")
    assert page.tags.count("polyline") == 4  # two recall curves, loss and val_x
    assert page.tags.count("img") == 5  # query and hit, twice; the farthest once
    assert page.tags.count("i") == 4  # two photographs on two maps
    assert "Mean loss of the triplets" in page.text
    assert page.text.index("second sentence") < page.text.index("label deeprank")
    assert page.text.index("differ most") < page.text.index("caption deeprank")


def test_hostile_names_stay_text(tmp_path, parse):
    photo = tmp_path / "<script>alert(1)<!--.png"
    Image.new("RGB", (40, 40)).save(photo)
    page = parse(render_comparison(page_of(photo, HOSTILE)))
    assert page.text.count(HOSTILE) >= 10
    assert "<script>alert(1)<!--.png (mirrored)" in page.text


def test_an_empty_page_is_a_page(parse):
    page = parse(render_comparison(EMPTY))
    assert "h2" not in page.tags and page.text.count("Nothing") == 2


@pytest.mark.parametrize(
    ("field", "heading"),
    [
        ("verdict", "second sentence"),
        ("terms", "label deeprank"),
        ("notes", "note deeprank"),
        ("rankers", "Figures"),
        ("by_box", "By box"),
        ("recall_curves", "Recall@k"),
        ("history", "Training of deeprank"),
        ("examples", "Drawn at random"),
        ("flips", "Where the rankers differ most"),
        ("gallery", "Map of the gallery"),
    ],
)
def test_what_is_empty_is_left_out(photo_file, parse, field, heading):
    page = page_of(photo_file)
    assert heading in parse(render_comparison(page)).text
    empty = None if field == "gallery" else type(getattr(page, field))()
    without = replace(page, **{field: empty})
    assert heading not in parse(render_comparison(without)).text


@pytest.mark.parametrize(
    "history", [({"epoch": 1.0},), ({"loss": float("nan")},), ({}, {})]
)
def test_a_history_without_numbers_has_no_chart(history):
    assert "Training" not in render_comparison(replace(EMPTY, history=history))


def test_unreadable_photographs_leave_the_page_whole(tmp_path, parse):
    page = parse(render_comparison(page_of(tmp_path / "gone.jpg")))
    assert page.tags.count("img") == 5 and "gone.jpg" in page.text


def test_the_page_stays_under_5_mb(tmp_path, parse):
    noise = np.random.default_rng(0).integers(0, 256, (200, 300, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "noise.png")
    page = page_of(tmp_path / "noise.png", examples=200)
    html = render_comparison(page)
    assert 3_000_000 < len(html.encode()) < 5_000_000
    assert " of 200 examples" in parse(html).text


def test_the_fullest_page_of_noise_stays_under_5_mb(tmp_path, parse):
    """As many pictures as ``compare`` ever shows, none of which can be compressed."""
    noise = np.random.default_rng(0).integers(0, 256, (240, 180, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "noise.png")
    page = page_of(tmp_path / "noise.png")
    row = page.examples[0].hits["deeprank"] * 10
    both = {"baseline": row, "deeprank": row}
    flip = replace(page.flips[0], hits={name: hits[:5] for name, hits in both.items()})
    tiles = page.gallery.tiles[:1] * 150
    cells = np.stack(np.divmod(np.arange(150), 16), axis=1)
    full = replace(
        page,
        flips=(flip,) * 6,
        examples=(replace(page.examples[0], hits=both, farthest=both),) * 5,
        gallery=GalleryMap(tiles, {"baseline": cells, "deeprank": cells}, 16),
    )
    html = render_comparison(full)
    assert 2_000_000 < len(html.encode()) < 5_000_000
    page = parse(html)
    assert (page.tags.count("img"), page.tags.count("i")) == (6 * 11 + 5 * 41, 300)
    assert "Left out" not in page.text


def test_progress_is_shown_over_the_examples(photo_file):
    seen = []

    def track(items, description, total):
        seen.append(total)
        yield from items

    render_comparison(page_of(photo_file, examples=3), track)
    assert seen == [2, 3]  # the map's photographs, too
