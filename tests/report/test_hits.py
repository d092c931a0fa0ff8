from tiefvision.report.hits import ExampleHit, hit_figures, query_figure


def found(photo_file):
    return [
        ExampleHit(photo_file, None, "coat-1", 0.91234, right=False),
        ExampleHit(photo_file, (0, 0, 9, 9), "coat-2", 0.8, right=True),
    ]


def test_the_right_hit_is_marked(photo_file):
    first, second = hit_figures(found(photo_file), 60, judged=True)
    assert (first.similarity, first.item, first.right) == ("0.912", "coat-1", False)
    assert (second.similarity, second.item, second.right) == ("0.800", "coat-2", True)
    # The second one has a box drawn into it.
    assert first.source != second.source


def test_nothing_is_marked_where_nobody_has_judged(photo_file):
    hits = hit_figures(found(photo_file), 60, judged=False)
    assert [hit.right for hit in hits] == [False, False]


def test_a_mirrored_query_says_so(photo_file):
    assert query_figure(photo_file, None).name == "street.png"
    mirrored = query_figure(photo_file, None, mirrored=True)
    assert mirrored.name == "street.png (mirrored)"


def test_places_are_counted_from_the_end_where_told(photo_file):
    _, second = hit_figures(found(photo_file), 60, judged=True)
    assert second.title == "2. coat-2, street.png"
    _, second = hit_figures(found(photo_file), 60, judged=True, from_end=True)
    assert second.title == "2. from the end: coat-2, street.png"


def test_the_right_hit_is_framed_and_ticked(photo_file, macro):
    row = macro("hits", hit_figures(found(photo_file), 60, judged=True))
    figures = list(row.iter("figure"))
    assert [figure.attrib.get("class") for figure in figures] == [None, "right"]
    scores = [figure.findtext("figcaption/b") for figure in figures]
    assert scores == ["0.912", "0.800 ✓"]


def test_no_hits_are_said_to_be_none(macro):
    assert macro("hits", ()).text == "Nothing found."
