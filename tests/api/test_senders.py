"""Senders through the API: the list with its pace, health, changes, and removal."""

import secrets
import socket
from typing import Any
from uuid import uuid4

import httpx
import pytest
from pydantic import SecretStr

from api.app import create_app
from settings import Settings
from storage import campaigns
from tests.api.walking import all_pages, sent
from tests.conftest import AUTHORIZED, Town
from tests.scene import open_scene


async def test_senders_are_listed_with_what_they_do(town: Town, api: httpx.AsyncClient) -> None:
    """A3, A4: one statement; in pages, oldest first."""
    scene = await open_scene(town)
    await sent(scene)
    other = await town.sender()

    listed = await all_pages(api, "/api/senders", limit=50)

    ids = [item["id"] for item in listed]
    assert ids.index(scene.sender.id) < ids.index(other.id)
    shown = listed[ids.index(scene.sender.id)]
    assert (shown["sent_in_a_day"], shown["open_campaigns"], shown["state"]) == (1, 1, "new")
    [found] = await all_pages(api, "/api/senders", q=scene.sender.phone)
    assert found["id"] == scene.sender.id
    assert scene.sender.id not in [item["id"] for item in await all_pages(api, "/api/senders", status="paused")]


async def test_the_health_of_a_sender_is_asked_at_the_gateway(
    town: Town, api: httpx.AsyncClient, sandbox: httpx.AsyncClient
) -> None:
    """W4: ready, to be scanned, or offline, with what to do."""
    sender = await town.sender()

    async def health(session: str) -> dict[str, Any]:
        order = {"session": session}
        (await sandbox.patch(f"/control/devices/{sender.device_id}", json=order)).raise_for_status()
        shown: dict[str, Any] = (await api.get(f"/api/senders/{sender.id}/health")).json()
        return shown

    ready = await health("online")
    assert (ready["reachable"], ready["usable"], ready["scan_needed"]) == (True, True, False)
    assert (ready["status"], ready["session"], ready["detail"]) == ("operative", "online", "ready to send")
    unlinked = await health("authorize")
    assert (unlinked["usable"], unlinked["scan_needed"]) == (False, True)
    assert "scan the QR code" in unlinked["detail"]
    offline = await health("offline")
    assert (offline["usable"], offline["scan_needed"]) == (False, False)
    assert "phone" in offline["detail"]
    assert (await api.get(f"/api/senders/{uuid4()}/health")).status_code == 404


async def test_accounts_at_the_gateway_are_offered_with_the_senders_that_they_are(
    town: Town, api: httpx.AsyncClient, sandbox: httpx.AsyncClient
) -> None:
    """U3: nobody has to type the id of a device."""
    sender = await town.sender()
    free = {"id": secrets.token_hex(12), "phone": "+12025550199", "alias": "Desk"}
    (await sandbox.post("/control/devices", json=free)).raise_for_status()
    unlinked = {"session": "authorize"}
    (await sandbox.patch(f"/control/devices/{free['id']}", json=unlinked)).raise_for_status()

    shown = (await api.get("/api/gateway/devices")).json()

    assert (shown["reachable"], shown["simulated"], shown["detail"]) == (True, True, "")
    devices = {device["id"]: device for device in shown["devices"]}
    assert devices[sender.device_id]["sender_id"] == sender.id
    offered = devices[free["id"]]
    assert (offered["sender_id"], offered["name"], offered["phone"]) == (None, "Desk", "+12025550199")
    assert (offered["usable"], offered["scan_needed"]) == (False, True)


@pytest.mark.parametrize(
    ("changes", "hint"),
    [({}, "no answer"), ({"wassenger_token": None}, "RELANCE_WASSENGER_TOKEN")],
)
async def test_a_gateway_that_is_away_is_an_answer(
    town: Town, settings: Settings, changes: dict[str, Any], hint: str
) -> None:
    """E17: status 200, reachable false, and why."""
    sender = await town.sender()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        nowhere = f"http://127.0.0.1:{taken.getsockname()[1]}"
        update = {"wassenger_url": nowhere, "public_url": None, "wassenger_token": SecretStr("t"), **changes}
        app = create_app(settings.model_copy(update=update))
        transport = httpx.ASGITransport(app=app)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://test", headers=AUTHORIZED) as api,
        ):
            answer = await api.get(f"/api/senders/{sender.id}/health")
            offered = (await api.get("/api/gateway/devices")).json()

    assert (offered["reachable"], offered["devices"]) == (False, [])
    assert offered["detail"]
    assert answer.status_code == 200
    shown = answer.json()
    assert (shown["reachable"], shown["usable"], shown["status"]) == (False, False, None)
    assert hint in shown["detail"]


