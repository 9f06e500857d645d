"""Campaigns through the API, with the real worker behind it: draft, start, cancel, and the maximum age."""

import asyncio
import socket
from typing import Any
from uuid import uuid4

import httpx
import pytest
from temporalio.client import Client

from api.app import create_app
from domain.identifiers import campaign_workflow_id
from settings import Settings
from storage import campaigns, senders
from tests.api.applications import client_of
from tests.conftest import Town, eventually
from tests.scene import Scene

Json = dict[str, Any]
SILENT: Json = {"script": []}


async def draft(town: Town, **changes: Any) -> Json:
    """The body of a valid POST /api/campaigns, unless changed."""
    category_id, _phones = await town.people([SILENT])
    body: Json = {
        "name": "Spring",
        "message_1": "Hello {{name|there}}",
        "message_2": "Thank you",
        "sender_ids": [(await town.sender()).id],
        "category_ids": [category_id],
    }
    return {**body, **changes}


async def closed(api: httpx.AsyncClient, campaign_id: str) -> Json:
    """The campaign, as soon as it has closed."""

    async def is_closed() -> Json | None:
        shown: Json = (await api.get(f"/api/campaigns/{campaign_id}")).json()
        return shown if shown["closed_at"] else None

    shown: Json = await eventually(is_closed, what="the closing")
    return shown


async def test_a_draft_takes_what_it_does_not_name_from_the_settings(
    town: Town, api: httpx.AsyncClient, settings: Settings
) -> None:
    """E1, A5; nothing is sent before it is started."""
    answer = await api.post("/api/campaigns", json=await draft(town, window_s=60))

    assert answer.status_code == 201, answer.text
    shown = answer.json()
    assert (shown["status"], shown["window_s"], shown["batch_size"]) == ("draft", 60, settings.batch_size)
    assert (await api.get(f"/api/campaigns/{shown['id']}")).json() == shown
    listed = (await api.get("/api/campaigns")).json()["items"]
    assert (listed[0]["id"], listed[0]["total_contacts"]) == (shown["id"], 0)
    assert shown["counts"]["messages_sent"] == shown["counts"]["total_contacts"] == 0


@pytest.mark.parametrize(
    ("changes", "hint"),
    [
        ({"message_1": "Hello {{name"}, "message_1"),
        ({"message_2": ""}, "message_2"),
        ({"category_ids": []}, "either category_ids or everyone"),
        ({"everyone": True}, "either category_ids or everyone"),
        ({"sender_ids": []}, "sender_ids"),
        ({"sender_ids": [str(uuid4())]}, "senders"),
        ({"category_ids": [str(uuid4())]}, "categories"),
        ({"batch_size": 101}, "batch_size"),
        ({"windows": 3}, "windows"),
        ({"name": "a\x00b"}, "cannot be stored"),
    ],
)
async def test_a_draft_that_makes_no_sense_is_refused_with_what_to_do(
    town: Town, api: httpx.AsyncClient, changes: Json, hint: str
) -> None:
    """Problem details (RFC 9457)."""
    answer = await api.post("/api/campaigns", json=await draft(town, **changes))

    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert hint in answer.json()["detail"]


async def test_a_campaign_that_does_not_exist_is_not_found(api: httpx.AsyncClient) -> None:
    """Problem details (RFC 9457); a made-up id as well as one that is none."""
    unknown = uuid4()
    for method, path in (("GET", ""), ("POST", "/start"), ("POST", "/cancel")):
        answer = await api.request(method, f"/api/campaigns/{unknown}{path}")
        assert (answer.status_code, answer.json()["title"]) == (404, "Not found")
        assert str(unknown) in answer.json()["detail"]
    assert (await api.get("/api/campaigns/none")).status_code == 422


