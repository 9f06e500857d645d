"""People and programs who use the API in tests, each with a client of their own."""

import secrets
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

import httpx

from api.guard import cookie_name
from domain.access import Role, Scope
from settings import Settings
from storage import api_keys, sessions, users
from storage.database import Pool
from storage.passwords import hash_password
from storage.users import User

PASSWORD = "quatre mots que je garde"
SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}


_hashes: list[str] = []


async def _hash() -> str:
    """Of PASSWORD, made once: it costs more than all the rest of a test."""
    if not _hashes:
        _hashes.append(await hash_password(PASSWORD))
    return _hashes[0]


@dataclass(frozen=True, slots=True)
class Door:
    """The way in: the API and its database."""

    pool: Pool
    settings: Settings

    def client(self, **headers: str) -> httpx.AsyncClient:
        """A client that is nobody yet."""
        return httpx.AsyncClient(base_url=self.settings.effective_api_url, timeout=30, headers=headers)

    async def user(self, role: Role = Role.ADMIN, *, must_change: bool = False) -> User:
        """Somebody with PASSWORD, who has chosen it."""
        name = f"Person {secrets.token_hex(4)}"
        hashed = await _hash()
        user = await users.add_user(
            self.pool, name=name, role=role, language="fr", password_hash=hashed, actor="a test"
        )
        if not must_change:
            await users.set_password(self.pool, user.id, hashed, one_time=False, actor="a test")
        return user

    @asynccontextmanager
    async def person(
        self, role: Role = Role.ADMIN, *, user: User | None = None, must_change: bool = False
    ) -> AsyncIterator[httpx.AsyncClient]:
        """The browser of somebody who is signed in."""
        user = user or await self.user(role, must_change=must_change)
        token = await sessions.open_session(self.pool, user.id, user_agent="a test")
        async with self.client(**SAME_ORIGIN) as client:
            client.cookies.set(cookie_name(self.settings), token)
            yield client

    @asynccontextmanager
    async def program(
        self,
        scopes: Collection[Scope],
        *,
        owner: User | None = None,
        expires_at: datetime | None = None,
    ) -> AsyncIterator[httpx.AsyncClient]:
        """A program with a key."""
        _key, token = await api_keys.add_key(
            self.pool,
            name=f"Program {secrets.token_hex(4)}",
            scopes=scopes,
            owner_id=owner.id if owner else None,
            expires_at=expires_at,
            actor="a test",
        )
        async with self.client(Authorization=f"Bearer {token}") as client:
            yield client
