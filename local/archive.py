"""A backup: one tar file with a manifest, the database as pg_dump writes it, Temporal's file, the secrets."""

import hashlib
import json
import os
import tarfile
from dataclasses import asdict, dataclass
from pathlib import Path

from local.errors import StackError

FORMAT = 1
DATABASE = "database.dump"
TEMPORAL = "temporal.db"
_MANIFEST = "manifest.json"
_CHUNK = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What a backup holds."""

    created_at: str  # ISO, when the database's snapshot was taken
    rows: dict[str, int]  # by table, in the snapshot
    files: dict[str, str]  # SHA-256 by name
    format: int = FORMAT


def write_archive(target: Path, folder: Path, *, created_at: str, rows: dict[str, int]) -> Manifest:
    """Packs a folder; the file is whole or not there, and readable by us alone."""
    names = sorted(path.name for path in folder.iterdir())
    files = {name: _digest(folder / name) for name in names}
    manifest = Manifest(created_at=created_at, rows=rows, files=files)
    (folder / _MANIFEST).write_text(json.dumps(asdict(manifest), indent=2))
    unfinished = target.with_name(f".{target.name}.unfinished")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            with tarfile.open(fileobj=file, mode="w") as archive:
                for name in (_MANIFEST, *names):
                    archive.add(folder / name, arcname=name)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)
    return manifest


def open_archive(source: Path, folder: Path) -> Manifest:
    """Unpacks a backup into a folder and checks that it is whole. Raises StackError."""
    try:
        with tarfile.open(source) as archive:
            archive.extractall(folder, filter="data")
        manifest = Manifest(**json.loads((folder / _MANIFEST).read_text()))
    except (OSError, tarfile.TarError, ValueError, TypeError) as error:
        raise StackError(f"{source} is no backup of Relance: {error}.") from error
    if manifest.format != FORMAT:
        raise StackError(f"{source} was made by a newer Relance (format {manifest.format}).")
    for name, digest in manifest.files.items():
        if not (folder / name).is_file() or _digest(folder / name) != digest:
            raise StackError(f"{source} is damaged: {name} is not what was written.")
    return manifest


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
