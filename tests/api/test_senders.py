"""Senders through the API: the list with its pace, health, changes, and removal."""

import asyncio
import secrets
import socket
from functools import partial
from typing import Any
from uuid import uuid4

import httpx
import pytest
from pydantic import SecretStr

from api.app import create_app
from settings import Settings
from storage import campaigns
from tests.api.applications import client_of
from tests.api.walking import all_pages, as_people_type, sent
from tests.conftest import Town, eventually, next_phone
from tests.scene import Scene, open_scene

WAITS_FOR_SENDERS = """
    SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%UPDATE senders SET%'
"""


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
    for q in as_people_type(scene.sender.phone):
        assert [item["id"] for item in await all_pages(api, "/api/senders", q=q)] == [scene.sender.id]
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
        update = {
            "wassenger_url": nowhere,
            "public_url": None,
            "meta_access_token": None,
            "wassenger_token": SecretStr("t"),
            **changes,
        }
        app = create_app(settings.model_copy(update=update))
        async with client_of(app) as api:
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


async def removed(api: httpx.AsyncClient, town: Town) -> Scene:
    """A scene whose sender has sent something, and was removed since."""
    scene = await open_scene(town)
    await sent(scene)
    await town.pool.execute("UPDATE campaigns SET status = 'completed' WHERE id = $1", scene.campaign.id)
    assert (await api.delete(f"/api/senders/{scene.sender.id}")).status_code == 204
    return scene


async def test_a_removed_sender_comes_back_on_another_device(town: Town, api: httpx.AsyncClient) -> None:
    """E3, E17: its number was linked anew; its history, and so its quota, goes on."""
    scene = await removed(api, town)
    account = {"name": "Back", "phone": scene.sender.phone, "device_id": secrets.token_hex(12)}

    answer = await api.post("/api/senders", json=account)

    assert answer.status_code == 201, answer.text
    back = answer.json()
    assert (back["id"], back["device_id"], back["status"]) == (scene.sender.id, account["device_id"], "active")
    assert (await api.get(f"/api/senders/{scene.sender.id}")).json()["pace"]["sent_in_a_day"] == 1


async def test_two_removed_senders_may_have_swapped_their_devices(town: Town, api: httpx.AsyncClient) -> None:
    """E17: each is who its number says, whichever comes back first."""
    one, other = await removed(api, town), await removed(api, town)
    for back, device_id in ((one, other.sender.device_id), (other, one.sender.device_id)):
        account = {"name": "Back", "phone": back.sender.phone, "device_id": device_id}
        answer = await api.post("/api/senders", json=account)
        assert answer.status_code == 201, answer.text
        assert (answer.json()["id"], answer.json()["device_id"]) == (back.sender.id, device_id)


async def test_a_number_that_another_sender_has_is_refused(town: Town, api: httpx.AsyncClient) -> None:
    """E17: the answer says which; so for a device, when the number is one that was removed."""
    here, gone = await town.sender(), await removed(api, town)
    for account in (
        {"phone": here.phone, "device_id": secrets.token_hex(12)},
        {"phone": gone.sender.phone, "device_id": here.device_id},
    ):
        refused = await api.post("/api/senders", json={"name": "Twice", **account})
        assert (refused.status_code, refused.json()["title"]) == (409, "Sender exists")
        assert refused.json()["sender_id"] == here.id
        assert here.name in refused.json()["detail"]
    assert (await api.get(f"/api/senders/{here.id}")).json()["sender"]["name"] == here.name


async def test_the_same_new_number_sent_twice_at_once_is_one_sender(town: Town, api: httpx.AsyncClient) -> None:
    """E17: whoever was slower hears who has it."""
    phone = next_phone()
    accounts = [{"name": "New", "phone": phone, "device_id": secrets.token_hex(12)} for _ in range(6)]
    answers = await asyncio.gather(*(api.post("/api/senders", json=account) for account in accounts))
    assert sorted(answer.status_code for answer in answers) == [201, *[409] * 5]
    [made] = [answer.json()["id"] for answer in answers if answer.status_code == 201]
    assert {answer.json()["sender_id"] for answer in answers if answer.status_code == 409} == {made}


async def test_two_people_who_change_different_things_undo_nothing(town: Town, api: httpx.AsyncClient) -> None:
    """P11: one waits for the other, and writes only what it was told to."""
    sender = await town.sender(rate_per_s=5)
    async with town.pool.acquire() as other, other.transaction():
        await other.execute("UPDATE senders SET maturity = 'mature' WHERE id = $1", sender.id)
        renaming = asyncio.create_task(api.patch(f"/api/senders/{sender.id}", json={"name": "Desk"}))
        await eventually(partial(town.pool.fetchval, WAITS_FOR_SENDERS), what="the change that has to wait")
    changed = (await renaming).json()
    assert (changed["name"], changed["maturity"], changed["message_1_rate_per_s"]) == ("Desk", "mature", 5)
