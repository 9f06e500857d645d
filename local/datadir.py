"""Everything that the stack keeps lies in one directory, which one stack at a time may use."""

import fcntl
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from local.errors import DataDirInUseError, InstallationError
from local.logfile import LogFile
from local.unprivileged import OUT_OF_HOMES, can_enter, unprivileged_account

_LOCK_ATTEMPTS = 10
_LOCK_RETRY_S = 0.03


@dataclass(frozen=True, slots=True)
class DataDir:
    """A data directory that this process has to itself."""

    path: Path

    def log(self, name: str) -> LogFile:
        """The log of one component."""
        return LogFile(self.path / "logs" / f"{name}.log")

    def secret(self, name: str) -> str:
        """A random secret that stays the same over restarts, readable by us alone."""
        return keep_secret(self.path / f"{name}.secret")


@contextmanager
def lock_data_dir(path: Path) -> Iterator[DataDir]:
    """Creates the directory when missing and holds it until the block ends or the process dies."""
    path = path.resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    # Others may pass through, not look around: PostgreSQL's account needs to reach its own folder.
    make_directory(path, 0o711)
    make_directory(path / "logs", 0o700)
    with (path / "lock").open("a+") as lock:
        if not _locked(lock):
            lock.seek(0)
            holder = lock.read().strip() or "unknown"
            raise DataDirInUseError(
                f"The data directory {path} is in use by another Relance (process {holder}). "
                "Stop that one, or set RELANCE_DATA_DIR to a directory of its own."
            )
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield DataDir(path)


def _locked(lock: TextIO) -> bool:
    """Takes the lock. Tries for a moment: `is_in_use` of another process holds it for an instant."""
    for _ in range(_LOCK_ATTEMPTS):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_LOCK_RETRY_S)
        else:
            return True
    return False


@contextmanager
def throwaway_directory() -> Iterator[Path]:
    """A data directory for one run, gone afterwards."""
    path = Path(tempfile.mkdtemp(prefix="relance-", dir=_temporary_folder()))
    path.chmod(0o711)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def _temporary_folder() -> Path:
    """Where PostgreSQL's account can enter: what it had to keep elsewhere would not go with the directory."""
    usual = Path(tempfile.gettempdir())
    try:
        account = unprivileged_account()
    except InstallationError:
        return usual  # PostgreSQL may run elsewhere; if not, its own start says what is missing
    is_closed = account is not None and not can_enter(usual, account) and can_enter(OUT_OF_HOMES, account)
    return OUT_OF_HOMES if is_closed else usual


def make_directory(path: Path, mode: int) -> None:
    """Creates a directory with exactly this mode; one that exists stays as it is."""
    if not path.exists():
        path.mkdir(mode=0o700)
        path.chmod(mode)


def is_in_use(path: Path) -> bool:
    """Whether a stack works in this data directory at the moment."""
    try:
        with (path / "lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def keep_secret(path: Path) -> str:
    """Reads a secret, or makes one and keeps it with mode 0600."""
    if not path.exists():
        unfinished = path.with_suffix(".new")
        unfinished.unlink(missing_ok=True)
        unfinished.touch(mode=0o600)
        unfinished.write_text(secrets.token_urlsafe(32))
        unfinished.replace(path)
    return path.read_text()
