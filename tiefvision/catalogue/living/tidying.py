"""Deleting what nothing refers to any more, and what killed runs left behind."""

from tiefvision.catalogue.living.collection import current_collection, read_collection
from tiefvision.catalogue.living.ledger import delete_description, prefixes_of
from tiefvision.catalogue.living.spaces import delete_all, delete_space
from tiefvision.store.table import Table

BLOCK = 1024
"""Keys looked at in one transaction."""


def delete_collection(table: Table, key: str) -> None:
    """Delete a collection that is not searched, in several transactions."""
    with table.read() as snapshot:
        collection = read_collection(snapshot, key)
    for space in collection.spaces.values() if collection else ():
        delete_space(table, key, space.name)
    delete_all(table, [f"vector/{key}/", *prefixes_of(key)])
    with table.write() as changes:
        changes.delete(f"collection/{key}")


def tidy(table: Table) -> None:
    """Delete other collections than the current one, and what is left of killed runs.

    The caller holds the writer's lock.
    """
    with table.read() as snapshot:
        current = current_collection(snapshot)
        others = list(snapshot.keys("collection/"))
    if current is None:
        return
    for key in others:
        if key != current.key:
            delete_collection(table, key)
    kept = {space.name for space in current.spaces.values()}
    with table.read() as snapshot:
        learnt = set(snapshot.keys("reduction/"))
    for name in (_spaces_with_vectors(table, current.key) | learnt) - kept:
        delete_space(table, current.key, name)
    _delete_unused_descriptions(table, current.key)


def _spaces_with_vectors(table: Table, key: str) -> set[str]:
    """Names of all spaces that hold an embedding; looks at one key of each."""
    found: set[str] = set()
    prefix, after = f"vector/{key}/", ""
    with table.read() as snapshot:
        while (name := next(snapshot.keys(prefix, after), None)) is not None:
            space = name.rsplit("/", 1)[0]
            found.add(space)
            after = f"{space}0"  # "0" sorts just behind "/"
    return found


def _delete_unused_descriptions(table: Table, key: str) -> None:
    after = ""
    while True:
        with table.write() as changes:
            names = changes.keys(f"crop/{key}/", after)
            block = [name for name, _ in zip(names, range(BLOCK), strict=False)]
            for content in block:
                if next(changes.keys(f"content/{key}/{content}/"), None) is None:
                    delete_description(changes, f"{key}/{content}")
        if len(block) < BLOCK:
            return
        after = block[-1]
