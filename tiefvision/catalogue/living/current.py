"""The collection that searches in a workspace use; imports no NumPy."""

from tiefvision.catalogue.living.collection import Collection, current_collection
from tiefvision.store.table import Table
from tiefvision.workspace.artifacts import CATALOGUE, Workspace


def current_of(workspace: Workspace) -> Collection | None:
    """The collection that searches in a workspace use; None if there is none.

    Raises:
        StaleArtifact: The catalogue was written by an earlier release, or is damaged.
    """
    if not workspace.holds(CATALOGUE):
        return None
    with Table(workspace.path(CATALOGUE)) as table, table.read() as snapshot:
        return current_collection(snapshot)
