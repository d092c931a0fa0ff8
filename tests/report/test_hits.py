from tiefvision.report.hits import ExampleHit, hit_row, query_figure


def found(photo_file):
    return [
        ExampleHit(photo_file, None, "coat-1", 0.91234, right=False),
        ExampleHit(photo_file, (0, 0, 9, 9), "coat-2", 0.8, right=True),
    ]


def test_the_right_hit_is_framed_and_ticked(photo_file, parse):
    row = hit_row(found(photo_file), 60, wrapped=False, judged=True).html
    first, second = row.split("<figure ")[1:]
    assert 'class="right"' not in first and 'class="right"' in second
    assert parse(row).text == "0.912coat-10.800 ✓coat-2"


def test_nothing_is_framed_where_nobody_has_judged(photo_file):
    row = hit_row(found(photo_file), 60, wrapped=True, judged=False).html
    assert 'class="right"' not in row and "✓" not in row


def test_no_hits_are_said_to_be_none():
    assert "Nothing found" in hit_row([], 60, wrapped=True, judged=True).html


def test_a_mirrored_query_says_so(photo_file, parse):
    assert parse(query_figure(photo_file, None).html).text == "street.png"
    mirrored = query_figure(photo_file, None, mirrored=True).html
    assert parse(mirrored).text == "street.png (mirrored)"


def test_places_are_counted_from_the_end_where_told(photo_file):
    row = hit_row(found(photo_file), 60, wrapped=False, judged=True).html
    assert 'title="2. coat-2, street.png"' in row
    row = hit_row(found(photo_file), 60, wrapped=False, judged=True, from_end=True).html
    assert 'title="2. from the end: coat-2, street.png"' in row
