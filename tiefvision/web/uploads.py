"""Uploaded photographs, kept in the workspace so that links to searches go on working.

A file is named by the hash of its content, never by what a client calls it.
"""

import hashlib
import os
import re
from pathlib import Path
from threading import Lock

from tiefvision.files import replace_file
from tiefvision.photos.reading import photo_size
from tiefvision.web.problems import NotFound

FOLDER = "uploads"
"""Folder within the workspace."""

DIGITS = 32
"""Hexadecimal digits of SHA-256 that name a file."""

_KEY = re.compile(rf"[0-9a-f]{{{DIGITS}}}")


class Uploads:
    """A folder of photographs by the hash of their content.

    Args:
        folder: folder of the files; made when the first one comes.
        most: most files; the ones used longest ago are deleted.
    """

    def __init__(self, folder: Path, most: int) -> None:
        self._folder, self._most, self._lock = folder, most, Lock()

    def keep(self, content: bytes) -> str:
        """Write a photograph, unless it is there.

        Args:
            content: content of a JPEG, PNG or WebP file.

        Returns:
            Its key.

        Raises:
            UnreadablePhoto: The content is no photograph, or it has too many pixels.
            StorageFull: There is no room.
        """
        photo_size(content)
        key = hashlib.sha256(content).hexdigest()[:DIGITS]
        file = self._folder / key
        with self._lock:
            if file.is_file():
                os.utime(file)
            else:
                self._folder.mkdir(parents=True, exist_ok=True)
                replace_file(file, content)
                self._forget_oldest()
        return key

    def file_of(self, key: str) -> Path:
        """The file of a photograph.

        Raises:
            NotFound: There is no such key, or the photograph was deleted meanwhile.
        """
        file = self._folder / key
        if not _KEY.fullmatch(key) or not file.is_file():
            raise NotFound("This photograph is no longer here.", "Upload it again.")
        return file

    def keys(self) -> list[str]:
        """Keys of all photographs, the one used last first."""
        return [file.name for file in self._files()[::-1]]

    def _forget_oldest(self) -> None:
        for file in self._files()[: -self._most]:
            file.unlink(missing_ok=True)

    def _files(self) -> list[Path]:
        """All files, the one used longest ago first."""
        if not self._folder.is_dir():
            return []
        files = [one for one in self._folder.iterdir() if _KEY.fullmatch(one.name)]
        return sorted(files, key=lambda one: (one.stat().st_mtime_ns, one.name))
