"""What an artifact says of itself, as readable JSON inside the LMDB file."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

SCHEMA = 1
"""Version of the layout of headers, keys and values; another one is refused."""


@dataclass(frozen=True)
class Header:
    """Who made an artifact, of what, and what it holds.

    The first five fields are known before the work starts: a partial or finished
    artifact that agrees in them is the same piece of work (``same_work``).

    Attributes:
        stage: Name of the stage or command that wrote it.
        version: Version that the stage or command declares; raised by hand when
            results change. 0 in artifacts of releases that declared none.
        config: Settings of the stage.
        inputs: Digest of every artifact that was read, by name.
        encoder: Identity of the encoder whose maps it builds on, if any.
        details: Facts that a reader needs, such as the levels of the maps.
        count: Entries by kind (the part of a key before the first "/").
        layout: dtype and shape of the tensors by kind; None for a varying axis.
        digest: SHA-256 over all keys and values in order.
        schema: Version of the layout.
    """

    stage: str
    version: int
    config: Mapping[str, Any]
    inputs: Mapping[str, str]
    encoder: Mapping[str, str] | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    count: Mapping[str, int] = field(default_factory=dict)
    layout: Mapping[str, Any] = field(default_factory=dict)
    digest: str = ""
    schema: int = SCHEMA

    def same_work(self, other: "Header") -> bool:
        """Whether both stand for the same piece of work."""
        return self._work() == other._work()

    def _work(self) -> str:
        # Through JSON, because a header that was read has lists for tuples.
        known = [self.schema, self.stage, self.version, self.config, self.inputs]
        return json.dumps(known, sort_keys=True)

    def to_json(self) -> str:
        """Indented JSON with sorted keys."""
        return json.dumps(asdict(self), indent=1, sort_keys=True, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str | bytes) -> "Header":
        """Parse what ``to_json`` wrote.

        Raises:
            ValueError: It is not the header of an artifact of this schema.
        """
        values = json.loads(text)
        if isinstance(values, dict) and "code" in values:
            # Earlier releases kept a fingerprint of the source: such an artifact can be
            # read, and is due when its stage runs.
            del values["code"]
            values["version"] = 0
        known = {item.name for item in fields(cls)}
        if not isinstance(values, dict) or set(values) != known:
            raise ValueError("not the header of an artifact")
        if values["schema"] != SCHEMA:
            raise ValueError(f"schema {values['schema']}, this version reads {SCHEMA}")
        return cls(**values)
