"""Photographs, labels and judgements of tests."""

from dataclasses import replace

from tiefvision.labels.records import Judgement, KnownPhoto, PhotoLabel
from tiefvision.records import Garment, Photo

SKIRT = Garment("lower", (10.0, 20.0, 60.0, 110.0), label="skirt")
OUTFIT = Garment("outfit", (5.0, 2.0, 95.0, 198.0))


def known(name, origin="dataset", **facts):
    """A photograph of 100 x 200 pixels."""
    root = facts.pop("root", "/nowhere")
    source = "street" if origin != "catalogue" else "shop"
    photo = Photo(name, 100, 200, source, "train", **facts)
    return KnownPhoto(origin, photo, "" if origin == "upload" else root)


def label(name="a.jpg", *garments, state=None, **more):
    """A label; the photograph shows nothing if no garments are given."""
    state = state or ("boxes" if garments else "nothing")
    return PhotoLabel(known(name), state, garments, **more)


def judgement(reference, closer, further, **more):
    """A judgement of three photographs by their names."""
    return Judgement(known(reference), known(closer), known(further), **more)


def numbered(*judgements):
    """Judgements as a store would give them."""
    return [replace(one, number=place) for place, one in enumerate(judgements, 1)]


def facts(labels):
    """What is told of some labels."""
    return [(one.photo.photo.path, one.state, one.garments, one.who) for one in labels]
