"""Signing in and out, through the real API."""

import asyncio
import secrets
from time import monotonic
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from api.app import create_app
from api.auth import FAILED_LOGIN_S
from domain.access import Role
from storage import sessions
from storage.database import Pool
from storage.sessions import FREE_ATTEMPTS
from tests.api.applications import client_of
from tests.api.people import PASSWORD, SAME_ORIGIN, Door

Json = dict[str, Any]
NEW_PASSWORD = "cinq autres mots que je garde"


async def log_in(client: httpx.AsyncClient, name: str, password: str = PASSWORD) -> httpx.Response:
    """As the page does it."""
    return await client.post("/api/auth/login", json={"name": name, "password": password})


async def actions(pool: Pool, user_id: str) -> list[str]:
    """What the audit log says of a user, oldest first."""
    rows = await pool.fetch(
        "SELECT action FROM audit_log WHERE subject_type = 'user' AND subject_id = $1 ORDER BY id", user_id
    )
    return [row["action"] for row in rows]


async def test_a_login_gives_a_cookie_that_no_script_can_read(door: Door) -> None:
    """HttpOnly, SameSite, for the whole site; and it is what signs in."""
    user = await door.user()
    async with door.client(**SAME_ORIGIN) as client:
        answer = await log_in(client, f" {user.name.upper()} ")
        me = await client.get("/api/me")

    assert answer.status_code == 200
    assert me.json() == answer.json()
    assert me.json() == {
        "kind": "person",
        "id": user.id,
        "name": user.name,
        "role": "admin",
        "language": "fr",
        "scopes": ["read", "send", "write"],
        "must_change_password": False,
    }
    name, *attributes = answer.headers["set-cookie"].split("; ")
    assert name.startswith("relance_session=")
    assert {each.lower() for each in attributes} == {"httponly", "max-age=604800", "path=/", "samesite=lax"}


async def test_over_tls_the_cookie_belongs_to_this_host_alone(door: Door) -> None:
    """Secure and with the prefix that lets no other host set it; browsers are told to stay with TLS."""
    user = await door.user()
    app = create_app(
        door.settings.model_copy(update={"public_url": "https://relance.example", "wassenger_token": None})
    )
    async with client_of(app, base_url="https://relance.example", headers={}) as client:
        answer = await log_in(client, user.name)
        me = await client.get("/api/me")
        left = await client.post("/api/auth/logout", headers={"Origin": "https://relance.example"})

    name, *attributes = answer.headers["set-cookie"].split("; ")
    assert name.startswith("__Host-relance_session=")
    assert {"secure", "httponly", "path=/"} <= {each.lower() for each in attributes}
    assert me.status_code == 200
    assert me.headers["strict-transport-security"].startswith("max-age=")
    assert left.status_code == 204


async def test_a_login_replaces_the_session_that_the_browser_had(door: Door) -> None:
    """Nobody keeps a token that was there before the login."""
    user = await door.user()
    async with door.client(**SAME_ORIGIN) as client:
        await log_in(client, user.name)
        before = dict(client.cookies)
        await log_in(client, user.name)
        after = dict(client.cookies)
        assert before != after
        assert len(await sessions.list_sessions(door.pool, user.id, 10)) == 1
    async with door.client(**SAME_ORIGIN) as stale:
        stale.cookies.update(before)
        answer = await stale.get("/api/me")
    assert (answer.status_code, answer.json()["title"]) == (401, "Session has ended")


async def test_nobody_learns_which_names_exist(door: Door) -> None:
    """The same answer, after the same time; the audit log knows what happened to those that exist."""
    user = await door.user()
    answers, took = [], []
    async with door.client() as client:
        for name in (user.name, f"Nobody {secrets.token_hex(4)}"):
            for password in ("not the password", "x", "y" * 500):
                began = monotonic()
                answers.append(await log_in(client, name, password))
                took.append(monotonic() - began)

    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.text for answer in answers}) == 1
    assert min(took) >= FAILED_LOGIN_S
    assert (await actions(door.pool, user.id))[-3:] == ["login.failed"] * 3


async def test_after_too_many_wrong_passwords_an_account_is_locked_for_a_while(door: Door) -> None:
    """Also against the right one; accounts that do not exist behave the same. No Redis takes part in it."""
    user = await door.user()
    async with door.client() as client:
        for name in (user.name, f"Nobody {secrets.token_hex(4)}"):
            guesses = await asyncio.gather(*(log_in(client, name, "wrong") for _ in range(FREE_ATTEMPTS)))
            assert [guess.status_code for guess in guesses] == [401] * FREE_ATTEMPTS
            locked = await log_in(client, name)
            assert (locked.status_code, locked.json()["title"]) == (429, "Too many attempts")
            assert 1 <= locked.json()["retry_after_s"] <= 30
            assert locked.headers["retry-after"] == str(locked.json()["retry_after_s"])
        assert sorted(await actions(door.pool, user.id))[:5] == [*["login.failed"] * 4, "login.locked"]

        await door.pool.execute("UPDATE login_attempts SET locked_until = now()")
        assert (await log_in(client, user.name)).status_code == 200
        # A good login starts the count anew.
        assert [(await log_in(client, user.name, "wrong")).status_code for _ in range(2)] == [401, 401]
        assert (await log_in(client, user.name)).status_code == 200