@pytest.mark.usefixtures("running_worker")
async def test_ten_starts_at_once_are_one_campaign(
    town: Town, api: httpx.AsyncClient, temporal: Client
) -> None:
    """E1, E9, E14; property 4: one workflow, one snapshot, one Message 1 each."""
    category_id, phones = await town.people([SILENT] * 3)
    campaign = await town.campaign(category_id, [(await town.sender()).id], window_s=0.5, grace_s=0.1)

    answers = await asyncio.gather(*(api.post(f"/api/campaigns/{campaign.id}/start") for _ in range(10)))

    assert [answer.status_code for answer in answers] == [202] * 10
    shown = await closed(api, campaign.id)
    assert (shown["status"], shown["close_reason"]) == ("completed", "all_final")
    assert shown["counts"]["contacts_by_state"]["no_interaction"] == 3
    for phone in phones:
        assert len(await town.journal(phone)) == 1
    runs = [run async for run in temporal.list_workflows(f"WorkflowId = '{campaign_workflow_id(campaign.id)}'")]
    assert len(runs) == 1

    again = await api.post(f"/api/campaigns/{campaign.id}/start")
    assert (again.status_code, again.json()["title"]) == (409, "Campaign has ended")
    late_cancel = await api.post(f"/api/campaigns/{campaign.id}/cancel")
    assert late_cancel.status_code == 409


async def test_a_campaign_that_cannot_fit_its_maximum_age_is_refused_with_numbers(
    town: Town, api: httpx.AsyncClient
) -> None:
    """E15, section 2 of the design: the estimate and the two ways out."""
    category_id, _phones = await town.people([SILENT] * 4)
    sender = await town.sender(rate_per_s=0.001)
    campaign = await town.campaign(category_id, [sender.id], max_age_s=1800)

    answer = await api.post(f"/api/campaigns/{campaign.id}/start")

    assert answer.status_code == 409
    problem = answer.json()
    assert problem["detail"] == (
        "4 contacts over 1 sender take about 0.8 h, and the maximum age is 0.5 h: most of it is the pace of "
        "its senders; raise max_age_s to 3600 (1.0 h) or add one more sender like the first"
    )
    # Three gaps of a thousand seconds, the window and its grace.
    assert problem["duration_s"] == pytest.approx(3005, rel=0.1)
    assert (problem["max_age_s"], problem["senders_to_add"]) == (1800, 1)
    assert problem["estimate"]["messages_1_by_sender"] == {sender.id: 4}
    assert (await api.get(f"/api/campaigns/{campaign.id}")).json()["status"] == "draft"


async def test_a_campaign_without_anybody_to_write_to_is_refused(town: Town, api: httpx.AsyncClient) -> None:
    """E1; an opt-out is nobody to write to."""
    category_id, phones = await town.people([SILENT])
    await town.pool.execute("UPDATE contacts SET opted_out_at = now() WHERE phone = $1", phones[0])
    campaign = await town.campaign(category_id, [(await town.sender()).id])

    answer = await api.post(f"/api/campaigns/{campaign.id}/start")

    assert (answer.status_code, answer.json()["title"]) == (409, "Nobody to write to")


async def test_a_cancelled_draft_never_starts(town: Town, api: httpx.AsyncClient) -> None:
    """E15; cancelling twice changes nothing."""
    created = (await api.post("/api/campaigns", json=await draft(town))).json()
    for _ in range(2):
        cancelled = await api.post(f"/api/campaigns/{created['id']}/cancel")
        assert (cancelled.status_code, cancelled.json()["status"]) == (202, "cancelled")

    answer = await api.post(f"/api/campaigns/{created['id']}/start")
    assert answer.status_code == 409
    assert "cancelled" in answer.json()["detail"]


