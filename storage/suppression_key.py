"""The key under which opt-outs of erased people are kept, and how the database gets to use it.

HMAC-SHA256 needs the key in two paddings (RFC 2104). They are settings of each connection, so that every
statement that adds a contact is checked, whoever wrote it; neither they nor the key are ever stored.
"""

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

import asyncpg

if TYPE_CHECKING:
    from storage.database import Connection, Pool

_BLOCK_BYTES = 64  # of SHA-256
_INNER, _OUTER = 0x36, 0x5C

CHECK = "SELECT need_suppression_key()"
# A key may change for as long as nothing is kept under it.
REMEMBER = """
    INSERT INTO suppression_key (fingerprint) VALUES (suppression_hash('relance'))
    ON CONFLICT (id) DO UPDATE SET fingerprint = excluded.fingerprint
    WHERE NOT EXISTS (SELECT FROM suppressions WHERE phone_hash IS NOT NULL)
"""
HASH = """
    UPDATE suppressions SET phone_hash = suppression_hash(phone), phone = NULL, reason = NULL,
        erased_at = clock_timestamp()
    WHERE phone = ANY($1::text[])
"""


class SuppressionKeyError(Exception):
    """The key is missing, or another one than opt-outs are kept under; the message says what to do."""


def connection_settings(key: str | None) -> Mapping[str, str]:
    """What a connection has to be opened with, so that it can hash numbers."""
    if key is None:
        return {}
    raw = key.encode()
    block = (hashlib.sha256(raw).digest() if len(raw) > _BLOCK_BYTES else raw).ljust(_BLOCK_BYTES, b"\0")
    return {
        "relance.suppression_inner": bytes(byte ^ _INNER for byte in block).hex(),
        "relance.suppression_outer": bytes(byte ^ _OUTER for byte in block).hex(),
    }


async def check_key(pool: "Pool") -> None:
    """Raises SuppressionKeyError when opt-outs are kept under a key that this process does not have."""
    try:
        await pool.fetchval(CHECK)
    except asyncpg.RaiseError as error:
        raise SuppressionKeyError(f"{error}. {error.hint}") from error


async def hash_suppressions(connection: "Connection", phones: list[str]) -> None:
    """From now on these numbers, where they are on the opt-out list, are known by their hash alone.

    Raises SuppressionKeyError when there is no key to do it with.
    """
    listed = await connection.fetchval("SELECT count(*) FROM suppressions WHERE phone = ANY($1)", phones)
    if not listed:
        return
    if await connection.fetchval("SELECT suppression_hash('relance') IS NULL"):
        raise SuppressionKeyError(
            "an opt-out has to outlive its number as a keyed hash, and there is no key: "
            "set RELANCE_SUPPRESSION_KEY, 32 random characters or more, and keep it for good"
        )
    try:
        await connection.execute(REMEMBER)
        await connection.fetchval(CHECK)
    except asyncpg.RaiseError as error:
        raise SuppressionKeyError(f"{error}. {error.hint}") from error
    await connection.execute(HASH, phones, timeout=300)
