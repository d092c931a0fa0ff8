"""Photographs of every kind are searched, or refused with a sentence."""

import io
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

SHARED = Path(os.environ.get("TIEFVISION_SHARED", "../shared"))
CASES = SHARED / "cases"

NOISE = np.random.default_rng(0).integers(0, 255, (96, 64, 3), dtype=np.uint8)
PHOTO = Image.fromarray(NOISE).resize((256, 384))


def content(photo: Image.Image, kind: str, **how: Any) -> bytes:
    """A photograph as the content of a file."""
    buffer = io.BytesIO()
    photo.save(buffer, kind, **how)
    return buffer.getvalue()


def turned(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return content(PHOTO, "JPEG", exif=exif.tobytes())


GREY = PHOTO.convert("L")
DEEP = Image.fromarray(np.asarray(GREY).astype(np.uint16) * 257)

TAKEN = {
    "upright": (turned(1), (256, 384)),
    "turned": (turned(6), (384, 256)),
    "no orientation": (turned(99), (256, 384)),
    "grey": (content(GREY, "JPEG"), (256, 384)),
    "cmyk": (content(PHOTO.convert("CMYK"), "JPEG"), (256, 384)),
    "palette": (content(PHOTO.convert("P"), "PNG", transparency=0), (256, 384)),
    "clear": (content(Image.new("RGBA", (90, 60), (0, 0, 0, 0)), "PNG"), (90, 60)),
    "one bit": (content(PHOTO.convert("1"), "PNG"), (256, 384)),
    "16 bits": (content(DEEP, "PNG"), (256, 384)),
    "webp": (content(PHOTO, "WEBP"), (256, 384)),
    "thin": (content(PHOTO.resize((16, 2000)), "PNG"), (16, 2000)),
}

REFUSED = {
    "one pixel": content(PHOTO.resize((1, 1)), "PNG"),
    "too many pixels": content(Image.new("1", (20_000, 20_000)), "PNG"),
    "half": content(PHOTO, "JPEG")[:9000],
    "header": content(PHOTO, "JPEG")[:200],
    "gif": content(PHOTO, "GIF"),
    "bmp": content(PHOTO, "BMP"),
    "svg": b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
    "page": b"<!doctype html><title>404</title>",
    "zeros": bytes(1000),
}


@pytest.mark.parametrize("name", TAKEN)
def test_it_is_searched(client: TestClient, name: str) -> None:
    sent, size = TAKEN[name]
    told = client.post("/api/photos", content=sent)
    assert told.status_code == 200, told.text
    photo = told.json()
    assert (photo["width"], photo["height"]) == size
    page = client.get(f"/search?photo={photo['photo']}&whole=1")
    assert page.status_code == 200
    assert 'class="hit' in page.text
    picture = client.get(f"/pictures/{photo['photo']}")
    with Image.open(io.BytesIO(picture.content)) as shown:
        assert (shown.width > shown.height) == (size[0] > size[1])


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_with_a_sentence(client: TestClient, name: str) -> None:
    for path in ("/api/photos", "/api/search?whole=1"):
        answer = client.post(path, content=REFUSED[name])
        assert answer.status_code == 422, answer.text
        assert answer.json()["detail"].startswith("Cannot read the photograph")


@pytest.mark.real
@pytest.mark.skipif(not CASES.is_dir(), reason="the broken photographs are not there")
def test_broken_photographs_that_others_collected(
    client: TestClient, street: Path, tmp_path: Path
) -> None:
    make = CASES / "make_odd_photos.py"
    subprocess.run([sys.executable, make, street, tmp_path / "odd"], check=True)
    files = [*(tmp_path / "odd").iterdir(), *CASES.glob("*.jpg")]
    statuses = set()
    for file in files:
        sent = file.read_bytes()
        answer = client.post("/api/search?whole=1&k=1", content=sent)
        assert answer.status_code == (200 if sent else 400) or (
            answer.status_code == 422
            and answer.json()["detail"].startswith("Cannot read the photograph")
        ), (file.name, answer.text)
        statuses.add(answer.status_code)
    assert statuses == {200, 400, 422}
