"""Sending, finding, changing and taking back messages."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.sandbox.harness import DEVICE, OTHER_PHONE, PHONE, Sandbox


async def test_a_message_is_accepted_first_and_sent_later(sandbox: Sandbox) -> None:
    await sandbox.post("/control/settings", sent_after_s=60)
    before = time.time()
    answer = await sandbox.http.post(
        "/v1/messages", json={"phone": PHONE, "device": DEVICE, "message": "Hi", "reference": "r-1"}
    )
    accepted = answer.json()
    assert answer.status_code == 201
    assert (accepted["status"], accepted["deliveryStatus"], accepted["reference"]) == (
        "queued",
        "queued",
        "r-1",
    )
    assert "waId" not in accepted
    [entry] = await sandbox.journal(reference="r-1")
    assert before <= entry["accepted_at_unix"] <= time.time()
    assert (entry["id"], entry["reached_phone"], entry["sent_at"]) == (accepted["id"], False, None)


async def test_a_message_walks_through_sent_and_delivered_to_read(sandbox: Sandbox) -> None:
    await sandbox.people({"phone": PHONE, "reads": True})
    message = await sandbox.until(await sandbox.send(), "deliveryStatus", "read")
    assert message["status"] == "processed"
    assert len(message["waId"]) == 22
    [entry] = await sandbox.journal(phone=PHONE)
    assert entry["sent_at"] < entry["delivered_at"] < entry["read_at"]
    assert entry["reached_phone"]


async def test_two_equal_posts_are_two_messages(sandbox: Sandbox) -> None:
    first, second = await asyncio.gather(sandbox.send(reference="same"), sandbox.send(reference="same"))
    assert first["id"] != second["id"]
    found = await sandbox.get("/v1/messages", reference="same")
    assert {message["id"] for message in found} == {first["id"], second["id"]}
    for message in (first, second):
        await sandbox.until(message, "deliveryStatus", "delivered", "read")
    counts = (await sandbox.get("/control/journal", reference="same"))["counts"]
    assert counts == {"accepted": 2, "reached": 2, "failed": 0}


async def test_messages_are_found_by_every_filter(sandbox: Sandbox) -> None:
    first = await sandbox.sent(reference="a", message="Good morning")
    second = await sandbox.sent(OTHER_PHONE, reference="b", priority="high")
    await sandbox.sent(reference="c")
    searches: list[dict[str, Any]] = [
        {"ids": first["id"]},
        {"waIds": first["waId"]},
        {"reference": "a"},
        {"search": "morning"},
        {"phone": PHONE, "createdBefore": second["createdAt"]},
        {"before": second["sentAt"], "sort": "date:asc"},
    ]
    for search in searches:
        assert [found["id"] for found in await sandbox.get("/v1/messages", **search)] == [first["id"]], search
    both = await sandbox.get("/v1/messages", reference=["a", "b"])
    assert [found["reference"] for found in both] == ["b", "a"]
    assert len(await sandbox.get("/v1/messages", reference="a,b,nobody")) == 2
    assert [found["reference"] for found in await sandbox.get("/v1/messages", priority="high")] == ["b"]
    assert len(await sandbox.get("/v1/messages", device=DEVICE, status="processed")) == 3
    assert await sandbox.get("/v1/messages", device="0" * 24) == []
    assert await sandbox.get("/v1/messages", status="queued") == []


async def test_listings_are_paged_newest_first_from_page_0(sandbox: Sandbox) -> None:
    for number in range(5):
        await sandbox.send(reference=f"r{number}")
    pages = [await sandbox.get("/v1/messages", size=2, page=page) for page in range(3)]
    assert [[found["reference"] for found in page] for page in pages] == [["r4", "r3"], ["r2", "r1"], ["r0"]]


async def test_the_default_page_has_20_messages_and_the_journal_has_all(sandbox: Sandbox) -> None:
    await asyncio.gather(*[sandbox.send() for _ in range(25)])
    assert len(await sandbox.get("/v1/messages")) == 20
    assert [entry["n"] for entry in await sandbox.journal()] == list(range(1, 26))


async def test_a_scheduled_message_can_be_changed_until_it_leaves(sandbox: Sandbox) -> None:
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    message = await sandbox.send(deliverAt=later, message="Draft", reference="r")
    changed = await sandbox.patch(f"/v1/messages/{message['id']}", message="Final", phone=OTHER_PHONE)
    assert (changed["message"], changed["phone"], changed["reference"]) == ("Final", OTHER_PHONE, "r")
    await sandbox.patch(f"/v1/messages/{message['id']}", remove=["deliverAt"])
    await sandbox.until(message, "status", "processed")
    [entry] = await sandbox.journal()
    assert (entry["phone"], entry["body"]) == (OTHER_PHONE, "Final")
    refused = await sandbox.http.patch(f"/v1/messages/{message['id']}", json={"message": "Too late"})
    assert refused.status_code == 409


async def test_a_scheduled_message_leaves_at_its_time(sandbox: Sandbox) -> None:
    message = await sandbox.send(schedule={"delayTo": "1h"})
    await sandbox.post("/control/clock", advance_s=3599 - 60)
    assert (await sandbox.get(f"/v1/messages/{message['id']}"))["status"] == "queued"
    await sandbox.post("/control/clock", advance_s=61)
    await sandbox.until(message, "status", "processed")


async def test_a_queued_message_can_be_deleted_and_never_reaches_the_phone(sandbox: Sandbox) -> None:
    message = await sandbox.send(schedule={"delayTo": "1m"})
    removed = await sandbox.http.delete(f"/v1/messages/{message['id']}")
    assert (removed.status_code, removed.json()["status"]) == (200, "removed")
    await sandbox.post("/control/clock", advance_s=120)
    await sandbox.sent(OTHER_PHONE)
    [entry] = await sandbox.journal(phone=PHONE)
    assert not entry["reached_phone"]


async def test_a_sent_message_is_deleted_only_by_force(sandbox: Sandbox) -> None:
    message = await sandbox.sent()
    assert (await sandbox.http.delete(f"/v1/messages/{message['id']}")).status_code == 409
    forced = await sandbox.http.delete(f"/v1/messages/{message['id']}", params={"force": "true"})
    assert forced.json()["status"] == "removed"


async def test_an_expired_message_is_not_sent(sandbox: Sandbox) -> None:
    await sandbox.patch(f"/control/devices/{DEVICE}", session="offline")
    message = await sandbox.send(expiration={"seconds": 60})
    await sandbox.post("/control/clock", advance_s=61)
    expired = await sandbox.until(message, "status", "expired")
    assert expired["expiredAt"] is not None
    await sandbox.patch(f"/control/devices/{DEVICE}", session="online")
    await sandbox.sent(OTHER_PHONE)
    assert not (await sandbox.journal(phone=PHONE))[0]["reached_phone"]


@pytest.mark.parametrize(("retries", "status"), [(1, "failed"), (2, "processed")])
async def test_the_providers_own_retries_are_honoured(sandbox: Sandbox, retries: int, status: str) -> None:
    await sandbox.post("/control/settings", retry_delay_s=0.01)
    await sandbox.fault("delivery", "attempt_failed", count=2)
    message = await sandbox.until(await sandbox.send(retries=retries), "status", "failed", "processed")
    assert (message["status"], message["retry"]["count"]) == (status, 2)


async def test_a_live_message_has_its_whatsapp_id_soon_without_the_queue(sandbox: Sandbox) -> None:
    await sandbox.patch(f"/control/devices/{DEVICE}", delivery_per_minute=1)
    await sandbox.sent(OTHER_PHONE)
    await sandbox.send()
    live = await sandbox.sent(live=True)
    assert live["waId"]


async def test_200_messages_are_taken_within_seconds(sandbox: Sandbox) -> None:
    """Generous, for a busy machine: alone it takes less than half a second."""
    begun = time.monotonic()
    for _ in range(10):
        await asyncio.gather(*[sandbox.send() for _ in range(20)])
    assert time.monotonic() - begun < 8