@pytest.mark.usefixtures("running_worker")
async def test_after_a_cancel_nobody_gets_anything(
    town: Town, api: httpx.AsyncClient, sandbox: httpx.AsyncClient
) -> None:
    """E14, E16; those who wait for a reaction and those who wait for Message 1; late reactions send nothing."""
    category_id, phones = await town.people([SILENT] * 30)
    sender = await town.sender(rate_per_s=4)
    campaign = await town.campaign(category_id, [sender.id], window_s=60)
    await api.post(f"/api/campaigns/{campaign.id}/start")

    async def some_sent() -> bool:
        return (await campaigns.get_counters(town.pool, campaign.id)).messages_1_sent >= 3

    await eventually(some_sent, what="the first messages")
    assert (await api.post(f"/api/campaigns/{campaign.id}/cancel")).status_code == 202
    shown = await closed(api, campaign.id)

    assert (shown["status"], shown["close_reason"]) == ("cancelled", "cancelled")
    sent = shown["report"]["counters"]["messages_1_sent"]
    assert 3 <= sent < 30
    assert shown["counts"]["contacts_by_state"]["cancelled"] == 30
    everybody = [phone for phone in phones if await town.journal(phone)]
    order = {"device": sender.device_id, "phone": everybody[0]}
    (await sandbox.post("/control/inbound", json=order)).raise_for_status()

    async def reaction_stored() -> bool:
        return (await campaigns.get_counters(town.pool, campaign.id)).interactions == 1

    await eventually(reaction_stored, what="the reaction")
    journal = (await sandbox.get("/control/journal")).json()["messages"]
    assert len([entry for entry in journal if entry["phone"] in phones]) == sent


@pytest.mark.usefixtures("running_worker")
async def test_the_maximum_age_closes_a_campaign_whatever_its_contacts_wait_for(
    town: Town, api: httpx.AsyncClient
) -> None:
    """E14, E15, E16; properties 12 and 13: every state at the closing, one lane stands still."""
    special: list[Json] = [
        {"script": [{"after_s": 0.1, "kind": "text"}]},
        {"script": [{"after_s": 0.1, "kind": "text", "body": "STOP"}]},
        {"script": [], "on_whatsapp": False},
    ]
    # Contacts go to the two lanes in turn; the second batch of the first lane starts after a pause.
    first_lane = [*special, *[SILENT] * 27]
    people = [somebody for pair in zip(first_lane, [SILENT] * 30, strict=True) for somebody in pair]
    category_id, phones = await town.people(people)
    working, stopped = await town.sender(), await town.sender()
    await senders.stop_sender(town.pool, stopped.id, "a test")
    campaign = await town.campaign(
        category_id, [working.id, stopped.id], window_s=6, grace_s=0.2, batch_pause_s=10, max_age_s=14
    )
    # In equal parts, and started: the estimate would refuse it, and give nobody to a sender that is stopped.
    await campaigns.open_campaign(town.pool, campaign.id)

    await api.post(f"/api/campaigns/{campaign.id}/start")
    shown = await closed(api, campaign.id)

    assert (shown["status"], shown["close_reason"]) == ("completed", "max_age")
    states = {state: count for state, count in shown["counts"]["contacts_by_state"].items() if count}
    assert states == {
        "message_2_sent": 1,
        "opted_out": 1,
        "failed": 1,
        "no_interaction": 22,
        "expired": 35,
    }
    scene = Scene(town, working, campaign, phones, [])
    assert await campaigns.get_counters(town.pool, campaign.id) == await scene.recounted()
    assert shown["report"]["counters"]["messages_1_sent"] <= 30
    open_messages = await town.pool.fetchval(
        "SELECT count(*) FROM messages WHERE campaign_id = $1 AND status = 'pending'", campaign.id
    )
    assert open_messages == 0


async def test_a_start_while_temporal_is_away_changes_nothing(town: Town, settings: Settings) -> None:
    """E17; 503 with what to do, and the draft can be started later."""
    category_id, _phones = await town.people([SILENT])
    campaign = await town.campaign(category_id, [(await town.sender()).id])
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        nowhere = f"127.0.0.1:{taken.getsockname()[1]}"
        app = create_app(settings.model_copy(update={"temporal_address": nowhere, "public_url": None}))
        async with client_of(app) as api:
            answer = await api.post(f"/api/campaigns/{campaign.id}/start")

    assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
    assert "try again" in answer.json()["detail"]
    stored = await campaigns.get_campaign(town.pool, campaign.id)
    assert stored is not None
    assert stored.status == "draft"
