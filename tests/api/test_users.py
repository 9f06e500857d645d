"""Users through the API and the `relance` command: super admins manage them, nobody else does."""

import secrets
from pathlib import Path
from typing import Any

import httpx
import pytest

from domain.access import Role
from local.errors import StackError
from settings import Settings
from storage.database import Pool
from tests.api.people import PASSWORD, Door
from tests.test_cli import Relance

Json = dict[str, Any]


def somebody() -> str:
    """A name that no other test uses."""
    return f"User {secrets.token_hex(4)}"


async def audited(api: httpx.AsyncClient, user_id: str) -> list[tuple[str, str, Json | None, Json | None]]:
    """What the audit log says of a user, the newest first."""
    entries = (await api.get("/api/audit-log", params={"subject_type": "user", "subject_id": user_id})).json()
    entries = entries["items"] if isinstance(entries, dict) else entries
    return [(entry["actor"], entry["action"], entry["before"], entry["after"]) for entry in entries]


async def test_a_super_admin_adds_changes_and_removes_a_user(door: Door, api: httpx.AsyncClient) -> None:
    """U8; each change is in the audit log under the name of who made it."""
    boss = await door.user(Role.SUPER_ADMIN)
    name, renamed = somebody(), somebody()
    async with door.person(user=boss) as client:
        added = await client.post("/api/users", json={"name": name, "language": "en"})
        assert added.status_code == 201, added.text
        user = added.json()["user"]
        assert (user["role"], user["must_change_password"]) == ("admin", True)
        assert (await client.get(f"/api/users/{user['id']}")).json() == user

        path = f"/api/users/{user['id']}"
        changed = await client.patch(path, json={"name": renamed, "role": "super_admin"})
        assert (changed.json()["name"], changed.json()["role"]) == (renamed, "super_admin")
        assert (await client.patch(path, json={})).json() == changed.json()
        assert (await client.delete(path)).status_code == 204
        for call in (client.get(path), client.delete(path), client.patch(path, json={"role": "admin"})):
            assert (await call).status_code == 404
        assert (await client.post(f"{path}/reset-password")).status_code == 404

    before = {"name": name, "role": "admin", "language": "en"}
    after = {"name": renamed, "role": "super_admin", "language": "en"}
    assert await audited(api, user["id"]) == [
        (boss.name, "user.removed", after, None),
        (boss.name, "user.changed", before, after),
        (boss.name, "user.added", None, before),
    ]


async def test_the_password_in_the_answer_is_for_one_login(door: Door) -> None:
    """And the one of a reset too, which ends the sessions and lets in who had locked themselves out."""
    name = somebody()
    async with door.person(Role.SUPER_ADMIN) as boss, door.client() as client:
        added = (await boss.post("/api/users", json={"name": name})).json()
        login = {"name": name, "password": added["one_time_password"]}
        assert (await client.post("/api/auth/login", json=login)).json()["must_change_password"] is True
        for _ in range(6):
            await client.post("/api/auth/login", json={"name": name, "password": "wrong"})

        reset = (await boss.post(f"/api/users/{added['user']['id']}/reset-password")).json()
        assert (await client.get("/api/me")).status_code == 401
        login["password"] = reset["one_time_password"]
        assert (await client.post("/api/auth/login", json=login)).json()["must_change_password"] is True


@pytest.mark.parametrize(
    ("draft", "reason"),
    [
        ({}, "name"),
        ({"name": ""}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"name": "a\tb"}, "one line"),
        ({"name": "x", "role": "root"}, "role"),
        ({"name": "x", "password": PASSWORD}, "password"),
    ],
)
async def test_a_user_that_cannot_be_is_refused(api: httpx.AsyncClient, draft: Json, reason: str) -> None:
    """Nobody gives a password to somebody else."""
    answer = await api.post("/api/users", json=draft)
    assert (answer.status_code, reason in answer.json()["detail"]) == (422, True)


async def test_a_name_is_given_once(api: httpx.AsyncClient) -> None:
    """In whatever case."""
    name, other = somebody(), somebody()
    await api.post("/api/users", json={"name": name})
    taken = await api.post("/api/users", json={"name": name.upper()})
    assert (taken.status_code, taken.json()["title"]) == (409, "Name taken")
    user = (await api.post("/api/users", json={"name": other})).json()["user"]
    assert (await api.patch(f"/api/users/{user['id']}", json={"name": name})).status_code == 409


