"""A provider that crashes comes back with everything that it had accepted."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.sandbox.harness import DEVICE, OTHER_PHONE, PHONE, Process, Receiver, Sandbox, eventually


class Restartable:
    """A sandbox of its own with a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.process: Process | None = None

    async def start(self) -> Sandbox:
        self.process = Process("--data-dir", str(self._folder))
        self.client = Sandbox(self.process.url)
        return self.client

    async def kill_and_start(self) -> Sandbox:
        await self.stop()
        return await self.start()

    async def stop(self) -> None:
        await self.client.http.aclose()
        assert self.process is not None
        self.process.kill()


@pytest.fixture
async def own(tmp_path: Path) -> AsyncIterator[Restartable]:
    restartable = Restartable(tmp_path / "sandbox")
    yield restartable
    await restartable.stop()


async def test_everything_accepted_survives_a_kill(own: Restartable, receiver: Receiver) -> None:
    sandbox = await own.start()
    await sandbox.post("/control/devices", id="a" * 24, phone="+33199000002", delivery_per_minute=30)
    await sandbox.post("/control/settings", plan="professional")
    await sandbox.post("/control/clock", advance_s=3600)
    await sandbox.people({"phone": PHONE, "on_whatsapp": False}, default={"reads": True})
    await sandbox.subscribe(receiver.url)
    await sandbox.inbound(phone=OTHER_PHONE, body="Still here?")
    await receiver.until_received(1)
    await sandbox.sent(OTHER_PHONE, reference="r-1")
    await sandbox.until((await sandbox.journal())[0], "deliveryStatus", "read")
    await sandbox.all_notified()
    before = [
        await sandbox.get(path)
        for path in ("/v1/devices", "/v1/webhooks", "/control/journal", "/control/settings")
    ]
    history = await sandbox.get(f"/v1/chat/{DEVICE}/messages")

    sandbox = await own.kill_and_start()
    after = [
        await sandbox.get(path)
        for path in ("/v1/devices", "/v1/webhooks", "/control/journal", "/control/settings")
    ]
    for was, is_now in zip(before, after, strict=True):
        assert without_counters(is_now) == without_counters(was)
    assert await sandbox.get(f"/v1/chat/{DEVICE}/messages") == history
    assert (await sandbox.get("/control/clock"))["offset_s"] == 3600
    assert (await sandbox.post("/v1/numbers/exists", phone=PHONE))["exists"] is False
    assert [found["id"] for found in await sandbox.get("/v1/messages", reference="r-1")]
    assert (await sandbox.send(OTHER_PHONE))["id"]
    assert [entry["n"] for entry in await sandbox.journal()] == [1, 2]


def without_counters(answer: object) -> object:
    """A webhook's latest run is not worth a line in the file."""
    if not isinstance(answer, list):
        return answer
    return [{name: value for name, value in item.items() if not name.startswith("last")} for item in answer]


async def test_what_was_under_way_goes_on_after_a_kill(own: Restartable, receiver: Receiver) -> None:
    sandbox = await own.start()
    await sandbox.subscribe(receiver.url, events=["message:in:new", "message:out:new"])
    await sandbox.people({"phone": OTHER_PHONE, "script": [{"after_s": 7200, "body": "scripted"}]})
    await sandbox.sent(OTHER_PHONE, reference="reached")
    await receiver.until_event("message:out:new")
    reached = (await sandbox.journal())[0]
    await sandbox.until(reached, "deliveryStatus", "delivered", "read")
    await sandbox.patch(f"/control/devices/{DEVICE}", session="offline")
    queued = await sandbox.send(reference="queued")
    await sandbox.inbound(body="told late", delay_s=3600)

    sandbox = await own.kill_and_start()
    await sandbox.patch(f"/control/devices/{DEVICE}", session="online")
    await sandbox.until(queued, "status", "processed")
    await sandbox.post("/control/clock", advance_s=7200)
    await receiver.until_received(4)
    told = {event["data"].get("reference") or event["data"]["body"] for event in receiver.events()}
    assert told == {"reached", "queued", "told late", "scripted"}


async def test_a_line_cut_short_by_the_kill_does_no_harm(own: Restartable, tmp_path: Path) -> None:
    sandbox = await own.start()
    await sandbox.sent(reference="whole")
    await own.stop()
    with (tmp_path / "sandbox" / "state.jsonl").open("a") as state:
        state.write('["message","5a0db0c5e1a2')
    sandbox = await own.start()
    assert [entry["reference"] for entry in await sandbox.journal()] == ["whole"]
    await sandbox.sent(reference="after")
    sandbox = await own.kill_and_start()
    assert [entry["reference"] for entry in await sandbox.journal()] == ["whole", "after"]


async def test_a_reset_is_remembered_too(own: Restartable) -> None:
    sandbox = await own.start()
    await sandbox.sent()
    await sandbox.post("/control/reset")
    sandbox = await own.kill_and_start()
    assert await sandbox.journal() == []


async def test_it_goes_within_two_seconds_of_being_asked_even_with_a_request_held(own: Restartable) -> None:
    sandbox = await own.start()
    await sandbox.fault("messages.post", "accept_then_timeout", delay_s=600)
    held = asyncio.create_task(sandbox.http.post("/v1/messages", json={"phone": PHONE, "message": "Hi"}))

    async def accepted() -> bool:
        return bool(await sandbox.journal())

    await eventually(accepted)
    assert own.process is not None
    assert await asyncio.to_thread(own.process.terminate) < 3
    await asyncio.gather(held, return_exceptions=True)


async def test_a_banned_number_stays_banned(own: Restartable) -> None:
    sandbox = await own.start()
    await sandbox.post("/control/settings", bans=True, ban_score=10)
    await sandbox.inbound(phone=OTHER_PHONE)
    await sandbox.sent(OTHER_PHONE)  # an answer
    for nth in range(4):
        await sandbox.http.post("/v1/messages", json={"phone": f"+33639981{nth:03d}", "message": "Hello"})
    path = f"/control/devices/{DEVICE}/bans"

    async def is_banned() -> bool:
        return bool((await sandbox.get(path))["banned"])

    await eventually(is_banned)
    before = await sandbox.get(path)
    sandbox = await own.kill_and_start()
    after = await sandbox.get(path)
    assert [after[name] for name in ("banned", "banned_at", "reason")] == [
        True,
        before["banned_at"],
        before["reason"],
    ]
    assert after["score"] == 0
    answer = await sandbox.http.post("/v1/messages", json={"phone": PHONE, "message": "Hello"})
    assert answer.status_code == 403
    await sandbox.patch(f"/control/devices/{DEVICE}", status="operative", session="online")
    await sandbox.sent(OTHER_PHONE)
    assert (await sandbox.get(path))["unsolicited"] == 0  # who wrote before the kill is no stranger after it


async def test_a_ban_that_the_kill_cut_short_is_carried_out(own: Restartable, tmp_path: Path) -> None:
    sandbox = await own.start()
    queued = await sandbox.send(schedule={"delayTo": "1h"})
    await own.stop()
    with (tmp_path / "sandbox" / "state.jsonl").open("a") as state:
        state.write(f'["device","{DEVICE}",{{"banned_at":1.0,"ban_reason":"beat"}}]\n')
    sandbox = await own.start()
    device = await sandbox.get(f"/v1/devices/{DEVICE}")
    assert (device["status"], device["session"]["status"]) == ("banned", "blocked")
    assert (await sandbox.get(f"/v1/messages/{queued['id']}"))["status"] == "failed"
