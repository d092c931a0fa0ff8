"""Words of messages that depend on a number."""


def counted(number: int, noun: str, plural: str = "") -> str:
    """A number and what it counts.

    >>> counted(1, "item"), counted(1200, "item"), counted(0, "match", "matches")
    ('1 item', '1,200 items', '0 matches')

    Args:
        number: the number.
        noun: what it counts, of which there is one.
        plural: what it counts, of which there are several; "" for the noun with an s.
    """
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"


def value_text(value: str | float) -> str:
    """A value of a column as text, a whole number without a point.

    >>> value_text(49.9), value_text(38.0), value_text("red")
    ('49.9', '38', 'red')
    """
    return value if isinstance(value, str) else f"{value:.15g}"
