import pytest

from tiefvision.groups import known_group


@pytest.mark.parametrize(
    ("category", "group"),
    [
        ("dress", "full"),
        ("Dresses", "full"),
        ("T-Shirts", "upper"),
        ("Women > Jackets", "outer"),
        ("women/blouses ", "upper"),
        ("Jeans", "lower"),
        ("lower", "lower"),
        ("Outfit", "outfit"),
        ("Sale", ""),
        ("Dresses & Skirts", ""),
        ("", ""),
        ("s", ""),
    ],
)
def test_a_category_of_a_shop_tells_a_group_or_none(category, group):
    assert known_group(category) == group
