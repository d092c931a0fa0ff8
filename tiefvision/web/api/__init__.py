"""The REST interface: a router for each subject; answers are JSON."""

from tiefvision.web.api import (
    health,
    items,
    jobs,
    label_files,
    labels,
    photos,
    search,
    triplets,
    why,
)

SUBJECTS = (health, photos, search, why, items, labels, triplets, label_files, jobs)
"""Modules with a ``router`` each, in the order of the description."""
