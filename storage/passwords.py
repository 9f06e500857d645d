"""Passwords: Argon2id in threads, a few at a time, because each takes 19 MiB and about 30 ms of a core."""

import asyncio
import secrets
import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

SHORTEST, LONGEST = 15, 128
MOST_AT_ONCE = 2
MOST_WAITING = 32

_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)  # what OWASP asks for at least
# What a name without account is compared with, so that it takes as long as one with.
_NOBODY = _hasher.hash(secrets.token_urlsafe())
# Without letters and digits that look alike: people copy it from a screen.
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # pragma: allowlist secret


class TooBusyError(Exception):
    """More people are logging in than this process takes at once."""


class _Limiter:
    """Asyncio's semaphore, with an end to the queue before it."""

    def __init__(self) -> None:
        self._free = asyncio.Semaphore(MOST_AT_ONCE)
        self._waiting = 0

    async def __aenter__(self) -> None:
        if self._waiting >= MOST_WAITING:
            raise TooBusyError("too many people are logging in at this moment: try again in a few seconds")
        self._waiting += 1
        try:
            await self._free.acquire()
        finally:
            self._waiting -= 1

    async def __aexit__(self, *_: object) -> None:
        self._free.release()


_limiter = _Limiter()


def check_password(password: str) -> str:
    """The password as it is hashed. Raises ValueError, with the rule, for one that is too short or too long."""
    normal = unicodedata.normalize("NFKC", password)
    if not SHORTEST <= len(normal) <= LONGEST:
        raise ValueError(
            f"a password has {SHORTEST} to {LONGEST} characters, this one has {len(normal)}: "
            "a few words that only you put together are easy to keep in mind"
        )
    return normal


def one_time_password() -> str:
    """About 99 bits, easy to copy by hand."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(5)) for _ in range(4))


async def hash_password(password: str) -> str:
    """What is stored of a password. Raises ValueError as `check_password`, and TooBusyError."""
    normal = check_password(password)
    async with _limiter:
        return await asyncio.to_thread(_hasher.hash, normal)


async def verify_password(stored: str | None, password: str) -> bool:
    """Whether this is the password; as slow for an account that does not exist (None). Raises TooBusyError."""
    async with _limiter:
        matches = await asyncio.to_thread(_matches, stored or _NOBODY, password)
    return matches and stored is not None


def is_outdated(stored: str) -> bool:
    """Whether today's costs are others than those with which this was hashed."""
    return _hasher.check_needs_rehash(stored)


def _matches(stored: str, password: str) -> bool:
    try:
        return _hasher.verify(stored, unicodedata.normalize("NFKC", password))
    except (VerifyMismatchError, InvalidHashError):
        return False
