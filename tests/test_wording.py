from tiefvision.wording import counted


def test_one_is_no_several():
    assert [counted(number, "photograph") for number in (0, 1, 2, 1234)] == [
        "0 photographs",
        "1 photograph",
        "2 photographs",
        "1,234 photographs",
    ]
    assert [counted(number, "match", "matches") for number in (1, 2)] == [
        "1 match",
        "2 matches",
    ]