async def test_logging_out_ends_the_session(door: Door) -> None:
    """On the server, not only in the browser."""
    async with door.person() as client:
        cookies = dict(client.cookies)
        assert (await client.post("/api/auth/logout")).status_code == 204
        client.cookies.update(cookies)
        assert (await client.get("/api/me")).status_code == 401


async def test_with_a_password_for_one_login_only_changing_it_is_allowed(door: Door) -> None:
    """Then everything is, in a new session; all others have ended."""
    user = await door.user(Role.SUPER_ADMIN, must_change=True)
    async with door.person(user=user) as client, door.person(user=user) as elsewhere:
        assert (await client.get("/api/me")).json()["must_change_password"] is True
        for path in ("/api/campaigns", "/api/users", "/api/me/sessions", "/api/api-keys"):
            refused = await client.get(path)
            assert (refused.status_code, refused.json()["missing"]) == (403, "password")
        assert (await client.patch("/api/me", json={"name": "Other"})).status_code == 403

        changed = await client.patch(
            "/api/me", json={"current_password": PASSWORD, "password": NEW_PASSWORD, "language": "en"}
        )
        assert changed.status_code == 200, changed.text
        assert (changed.json()["must_change_password"], changed.json()["language"]) == (False, "en")
        assert (await client.get("/api/campaigns")).status_code == 200
        assert (await elsewhere.get("/api/me")).status_code == 401
    async with door.client() as client:
        assert (await log_in(client, user.name)).status_code == 401
        assert (await log_in(client, user.name, NEW_PASSWORD)).status_code == 200
    assert "user.password_changed" in await actions(door.pool, user.id)


@pytest.mark.parametrize(
    ("change", "status", "reason"),
    [
        ({"password": NEW_PASSWORD}, 422, "current_password"),
        ({"password": NEW_PASSWORD, "current_password": "wrong"}, 403, "not your password"),
        ({"password": "fourteen chars", "current_password": PASSWORD}, 422, "15 to 128 characters"),
        ({"password": "x" * 129, "current_password": PASSWORD}, 422, "15 to 128 characters"),
        ({"password": PASSWORD, "current_password": PASSWORD}, 422, "differs"),
        ({"name": "two\nlines"}, 422, "one line"),
        ({"name": "  "}, 422, "one line"),
        ({"language": "de"}, 422, "language"),
        ({"role": "super_admin"}, 422, "role"),
    ],
)
async def test_a_change_of_oneself_that_is_refused_says_why(
    door: Door, change: Json, status: int, reason: str
) -> None:
    """And changes nothing; nobody gives themselves another role."""
    user = await door.user()
    async with door.person(user=user) as client:
        answer = await client.patch("/api/me", json={"language": "en", **change})
        assert (answer.status_code, reason in answer.json()["detail"]) == (status, True), answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        assert (await client.get("/api/me")).json()["language"] == "fr"
    async with door.client() as client:
        assert (await log_in(client, user.name)).status_code == 200


async def test_a_name_that_is_taken_is_refused_with_the_password_unchanged(door: Door) -> None:
    """Half a change would lock somebody out."""
    user, other = await door.user(), await door.user()
    change = {"name": other.name, "password": NEW_PASSWORD, "current_password": PASSWORD}
    async with door.person(user=user) as client:
        answer = await client.patch("/api/me", json=change)
        assert (answer.status_code, answer.json()["title"]) == (409, "Name taken")
        assert (await log_in(client, user.name)).status_code == 200


async def test_a_person_sees_and_ends_their_own_sessions(door: Door) -> None:
    """In pages, the newest first; those of others are not there."""
    user = await door.user()
    async with door.person(user=user) as phone, door.person(user=user) as desk, door.person() as stranger:
        first = (await desk.get("/api/me/sessions", params={"limit": 1})).json()
        second = (await desk.get("/api/me/sessions", params={"cursor": first["next_cursor"]})).json()
        [mine], [other] = first["items"], second["items"]
        assert (mine["current"], other["current"], second["next_cursor"]) == (True, False, None)

        assert (await stranger.delete(f"/api/me/sessions/{other['id']}")).status_code == 404
        assert (await desk.delete(f"/api/me/sessions/{other['id']}")).status_code == 204
        assert (await phone.get("/api/me")).status_code == 401
        assert (await desk.get("/api/me")).status_code == 200
        for cursor in ("x", "WyJuZXdlc3QiXQ", "WyJuZXdlc3QiLCJ4Il0", "WyJuZXdlc3QiLDFd"):
            assert (await desk.get("/api/me/sessions", params={"cursor": cursor})).status_code == 422


async def test_programs_learn_what_they_may_do(api: httpx.AsyncClient) -> None:
    """But are nobody who could sign out."""
    me = (await api.get("/api/me")).json()
    assert (me["kind"], me["name"], me["scopes"]) == ("machine", "local", ["admin", "read", "send", "write"])
    refused = await api.post("/api/auth/logout")
    assert (refused.status_code, refused.json()["missing"]) == (403, "session")


async def test_a_short_local_key_is_refused_at_the_start(door: Door) -> None:
    """It opens everything."""
    values = door.settings.model_dump() | {"local_api_key": SecretStr("short")}
    with pytest.raises(ValueError, match="32"):
        type(door.settings)(**values, _env_file=None)