async def test_the_last_super_admin_stays(door: Door, pool: Pool, api: httpx.AsyncClient) -> None:
    """Neither demoted nor removed, not even by themselves."""
    await pool.execute("DELETE FROM users")
    last = await door.user(Role.SUPER_ADMIN)
    async with door.person(user=last) as client:
        for call in (
            client.patch(f"/api/users/{last.id}", json={"role": "admin"}),
            client.delete(f"/api/users/{last.id}"),
            api.delete(f"/api/users/{last.id}"),
        ):
            answer = await call
            assert (answer.status_code, answer.json()["title"]) == (409, "Last super admin")
        other = await door.user(Role.SUPER_ADMIN)
        assert (await client.patch(f"/api/users/{last.id}", json={"role": "admin"})).status_code == 200
        # Another role, another session.
        assert (await client.get("/api/me")).status_code == 401
    async with door.person(user=other) as client:
        assert (await client.delete(f"/api/users/{last.id}")).status_code == 204


async def test_users_are_listed_in_pages_by_name(api: httpx.AsyncClient) -> None:
    """A3; with a part of the name, and by role."""
    part = secrets.token_hex(4)
    names = [f"{letter} {part}" for letter in ("b", "A", "c", "É", "d")]
    for name in names:
        role = "super_admin" if name[0] == "c" else "admin"
        assert (await api.post("/api/users", json={"name": name, "role": role})).status_code == 201

    listed: list[str] = []
    cursor: str | None = None
    while True:
        query: dict[str, str | int] = {"q": part.upper(), "limit": 2, **({"cursor": cursor} if cursor else {})}
        page = (await api.get("/api/users", params=query)).json()
        listed += [user["name"] for user in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert sorted(listed) == sorted(names)
    assert [name[0] for name in listed if name.isascii()] == ["A", "b", "c", "d"]
    page = (await api.get("/api/users", params={"q": part, "role": "super_admin"})).json()
    assert [user["name"][0] for user in page["items"]] == ["c"]
    assert (await api.get("/api/users", params={"cursor": "bm8"})).status_code == 422
    assert (await api.get("/api/users", params={"cursor": "WyJuYW1lIiwxXQ"})).status_code == 422


async def test_the_command_manages_users(
    api: httpx.AsyncClient, door: Door, settings: Settings, tmp_path: Path
) -> None:
    """`relance user add|list|remove`, through the API."""
    relance = Relance(settings.effective_api_url, tmp_path)
    name = somebody()
    added = await relance("user", "add", name, "--super-admin", "--json")
    assert added.code == 0, added.err
    assert added.document["user"]["role"] == "super_admin"
    assert name in (await relance("user", "list")).out
    assert name in [user["name"] for user in (await relance("user", "list", "--json")).document]
    assert (await relance("user", "remove", name.lower())).code == 0
    gone = await relance("user", "remove", name)
    assert (gone.code, "relance user list" in gone.err) == (1, True)


async def test_on_the_machine_a_password_is_reset_without_the_api(
    door: Door, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When no super admin can log in any more."""
    from local import user_commands

    user = await door.user(Role.SUPER_ADMIN)
    here = settings.model_copy(update={"data_dir": tmp_path})
    monkeypatch.setattr(user_commands, "load_settings", lambda: here)
    made = await user_commands._reset_password(user.name.upper())
    async with door.client() as client:
        login = {"name": user.name, "password": made["one_time_password"]}
        assert (await client.post("/api/auth/login", json=login)).json()["must_change_password"] is True
    with pytest.raises(StackError, match="there is no user"):
        await user_commands._reset_password("nobody of this name")


async def test_the_first_login_is_shown_once(pool: Pool, settings: Settings, door: Door) -> None:
    """By `relance up`, on an empty database."""
    from local.user_commands import first_login

    await pool.execute("DELETE FROM users")
    [welcome] = await first_login(str(settings.database_url))
    assert "admin" in welcome
    assert await first_login(str(settings.database_url)) == []
