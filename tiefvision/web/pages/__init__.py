"""The pages: a router for each; answers are HTML."""

from tiefvision.web.pages import (
    boxes,
    compare,
    gallery,
    looks,
    pictures,
    search,
    training,
    triplets,
)

PAGES = (looks, pictures, search, gallery, compare, boxes, triplets, training)
"""Modules with a ``router`` each."""
