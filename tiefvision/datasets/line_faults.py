"""What is wrong with single lines of a table: the first of each kind are told."""

from pathlib import Path

MOST_TOLD = 5
"""Problems of one kind that are told one by one."""


class LineFaults:
    """Gathers what is wrong with the lines of a file.

    Args:
        file: the file, which every sentence names.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._sentences: dict[str, list[str]] = {}

    def add(self, line: int, fault: str, kind: str) -> None:
        """Note a fault.

        Args:
            line: number of the line, from 1.
            fault: what is wrong, to go on behind "line 7", such as ": ... is missing."
            kind: the same of several lines, to go on behind "and 37 more", such as
                "rows are too short".
        """
        sentence = f"{self._file}, line {line}{fault}"
        self._sentences.setdefault(kind, []).append(sentence)

    def told(self) -> list[str]:
        """The first sentences of each kind, and how many more there are."""
        told = []
        for kind, sentences in self._sentences.items():
            told += sentences[:MOST_TOLD]
            if len(sentences) > MOST_TOLD:
                told.append(
                    f"{self._file}: and {len(sentences) - MOST_TOLD} more {kind}."
                )
        return told


def listed(names: list[str]) -> str:
    """The first names, and how many more there are.

    >>> listed(["a", "b"]), listed(list("abcdefg"))
    ('a, b', 'a, b, c, d, e and 2 more')
    """
    more = len(names) - MOST_TOLD
    return ", ".join(names[:MOST_TOLD]) + (f" and {more} more" if more > 0 else "")
