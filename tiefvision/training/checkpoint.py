"""Checkpoints of a training run that writes a weights file instead of an artifact."""

import json
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from tiefvision.errors import StaleArtifact
from tiefvision.files import replace_file
from tiefvision.training.loop import Figures, Snapshot


@dataclass(frozen=True)
class FileMemory:
    """Stores the last snapshot in a safetensors file, which is replaced atomically.

    Attributes:
        path: path of the file.
        settings: digest of everything that the training depends on; a file with
            another digest is refused.
    """

    path: Path
    settings: str

    def recall(self) -> Snapshot | None:
        """The last snapshot of an interrupted run; None if there is none.

        Raises:
            StaleArtifact: The file is damaged, or of a training with other settings.
        """
        if not self.path.exists():
            return None
        try:
            with safe_open(self.path, framework="numpy") as file:
                facts = file.metadata() or {}
                names = file.keys()
                tensors = {name: file.get_tensor(name) for name in names}
        except (SafetensorError, OSError) as error:
            raise self._refusal(f"cannot be read ({error})") from error
        if facts.get("settings") != self.settings:
            raise self._refusal("is of a training with other settings")
        history: list[Figures] = json.loads(facts["history"])
        return Snapshot(len(history) - 1, tensors, tuple(history))

    def remember(self, snapshot: Snapshot) -> None:
        """Replace the stored snapshot."""
        facts = {"settings": self.settings, "history": json.dumps(snapshot.history)}
        replace_file(self.path, save(dict(snapshot.tensors), facts))

    def _refusal(self, what: str) -> StaleArtifact:
        return StaleArtifact(f"{self.path} {what}.", f"Remove it: rm {self.path}")
