"""Lists around campaigns through the API: the campaigns, and contacts, lanes, batches and paces of one."""

import base64
import secrets
from typing import Any
from uuid import uuid4

import httpx
import pytest

from api.campaign_models import workflow_url
from domain.messages import MessageType
from domain.run_settings import RunSettings
from settings import Settings
from storage import campaigns
from storage.batches import start_batch
from tests.api.walking import all_pages, as_people_type, reacted, sent
from tests.conftest import Town
from tests.scene import open_scene

SILENT: dict[str, Any] = {"script": []}


async def test_campaigns_are_listed_in_every_order_once(town: Town, api: httpx.AsyncClient) -> None:
    """A3: pages by keyset, without the texts."""
    category_id, _phones = await town.people([SILENT])
    sender_id = (await town.sender()).id
    names = ["beta", "Alpha", "beta", "gamma"]
    made = [await town.campaign(category_id, [sender_id], name=name) for name in names]
    for started in (made[2], made[0]):
        await campaigns.mark_started(town.pool, started.id)

    async def listed(order: str) -> list[str]:
        found = await all_pages(api, "/api/campaigns", order=order, category_id=category_id)
        return [item["id"] for item in found]

    ids = [campaign.id for campaign in made]
    assert await listed("created") == ids[::-1]
    assert await listed("name") == [ids[1], ids[0], ids[2], ids[3]]
    assert await listed("started") == [ids[0], ids[2], ids[3], ids[1]]
    [first] = (await api.get("/api/campaigns", params={"limit": 1})).json()["items"]
    assert "message_1" not in first
    assert (await api.get("/api/campaigns", params={"order": "size"})).status_code == 422


@pytest.mark.parametrize(
    "cursor",
    [
        base64.urlsafe_b64encode(b"[" * depth + b"]" * closed).decode().rstrip("=")
        for depth, closed in ((1490, 0), (745, 745), (1490, 5))
    ],
)
async def test_a_cursor_that_is_nested_without_end_is_invalid(api: httpx.AsyncClient, cursor: str) -> None:
    """RFC 9457: whoever made it up is told so, instead of a 500."""
    for path in ("/api/campaigns", "/api/contacts", "/api/imports", "/api/messages"):
        answer = await api.get(path, params={"cursor": cursor})
        assert (answer.status_code, answer.json()["title"]) == (422, "Invalid cursor")


async def test_a_cursor_holds_the_longest_name(town: Town, api: httpx.AsyncClient) -> None:
    """A3: also one that JSON would escape."""
    sender, word = await town.sender(), secrets.token_hex(4)
    category_id, _phones = await town.people([SILENT])
    for letter in "abc":
        await town.campaign(category_id, [sender.id], name=f"{word}{letter}" + "\U0001f600" * 190)
    listed = await all_pages(api, "/api/campaigns", limit=1, order="name", sender_id=sender.id)
    assert [item["name"][8] for item in listed] == ["a", "b", "c"]


async def test_campaigns_are_found_by_what_they_are(town: Town, api: httpx.AsyncClient) -> None:
    """A3: status, sender, category, a part of the name."""
    word = secrets.token_hex(6)
    scene = await open_scene(town, 2, name=f"Spring 100% {word}")
    await sent(scene)
    draft = await town.campaign(scene.campaign.category_ids[0], [scene.sender.id], name=f"Draft {word}")

    async def found(**query: Any) -> list[str]:
        return [item["id"] for item in await all_pages(api, "/api/campaigns", limit=50, **query)]

    assert await found(sender_id=scene.sender.id) == [draft.id, scene.campaign.id]
    assert await found(sender_id=scene.sender.id, status="running") == [scene.campaign.id]
    assert await found(sender_id=scene.sender.id, status=["running", "draft"]) == [draft.id, scene.campaign.id]
    assert await found(category_id=scene.campaign.category_ids[0]) == [draft.id, scene.campaign.id]
    assert await found(q=word.upper()) == [draft.id, scene.campaign.id]
    assert await found(q=f"100% {word}") == [scene.campaign.id]
    assert await found(q=f"1%0 {word}") == []
    [shown] = (await api.get("/api/campaigns", params={"q": f"100% {word}"})).json()["items"]
    assert (shown["total_contacts"], shown["messages_sent"], shown["final_contacts"]) == (2, 1, 0)


