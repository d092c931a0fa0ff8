from tiefvision.catalogue.latest import Latest


def test_what_was_asked_for_last_is_kept_and_made_once():
    made, latest = [], Latest(2)

    def get(key):
        return latest.get(key, lambda: made.append(key) or key.upper())

    assert [get(key) for key in "abab"] == [*"ABAB"]
    assert made == ["a", "b"]
    get("a"), get("c")  # "b" was asked for longest ago
    get("a"), get("b")
    assert made == ["a", "b", "c", "b"]
    latest.clear()
    get("a")
    assert made[-1] == "a"


def test_nothing_is_a_value_too():
    made, latest = [], Latest(2)
    assert [latest.get(None, lambda: made.append(1)) for _ in range(3)] == [None] * 3
    assert made == [1]
