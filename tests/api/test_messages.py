"""Messages through the API: lists in pages, filters, search, and one message with its attempts."""

import secrets
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx
import pytest

from domain.messages import MessageType
from storage import outcomes, sending
from tests.api.walking import Json, all_pages, as_people_type, reacted, sent
from tests.conftest import Town
from tests.scene import open_scene


async def test_messages_are_listed_newest_first_in_pages(town: Town, api: httpx.AsyncClient) -> None:
    """A3: every message once, whatever the size of a page; without its text."""
    scene = await open_scene(town, 5)
    for nth in range(5):
        await sent(scene, nth)

    listed = await all_pages(api, "/api/messages", campaign_id=scene.campaign.id)

    assert [item["id"] for item in listed] == sorted((item["id"] for item in listed), reverse=True)
    assert {item["contact_id"] for item in listed} == set(scene.contact_ids)
    assert {item["phone"] for item in listed} == set(scene.phones)
    assert "body" not in listed[0]


async def test_messages_are_found_by_what_they_are(town: Town, api: httpx.AsyncClient) -> None:
    """A3: contact, sender, type, status, and times."""
    scene = await open_scene(town, 4)
    await sent(scene, 0, minutes_ago=60)
    await sent(scene, 1, minutes_ago=5)
    await reacted(scene, 1)
    second = await sent(scene, 1, MessageType.MESSAGE_2)
    own: Json = {"campaign_id": scene.campaign.id}

    by_contact = await all_pages(api, "/api/messages", contact_id=scene.contact_ids[1])
    assert [item["message_type"] for item in by_contact] == ["message_2", "message_1"]
    assert len(await all_pages(api, "/api/messages", sender_id=scene.sender.id)) == 5
    assert len(await all_pages(api, "/api/messages", **own, status="pending")) == 2
    assert len(await all_pages(api, "/api/messages", **own, status=["pending", "accepted"])) == 5
    for order in ("created", "sent"):
        twice: Json = {"status": ["accepted"] * 2, "message_type": ["message_1"] * 2, "order": order}
        found = await all_pages(api, "/api/messages", **own, **twice)
        assert sorted(item["contact_id"] for item in found) == sorted(scene.contact_ids[:2])
    [only] = await all_pages(api, "/api/messages", **own, message_type="message_2")
    assert only["id"] == second

    an_hour_ago = datetime.now(UTC) - timedelta(minutes=30)
    by_sending = await all_pages(api, "/api/messages", **own, order="sent")
    assert [item["contact_id"] for item in by_sending] == [scene.contact_ids[n] for n in (1, 1, 0)]
    since: Json = {"from": an_hour_ago.isoformat()}
    recent = await all_pages(api, "/api/messages", **own, **since, order="sent")
    assert [item["contact_id"] for item in recent] == [scene.contact_ids[1]] * 2
    older = await all_pages(api, "/api/messages", **own, order="sent", to=an_hour_ago.isoformat())
    assert [item["contact_id"] for item in older] == [scene.contact_ids[0]]
    made_before = await all_pages(api, "/api/messages", **own, to=an_hour_ago.isoformat())
    assert made_before == []


async def test_messages_are_found_by_their_text_and_by_phone(town: Town, api: httpx.AsyncClient) -> None:
    """A3: any part, in any case; percent signs and the like mean themselves; numbers as people type them."""
    word = secrets.token_hex(6)
    scene = await open_scene(town, 3, message_1=f"Catalogue {word} at 10_% {{{{name}}}}")
    first = await sent(scene, 0)
    await sent(scene, 1)

    assert len(await all_pages(api, "/api/messages", q=f"CATALOGUE {word.upper()}")) == 2
    assert len(await all_pages(api, "/api/messages", q=f"{word} at 10_%")) == 2
    assert await all_pages(api, "/api/messages", q=f"{word} at 10%_") == []
    for q in as_people_type(scene.phones[0]):
        by_phone = await all_pages(api, "/api/messages", q=q)
        assert first in [item["id"] for item in by_phone]
        assert {item["phone"] for item in by_phone} == {scene.phones[0]}
    assert (await api.get("/api/messages", params={"q": "ab"})).status_code == 422


async def test_messages_are_found_by_the_name_of_their_contact(town: Town, api: httpx.AsyncClient) -> None:
    """A3: any part of it, in any case and without accents, also where the text does not say it."""
    scene = await open_scene(town, 2, message_1="The same for everybody")
    name = f"Zoé {secrets.token_hex(4)}"
    await town.pool.execute("UPDATE contacts SET name = $2 WHERE id = $1", scene.contact_ids[0], name)
    first = await sent(scene, 0)
    await sent(scene, 1)

    found = await all_pages(api, "/api/messages", q=name.replace("é", "e").upper())

    assert [item["id"] for item in found] == [first]


async def test_a_message_is_shown_with_its_attempts(town: Town, api: httpx.AsyncClient) -> None:
    """E3: what was tried, when, and what came of it."""
    scene = await open_scene(town)
    ready = await scene.begin()
    assert isinstance(ready, sending.Ready)
    await outcomes.record_not_sent(
        scene.pool, ready.message_id, 1, code="not_found", detail="not there", max_attempts=3
    )
    await sent(scene)

    shown = (await api.get(f"/api/messages/{ready.message_id}")).json()

    assert [attempt["outcome"] for attempt in shown["attempts"]] == ["not_sent", "accepted"]
    assert shown["attempts"][0]["detail"] == "not there"
    assert shown["message"]["body"] == ready.body
    assert shown["message"]["sender_name"] == scene.sender.name
    assert (await api.get(f"/api/messages/{uuid4()}")).status_code == 404


@pytest.mark.parametrize("order", ["created", "sent"])
@pytest.mark.parametrize("cursor", ["x", "bm9uc2Vuc2U", "WyJjcmVhdGVkIl0", "WyJzZW50Iiwxe"])
async def test_a_cursor_of_another_list_is_refused(api: httpx.AsyncClient, order: str, cursor: str) -> None:
    """Problem details (RFC 9457), never an error of ours."""
    answer = await api.get("/api/messages", params={"order": order, "cursor": cursor})

    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