async def test_the_contacts_of_a_campaign_come_with_their_messages(town: Town, api: httpx.AsyncClient) -> None:
    """A3: in pages, by state, by name and phone, however people type it."""
    scene = await open_scene(town, 5)
    await sent(scene, 0)
    await sent(scene, 1)
    await reacted(scene, 1, kind="voice")
    await sent(scene, 1, MessageType.MESSAGE_2)
    path = f"/api/campaigns/{scene.campaign.id}/contacts"

    listed = await all_pages(api, path)

    assert sorted(item["contact_id"] for item in listed) == sorted(scene.contact_ids)
    by_id = {item["contact_id"]: item for item in listed}
    one, two, three = (by_id[scene.contact_ids[nth]] for nth in (0, 1, 2))
    assert (one["state"], one["message_1_status"], one["message_2_status"]) == (
        "message_1_sent",
        "accepted",
        None,
    )
    assert (two["state"], two["last_interaction_type"]) == ("message_2_sent", "voice")
    assert two["message_2_sent_at"] > two["message_1_sent_at"]
    assert (three["state"], three["message_1_sent_at"]) == ("pending", None)
    pending = await all_pages(api, path, state="pending")
    assert {item["contact_id"] for item in pending} == set(scene.contact_ids[2:])
    for q in as_people_type(scene.phones[3]):
        assert [item["contact_id"] for item in await all_pages(api, path, q=q)] == [scene.contact_ids[3]]
    assert (await api.get(f"/api/campaigns/{uuid4()}/contacts")).status_code == 404


async def test_lanes_and_batches_show_how_far_a_campaign_is(town: Town, api: httpx.AsyncClient) -> None:
    """P10: started and total for each sender; what the contacts of a batch do."""
    category_id, _phones = await town.people([SILENT] * 60)
    senders = [(await town.sender()).id for _ in range(2)]
    campaign = await town.campaign(category_id, senders, batch_size=25)
    shares = {senders[0]: 0.75, senders[1]: 0.25}
    lanes = await campaigns.open_campaign(town.pool, campaign.id, shares)
    assert [(lane.sender_id, lane.batches) for lane in lanes] == [(senders[0], 2), (senders[1], 1)]

    path = f"/api/campaigns/{campaign.id}"
    first, second = (await api.get(f"{path}/lanes")).json()
    assert (first["contacts"], first["batches"], first["batches_started"]) == (45, 2, 0)
    for batch, sender_id in ((0, senders[0]), (1, senders[1]), (2, senders[0])):
        await start_batch(town.pool, campaign.id, batch, sender_id, RunSettings())
    first, second = (await api.get(f"{path}/lanes")).json()
    assert (first["batches_started"], first["contacts_started"]) == (2, 45)
    assert (second["batches_started"], second["contacts_started"], second["contacts"]) == (1, 15, 15)

    batches = await all_pages(api, f"{path}/batches")
    assert [item["batch"] for item in batches] == [2, 1, 0]
    assert [item["contacts"] for item in batches] == [20, 15, 25]
    assert all(item["pending"] == item["contacts"] for item in batches)
    for part in ("lanes", "batches", "pacing-changes"):
        assert (await api.get(f"/api/campaigns/{uuid4()}/{part}")).status_code == 404


async def test_the_changes_of_pace_of_its_time_are_listed(town: Town, api: httpx.AsyncClient) -> None:
    """P6: of all its senders, from its start to its end."""
    category_id, _phones = await town.people([SILENT])
    senders = [(await town.sender()).id for _ in range(2)]
    add = """
        INSERT INTO pacing_changes (sender_id, state, reason, profile, maturity, delay_s, error_factor,
            error_rate, quota, message_1_queue_per_s, message_2_queue_per_s)
        VALUES ($1, 'sending', $2, 'standard', 'young', 5, 1, 0, 20, 1, 1)
    """
    await town.pool.execute(add, senders[0], "before")
    campaign = await town.campaign(category_id, senders)
    path = f"/api/campaigns/{campaign.id}/pacing-changes"
    assert await all_pages(api, path) == []
    await campaigns.mark_started(town.pool, campaign.id)
    for nth, reason in enumerate(("first", "second", "third")):
        await town.pool.execute(add, senders[nth % 2], reason)
    await town.pool.execute("UPDATE campaigns SET closed_at = clock_timestamp() WHERE id = $1", campaign.id)
    await town.pool.execute(add, senders[0], "after")

    assert [item["reason"] for item in await all_pages(api, path)] == ["third", "second", "first"]


@pytest.mark.parametrize(("address", "expected"), [(None, None), ("http://ui.example/", "http://ui.example")])
def test_a_campaign_links_to_its_workflow(
    settings: Settings, address: str | None, expected: str | None
) -> None:
    """Operators find it in the Temporal Web UI."""
    found = workflow_url(settings.model_copy(update={"temporal_ui_url": address}), "campaign-x")

    assert found == (expected and f"{expected}/namespaces/default/workflows/campaign-x")