async def test_a_sender_is_changed_in_part(town: Town, api: httpx.AsyncClient) -> None:
    """P3, P11: what is not named stays, null takes a value away."""
    sender = await town.sender(rate_per_s=5)

    changed = (await api.patch(f"/api/senders/{sender.id}", json={"name": "Desk", "maturity": "mature"})).json()
    assert (changed["name"], changed["maturity"]) == ("Desk", "mature")
    assert changed["message_1_rate_per_s"] == 5
    without = {"maturity": None, "message_1_rate_per_s": None}
    changed = (await api.patch(f"/api/senders/{sender.id}", json=without)).json()
    assert (changed["maturity"], changed["message_1_rate_per_s"], changed["name"]) == (None, None, "Desk")

    for body in ({"name": None}, {"account_since": None}, {"phone": "+33639980000"}, {"maturity": "wise"}):
        assert (await api.patch(f"/api/senders/{sender.id}", json=body)).status_code == 422
    assert (await api.patch(f"/api/senders/{uuid4()}", json={"name": "x"})).status_code == 404


async def test_a_sender_in_use_is_not_removed(town: Town, api: httpx.AsyncClient) -> None:
    """E17: the answer names the campaigns; an ended one needs it no more."""
    category_id, _phones = await town.people([{"script": []}])
    sender = await town.sender()
    campaign = await town.campaign(category_id, [sender.id], name="Spring sale")

    refused = await api.delete(f"/api/senders/{sender.id}")
    assert (refused.status_code, refused.json()["title"]) == (409, "Sender is in use")
    assert "Spring sale" in refused.json()["detail"]

    await campaigns.cancel_draft(town.pool, campaign.id)
    assert (await api.delete(f"/api/senders/{sender.id}")).status_code == 204
    assert (await api.get(f"/api/senders/{sender.id}")).status_code == 404
    assert (await api.delete(f"/api/senders/{sender.id}")).status_code == 404


async def test_what_a_removed_sender_has_sent_stays(town: Town, api: httpx.AsyncClient) -> None:
    """E3: its messages are still there; adding its device again brings it back."""
    scene = await open_scene(town)
    message_id = await sent(scene)
    await town.pool.execute("UPDATE campaigns SET status = 'completed' WHERE id = $1", scene.campaign.id)

    assert (await api.delete(f"/api/senders/{scene.sender.id}")).status_code == 204

    assert (await api.get(f"/api/messages/{message_id}")).json()["message"]["sender_id"] == scene.sender.id
    assert scene.sender.id not in [item["id"] for item in await all_pages(api, "/api/senders", limit=200)]
    assert (await api.post(f"/api/senders/{scene.sender.id}/resume")).status_code == 404
    draft = {
        "name": "Late",
        "message_1": "a",
        "message_2": "b",
        "sender_ids": [scene.sender.id],
        "category_ids": scene.campaign.category_ids,
    }
    assert (await api.post("/api/campaigns", json=draft)).status_code == 422

    account = {"name": "Back", "phone": scene.sender.phone, "device_id": scene.sender.device_id}
    back = (await api.post("/api/senders", json=account)).json()
    assert (back["id"], back["status"], back["status_reason"]) == (scene.sender.id, "active", None)


async def test_a_sender_that_never_sent_is_deleted_for_good(town: Town, api: httpx.AsyncClient) -> None:
    """Its settings go with it."""
    sender = await town.sender()
    override = {"value": 7, "sender_id": sender.id}
    assert (await api.put("/api/settings/delay_s", json=override)).status_code == 200

    assert (await api.delete(f"/api/senders/{sender.id}")).status_code == 204

    assert await town.pool.fetchval("SELECT count(*) FROM senders WHERE id = $1", sender.id) == 0
    again = {"name": "Other", "phone": sender.phone, "device_id": secrets.token_hex(12)}
    assert (await api.post("/api/senders", json=again)).status_code == 201
