"""What a catalogue holds, for the tests of several commands."""

from pathlib import Path

from tiefvision.catalogue.living.current import current_of
from tiefvision.catalogue.living.ledger import known_photos
from tiefvision.catalogue.living.rows import shown_path
from tiefvision.store.table import Table
from tiefvision.workspace.artifacts import Workspace


def rows_of(run):
    """Items by the path of their photograph, as a search shows it."""
    workspace = Workspace(run)
    current = current_of(workspace)
    with Table(workspace.path("catalogue")) as table, table.read() as now:
        photos = list(known_photos(now, current.key))
    root = Path(current.root)
    return {shown_path(photo.file, root): photo.facts.item for photo in photos}
