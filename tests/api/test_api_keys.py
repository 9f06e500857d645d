"""API keys: made once, shown once, no stronger than who makes them."""

import asyncio
import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from domain.access import Role, Scope
from local.api_client import ApiClient, ApiError
from settings import Settings
from tests.api.people import Door
from tests.test_cli import Relance

Json = dict[str, Any]


async def add(client: httpx.AsyncClient, *scopes: str, **more: Any) -> Json:
    """A new key."""
    draft = {"name": f"Key {secrets.token_hex(4)}", "scopes": list(scopes), **more}
    answer = await client.post("/api/api-keys", json=draft)
    assert answer.status_code == 201, answer.text
    document: Json = answer.json()
    return document


async def test_a_key_lets_its_program_in_until_it_is_revoked(door: Door) -> None:
    """The list shows neither the token nor its hash."""
    user = await door.user()
    expires_at = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    async with door.person(user=user) as client:
        made = await add(client, "read", expires_at=expires_at)
        key = made["api_key"]
        assert (key["owner_name"], key["last_used_at"]) == (user.name, None)
        assert made["token"].startswith(f"rl_{key['id'].replace('-', '')}_")

        async with door.client(Authorization=f"bearer {made['token']}") as program:
            assert (await program.get("/api/me")).json()["name"] == key["name"]
            assert (await program.get("/api/campaigns")).status_code == 200
            [listed] = (await client.get("/api/api-keys")).json()["items"]
            assert {**listed, "last_used_at": None} == key
            assert listed["last_used_at"] is not None

            assert (await client.delete(f"/api/api-keys/{key['id']}")).status_code == 204
            refused = await program.get("/api/campaigns")
            assert (refused.status_code, "was revoked" in refused.json()["detail"]) == (401, True)
        assert (await client.delete(f"/api/api-keys/{key['id']}")).status_code == 404
        assert (await client.get("/api/api-keys")).json()["items"] == []


async def test_an_admin_sees_and_revokes_only_their_own_keys(door: Door) -> None:
    """U8; a super admin those of everybody."""
    owner, other = await door.user(), await door.user()
    async with door.person(user=owner) as client, door.person(user=other) as stranger:
        key = (await add(client, "read"))["api_key"]
        assert (await stranger.get("/api/api-keys")).json()["items"] == []
        refused = await stranger.get("/api/api-keys", params={"owner_id": owner.id})
        assert (refused.status_code, refused.json()["missing"]) == (403, "super_admin")
        assert (await stranger.delete(f"/api/api-keys/{key['id']}")).status_code == 404
    async with door.person(Role.SUPER_ADMIN) as boss:
        await add(boss, "read")
        page = (await boss.get("/api/api-keys", params={"limit": 1})).json()
        assert page["next_cursor"]
        of_owner = (await boss.get("/api/api-keys", params={"owner_id": owner.id})).json()["items"]
        assert [each["id"] for each in of_owner] == [key["id"]]
        assert (await boss.delete(f"/api/api-keys/{key['id']}")).status_code == 204


async def test_nobody_makes_a_key_that_does_more_than_they_may(door: Door) -> None:
    """An admin none for users, a program none beyond its own scopes."""
    async with door.person() as client, door.program([Scope.ADMIN, Scope.READ]) as program:
        for caller, scopes in ((client, ["read", "admin"]), (program, ["read", "send"])):
            answer = await caller.post("/api/api-keys", json={"name": "Too much", "scopes": scopes})
            assert (answer.status_code, answer.json()["missing"]) == (403, scopes[1])
        await add(program, "read")


@pytest.mark.parametrize(
    ("draft", "reason"),
    [
        ({"scopes": []}, "scopes"),
        ({"scopes": ["everything"]}, "scopes"),
        ({"scopes": ["read"], "expires_at": "2024-01-01T00:00:00Z"}, "past"),
        ({"scopes": ["read"], "expires_at": "2044-01-01T00:00:00"}, "expires_at"),
        ({"scopes": ["read"], "owner_id": None}, "owner_id"),
    ],
)
async def test_a_key_that_cannot_be_is_refused(api: httpx.AsyncClient, draft: Json, reason: str) -> None:
    """With the field that is wrong."""
    answer = await api.post("/api/api-keys", json={"name": "Wrong", **draft})
    assert (answer.status_code, reason in answer.json()["detail"]) == (422, True)


async def test_the_name_of_a_key_is_free_again_once_it_is_revoked(api: httpx.AsyncClient) -> None:
    """Until then, the audit log would not know which one it was."""
    made = await add(api, "read")
    draft = {"name": made["api_key"]["name"], "scopes": ["read"]}
    assert (await api.post("/api/api-keys", json=draft)).status_code == 409
    await api.delete(f"/api/api-keys/{made['api_key']['id']}")
    assert (await api.post("/api/api-keys", json=draft)).status_code == 201
    log = (
        await api.get("/api/audit-log", params={"subject_type": "api_key", "subject_id": made["api_key"]["id"]})
    ).json()
    entries = log["items"] if isinstance(log, dict) else log
    assert [(entry["actor"], entry["action"]) for entry in entries] == [
        ("local", "api_key.revoked"),
        ("local", "api_key.added"),
    ]
    assert made["token"] not in str(entries)


async def test_the_audit_log_names_the_program(door: Door, api: httpx.AsyncClient) -> None:
    """With what it is, so that it passes for nobody."""
    async with door.program([Scope.WRITE]) as program:
        name = (await program.get("/api/me")).json()["name"]
        assert (await program.put("/api/settings/delay_s", json={"value": 4})).status_code == 200
        assert (await program.delete("/api/settings/delay_s")).status_code == 200
    log = (await api.get("/api/audit-log", params={"subject_type": "setting", "limit": 1})).json()
    [entry] = log["items"] if isinstance(log, dict) else log
    assert entry["actor"] == f"key {name}"


async def test_without_a_key_the_command_says_how_to_get_one(api: httpx.AsyncClient) -> None:
    """Rather than what a browser is told."""

    def ask() -> None:
        with ApiClient(str(api.base_url), None) as client:
            client.get("/api/senders")

    with pytest.raises(ApiError, match="RELANCE_API_KEY"):
        await asyncio.to_thread(ask)


async def test_the_command_makes_lists_and_revokes_keys(
    api: httpx.AsyncClient, settings: Settings, tmp_path: Path
) -> None:
    """`relance api-key create|list|revoke`."""
    relance = Relance(settings.effective_api_url, tmp_path)
    name = f"Key {secrets.token_hex(4)}"
    made = await relance("api-key", "create", name, "--scope", "read", "--days", "3", "--json")
    assert made.code == 0, made.err
    assert name in (await relance("api-key", "list")).out
    assert (await relance("api-key", "revoke", made.document["api_key"]["id"])).code == 0
    assert name not in (await relance("api-key", "list")).out
