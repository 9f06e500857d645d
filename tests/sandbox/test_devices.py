"""Devices, their sessions and their queues."""

from datetime import datetime
from itertools import pairwise

import pytest

from tests.sandbox.harness import DEVICE, OTHER_PHONE, PHONE, Receiver, Sandbox

SECOND = "5a0db0c5e1a2b3c4d5e6f702"
QUEUE = f"/v1/devices/{DEVICE}/queue"


async def test_there_is_one_device_at_the_start(sandbox: Sandbox) -> None:
    [device] = await sandbox.get("/v1/devices")
    assert (device["id"], device["phone"]) == (DEVICE, "+33199000001")
    assert (device["status"], device["session"]["status"]) == ("operative", "online")
    assert await sandbox.get(f"/v1/devices/{DEVICE}") == device
    assert (await sandbox.get(f"/v1/devices/{DEVICE}/health"))["healthy"]


async def test_adding_a_device_twice_adds_it_once(sandbox: Sandbox) -> None:
    for alias in ("first", "again"):
        device = await sandbox.post("/control/devices", id=SECOND, phone="+33199000002", alias=alias)
    assert device["alias"] == "first"
    assert len(await sandbox.get("/v1/devices")) == 2
    assert [found["id"] for found in await sandbox.get("/v1/devices", search="199000002")] == [SECOND]


async def test_a_message_without_a_device_goes_through_the_first(sandbox: Sandbox) -> None:
    await sandbox.post("/control/devices", id=SECOND, phone="+33199000002")
    message = await sandbox.post("/v1/messages", phone=PHONE, message="Hi")
    assert message["device"] == DEVICE


async def test_an_offline_device_queues_and_delivers_when_it_is_back(
    sandbox: Sandbox, receiver: Receiver
) -> None:
    await sandbox.subscribe(receiver.url, events=["number:session"])
    await sandbox.patch(f"/control/devices/{DEVICE}", session="offline")
    event = await receiver.until_event("number:session")
    assert event["data"]["session"] == "offline"
    message = await sandbox.send()
    assert (await sandbox.get(QUEUE))["messages"] == 1
    assert not (await sandbox.get(f"/v1/devices/{DEVICE}/health"))["healthy"]
    await sandbox.post(f"/v1/devices/{DEVICE}/start")
    await sandbox.until(message, "status", "processed")


async def test_an_offline_device_can_refuse(sandbox: Sandbox) -> None:
    await sandbox.patch(f"/control/devices/{DEVICE}", session="offline", offline_mode="refuse")
    answer = await sandbox.http.post("/v1/messages", json={"phone": PHONE, "message": "Hi"})
    assert answer.status_code == 503


@pytest.mark.parametrize(("status", "refusal"), [("unpaid", 402), ("banned", 403), ("disabled", 403)])
async def test_an_unusable_device_refuses(sandbox: Sandbox, status: str, refusal: int) -> None:
    await sandbox.patch(f"/control/devices/{DEVICE}", status=status)
    answer = await sandbox.http.post("/v1/messages", json={"phone": PHONE, "message": "Hi"})
    assert answer.status_code == refusal


async def test_a_slow_device_spaces_its_messages(sandbox: Sandbox) -> None:
    await sandbox.patch(f"/v1/devices/{DEVICE}", settings={"deliverySpeed": 60})
    messages = [await sandbox.send() for _ in range(4)]
    await sandbox.post("/control/clock", advance_s=3)
    for message in messages:
        await sandbox.until(message, "status", "processed")
    sent = [datetime.fromisoformat(entry["sent_at"]).timestamp() for entry in await sandbox.journal()]
    gaps = [later - earlier for earlier, later in pairwise(sent)]
    assert gaps == pytest.approx([1.0] * 3, abs=0.2)


async def test_urgent_messages_overtake(sandbox: Sandbox) -> None:
    await sandbox.post(QUEUE, status="pause")
    for priority in ("low", "normal", "urgent", "high"):
        await sandbox.send(priority=priority, reference=priority)
    await sandbox.patch(f"/control/devices/{DEVICE}", delivery_per_minute=60)
    await sandbox.post(QUEUE, status="active")
    await sandbox.post("/control/clock", advance_s=10)
    entries = await sandbox.journal()
    for entry in entries:
        await sandbox.until(entry, "status", "processed")
    in_order = sorted(await sandbox.journal(), key=lambda entry: str(entry["sent_at"]))
    assert [entry["reference"] for entry in in_order] == ["urgent", "high", "normal", "low"]


async def test_a_paused_queue_accepts_and_does_not_deliver(sandbox: Sandbox) -> None:
    assert (await sandbox.post(QUEUE, status="pause"))["status"] == "pause"
    message = await sandbox.send()
    await sandbox.post("/control/clock", advance_s=3600)
    assert (await sandbox.get(f"/v1/messages/{message['id']}"))["status"] == "queued"
    await sandbox.post(QUEUE, status="active")
    await sandbox.until(message, "status", "processed")


@pytest.mark.parametrize(("state", "delivers"), [("reject", True), ("freeze", False)])
async def test_a_rejecting_or_frozen_queue_takes_no_new_messages(
    sandbox: Sandbox, state: str, delivers: bool
) -> None:
    await sandbox.post(QUEUE, status="pause")
    waiting = await sandbox.send()
    await sandbox.post(QUEUE, status=state)
    refused = await sandbox.http.post("/v1/messages", json={"phone": PHONE, "message": "Hi"})
    assert refused.status_code == 409
    if delivers:
        await sandbox.until(waiting, "status", "processed")
    else:
        assert (await sandbox.get(f"/v1/messages/{waiting['id']}"))["status"] == "queued"


async def test_a_slow_queue_can_be_flushed(sandbox: Sandbox) -> None:
    await sandbox.patch(f"/control/devices/{DEVICE}", delivery_per_minute=0.5)
    messages = [await sandbox.send() for _ in range(3)]
    await sandbox.post(QUEUE, force=True)
    for message in messages:
        await sandbox.until(message, "status", "processed")


async def test_a_queue_can_be_emptied_in_part_or_moved(sandbox: Sandbox) -> None:
    await sandbox.post("/control/devices", id=SECOND, phone="+33199000002")
    await sandbox.post(QUEUE, status="pause")
    await sandbox.send(PHONE)
    moved = await sandbox.send(OTHER_PHONE)
    scheduled = await sandbox.send(PHONE, schedule={"delayTo": "1h"})
    assert await sandbox.get(QUEUE) == {"status": "pause", "messages": 2, "scheduled": 1}
    removed = await sandbox.http.delete(QUEUE, params={"phones": PHONE, "skipScheduled": "true"})
    assert removed.json() == {"removed": 1}
    await sandbox.http.delete(QUEUE, params={"ids": scheduled["id"]})
    await sandbox.patch(QUEUE, device=SECOND)
    assert (await sandbox.until(moved, "status", "processed"))["device"] == SECOND


async def test_a_message_for_a_device_that_goes_offline_under_way_waits(sandbox: Sandbox) -> None:
    await sandbox.post("/control/settings", sent_after_s=3600)
    message = await sandbox.send()
    await sandbox.patch(f"/control/devices/{DEVICE}", session="offline")
    await sandbox.post("/control/clock", advance_s=3600)
    await sandbox.until(message, "status", "queued")
    await sandbox.patch(f"/control/devices/{DEVICE}", session="online")
    await sandbox.post("/control/clock", advance_s=3600)
    await sandbox.until(message, "status", "processed")
