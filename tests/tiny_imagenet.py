"""A stand-in of Tiny ImageNet, drawn: its layout, with few classes of few pictures."""

import numpy as np
from PIL import Image, ImageDraw

WORDS = {
    "n01443537": "goldfish, Carassius auratus",
    "n02123045": "tabby, tabby cat",
    "n02124075": "Egyptian cat",
    "n02279972": "monarch, monarch butterfly, milkweed butterfly, Danaus plexippus",
    "n02963159": "cardigan",
    "n03977966": "police van, police wagon, paddy wagon, patrol wagon, wagon",
    "n04285008": "sports car, sport car",
    "n07734744": "mushroom",
}
"""Names of eight of the classes by their numbers."""

SIDE = 64
TRAIN, VAL = 14, 3
"""Pictures of a class."""


def write_tiny_imagenet(folder, train=TRAIN, val=VAL):
    """Writes the stand-in; the same pictures every time."""
    generator = np.random.default_rng(0)
    (folder / "val" / "images").mkdir(parents=True)
    (folder / "test" / "images").mkdir(parents=True)
    (folder / "wnids.txt").write_text("".join(f"{wnid}\n" for wnid in WORDS))
    words = {"n00001740": "entity", **WORDS}
    lines = (f"{wnid}\t{names}\n" for wnid, names in words.items())
    (folder / "words.txt").write_text("".join(lines))
    annotations = []
    for number, wnid in enumerate(WORDS):
        images = folder / "train" / wnid / "images"
        images.mkdir(parents=True)
        boxes = []
        for count in range(train):
            name = f"{wnid}_{count}.JPEG"
            box = _draw(images / name, number, generator)
            boxes.append("\t".join((name, *map(str, box))) + "\n")
        (images.parent / f"{wnid}_boxes.txt").write_text("".join(boxes))
        for count in range(val):
            name = f"val_{number * val + count}.JPEG"
            box = _draw(folder / "val" / "images" / name, number, generator)
            annotations.append("\t".join((name, wnid, *map(str, box))) + "\n")
    (folder / "val" / "val_annotations.txt").write_text("".join(annotations))
    _draw(folder / "test" / "images" / "test_0.JPEG", 0, generator)


def _draw(path, number, generator):
    """A figure of the class's colour and shape on a ground of any; its box."""
    ground, sides = generator.integers(0, 256, 3), generator.integers(24, 48, 2)
    left, top = generator.integers(0, SIDE - sides)
    box = (int(left), int(top), int(left + sides[0] - 1), int(top + sides[1] - 1))
    hue = [255 * (number >> bit & 1) for bit in range(3)]
    ink = tuple(int(one) for one in np.clip(hue + generator.normal(0, 40, 3), 0, 255))
    picture = Image.new("RGB", (SIDE, SIDE), tuple(int(one) for one in ground))
    draw = ImageDraw.Draw(picture)
    (draw.ellipse if number % 2 else draw.rectangle)(box, fill=ink)
    picture.save(path, quality=90)
    return box
