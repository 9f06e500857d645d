"""A simulated provider must not lose what it accepted: its state survives kill -9 in one append-only file.

Every change is one JSON line `[kind, id, fields]`, written without a buffer before the change is answered for.
Reading the lines in order and merging the fields gives the state again.
"""

import json
import logging
import os
from pathlib import Path
from typing import Any

Json = dict[str, Any]
Documents = dict[str, dict[str, Json]]
"""Kind, then id, then fields."""

log = logging.getLogger(__name__)


class Store:
    """Keeps documents in a file, or nowhere when there is no folder to keep them in."""

    def __init__(self, folder: Path | None) -> None:
        self._path = folder / "state.jsonl" if folder else None
        self._file: int | None = None

    def open(self) -> Documents:
        """Reads what is stored, rewrites it in its shortest form, and opens the file for more."""
        if self._path is None:
            return {}
        self._path.parent.mkdir(parents=True, exist_ok=True)
        documents = read_documents(self._path)
        compact = self._path.with_suffix(".new")
        with compact.open("w", encoding="utf-8") as lines:
            for kind, by_id in documents.items():
                for key, fields in by_id.items():
                    lines.write(encode(kind, key, fields))
        compact.replace(self._path)
        self._file = os.open(self._path, os.O_WRONLY | os.O_APPEND)
        return documents

    def save(self, kind: str, key: str, fields: Json) -> None:
        """Merges `fields` into a document; what is not named stays."""
        if self._file is not None:
            os.write(self._file, encode(kind, key, fields).encode())

    def forget(self, kind: str, key: str) -> None:
        if self._file is not None:
            os.write(self._file, encode(kind, key, None).encode())

    def clear(self) -> None:
        if self._file is not None:
            os.ftruncate(self._file, 0)

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None


def encode(kind: str, key: str, fields: Json | None) -> str:
    return json.dumps([kind, key, fields], separators=(",", ":")) + "\n"


def read_documents(path: Path) -> Documents:
    """Merges the lines of a file; one that a kill cut short was never answered for, so it is skipped."""
    documents: Documents = {}
    if not path.exists():
        return documents
    with path.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            try:
                kind, key, fields = json.loads(line)
            except ValueError:
                log.warning("Skipped an unreadable line of %s", path)
                continue
            by_id = documents.setdefault(kind, {})
            if fields is None:
                by_id.pop(key, None)
            else:
                by_id.setdefault(key, {}).update(fields)
    return documents
