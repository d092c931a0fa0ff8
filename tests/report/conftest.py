import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tiefvision.report.markup import _environment

EMPTY_ELEMENTS = {"img", "meta"}


class Outline(HTMLParser):
    """Tags, texts and attributes of a page; fails where tags do not match."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in EMPTY_ELEMENTS:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.text += data


def parse_page(page: str) -> Outline:
    """What a page holds, if it is whole and needs nothing from elsewhere."""
    outline = Outline()
    outline.feed(page)
    outline.close()
    assert outline.open == []
    # What stands on several lines of a template is one line in a browser.
    outline.text = " ".join(outline.text.split())
    assert "script" not in outline.tags
    for name, value in outline.attributes:
        assert not name.startswith("on")
        assert name not in {"srcset", "action"}
        # A link is followed by a click alone.
        assert name != "href" or str(value).startswith(("http://", "https://"))
        assert name != "src" or str(value).startswith("data:image/jpeg;base64,")
    return outline


@pytest.fixture
def parse() -> Callable[[str], Outline]:
    return parse_page


@pytest.fixture
def macro() -> Callable[..., ElementTree.Element]:
    """Renders a macro of ``macros.html.j2`` that gives one XML element."""

    def rendered(name: str, *views: object) -> ElementTree.Element:
        macros = _environment().get_template("macros.html.j2").module
        html = str(getattr(macros, name)(*views))
        return ElementTree.fromstring(re.sub("(<img [^>]*)>", r"\1/>", html))

    return rendered


@pytest.fixture
def photo_file(tmp_path: Path) -> Path:
    """Grey, 240 wide and 320 high."""
    path = tmp_path / "street.png"
    Image.fromarray(np.full((320, 240, 3), 90, dtype=np.uint8)).save(path)
    return path
