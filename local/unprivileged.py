"""PostgreSQL refuses to run as root, so as root its processes run under an account that owns nothing else.

No account is created and no folder above our own changes its mode: where that account cannot enter, its
files go somewhere else.
"""

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path

from local.errors import InstallationError

# Open to every account; what we make there is ours alone, which is verified.
OUT_OF_HOMES = Path("/var/tmp")  # noqa: S108


@dataclass(frozen=True, slots=True)
class Account:
    """An account of this machine."""

    name: str
    uid: int
    gid: int


def unprivileged_account() -> Account | None:
    """Who runs what must not run as root; None when we are not root and need nobody else."""
    if os.geteuid() != 0:
        return None
    entries = sorted(pwd.getpwall(), key=lambda entry: entry.pw_name != "nobody")
    for entry in entries:
        if entry.pw_uid != 0:
            return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
    raise InstallationError(
        "PostgreSQL does not run as root and this machine has no other account. "
        "Create one, or set RELANCE_DATABASE_URL to a PostgreSQL that runs elsewhere."
    )


def can_enter(directory: Path, account: Account) -> bool:
    """Whether the account may reach into this directory, which takes the right on every folder above."""
    resolved = directory.resolve()
    return all(_may_search(folder, account) for folder in (resolved, *resolved.parents))


def _may_search(folder: Path, account: Account) -> bool:
    status = folder.stat()
    if status.st_uid == account.uid:
        return bool(status.st_mode & stat.S_IXUSR)
    if status.st_gid == account.gid:
        return bool(status.st_mode & stat.S_IXGRP)
    return bool(status.st_mode & stat.S_IXOTH)
