"""The header of an artifact: readable JSON inside the LMDB file."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

SCHEMA = 1
"""Version of the layout of headers, keys and values; other versions are refused."""


@dataclass(frozen=True)
class Header:
    """Provenance and content of an artifact.

    ``schema``, ``stage``, ``version``, ``config`` and ``inputs`` are known before the
    work starts; artifacts that agree in them are the same piece of work
    (``same_work``). The other fields are filled in when the artifact is finished.
    Entries under ``derived/`` are not part of ``count``, ``layout`` and ``digest``.

    Attributes:
        stage: name of the stage or command that wrote the artifact.
        version: version that the stage or command declares; raised by hand when results
            change. 0 in artifacts of releases that declared none.
        config: settings of the stage.
        inputs: digest of each artifact that was read, by name.
        encoder: identity of the encoder whose feature maps the entries are computed
            from; None if there is none.
        details: facts that readers of the artifact need, such as the image sizes of
            feature maps.
        count: number of entries by kind, the part of a key before the first "/".
        layout: dtype and shape of the arrays by "kind.name"; None for an axis whose
            length varies.
        digest: SHA-256 over all keys and values, sorted by key.
        schema: version of the layout of headers, keys and values.
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
        """Whether both headers describe the same piece of work."""
        return self._work() == other._work()

    def _work(self) -> str:
        # Compared as JSON, because a header read from a file has lists for tuples.
        known = [self.schema, self.stage, self.version, self.config, self.inputs]
        return json.dumps(known, sort_keys=True)

    def to_json(self) -> str:
        """The header as indented JSON with sorted keys."""
        return json.dumps(asdict(self), indent=1, sort_keys=True, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str | bytes) -> "Header":
        """Parse the result of ``to_json``.

        Raises:
            ValueError: The text is not the header of an artifact of this schema.
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
