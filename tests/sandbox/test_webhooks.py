"""What webhooks get, and what happens when they do not answer well."""

import hashlib
import hmac
from typing import Any

import pytest

from tests.sandbox.harness import DEVICE, OTHER_PHONE, PHONE, Receiver, Sandbox, eventually

READER = {"phone": PHONE, "reads": True}
NOBODY = {"phone": PHONE, "on_whatsapp": False}
SECOND_DEVICE = "5a0db0c5e1a2b3c4d5e6f702"


async def test_a_message_is_told_as_new_then_delivered_then_read(sandbox: Sandbox, receiver: Receiver) -> None:
    await sandbox.people(READER)
    await sandbox.subscribe(receiver.url)
    message = await sandbox.until(await sandbox.send(reference="r-1"), "deliveryStatus", "read")
    await receiver.until_received(3)
    told = {(event["event"], event.get("ack")): event for event in receiver.events()}
    assert set(told) == {
        ("message:out:new", None),
        ("message:out:ack", "delivered"),
        ("message:out:ack", "read"),
    }
    for event in told.values():
        assert event["id"] == event["data"]["id"] == message["waId"]  # one id for all three
        assert (event["data"]["reference"], event["data"]["flow"]) == ("r-1", "outbound")
        assert event["data"]["toNumber"] == PHONE
        assert event["device"]["id"] == DEVICE
        assert isinstance(event["data"]["timestamp"], int)
    assert set(told["message:out:ack", "read"]["data"]["events"]) == {"sent", "delivered", "readed"}
    await sandbox.until(message, "webhookStatus", "notified")


@pytest.mark.parametrize("status", [210, 301, 404, 500])
async def test_a_webhook_is_retried_until_it_answers_200_to_209(
    sandbox: Sandbox, receiver: Receiver, status: int
) -> None:
    await sandbox.post("/control/settings", webhook_retry_first_s=0.01)
    await sandbox.subscribe(receiver.url, events=["message:in:new"])
    receiver.statuses = [status, status, 209]
    await sandbox.inbound()
    received = await receiver.until_received(3)
    assert len({post.digest for post in received}) == 1
    await sandbox.all_notified()
    [entry] = await sandbox.notifications()
    assert (entry["status"], entry["attempts"], entry["answer_status"]) == ("notified", 3, 209)
    assert entry["delivered_at"] is not None


async def test_retries_wait_twice_as_long_each_time_and_end_after_a_day(
    sandbox: Sandbox, receiver: Receiver
) -> None:
    webhook = await sandbox.subscribe(receiver.url, events=["message:in:new"])
    receiver.statuses = [500] * 1000
    await sandbox.inbound()
    await receiver.until_received(1)
    for attempts in range(2, 5):
        await waits_for_attempt(sandbox, attempts)
        await sandbox.post("/control/clock", advance_s=0.5 * 2 ** (attempts - 2))
        await receiver.until_received(attempts)
    await waits_for_attempt(sandbox, 5)
    await sandbox.post("/control/clock", advance_s=86400)
    await sandbox.all_notified()
    [log] = await sandbox.get(f"/v1/webhooks/{webhook['id']}/logs")
    assert (log["status"], log["responseStatus"], log["responseBody"]) == ("failed", 500, "ok")


async def waits_for_attempt(sandbox: Sandbox, attempt: int) -> None:
    """The answer to the attempt before was seen, and the next one is planned."""

    async def is_planned() -> bool:
        [entry] = await sandbox.notifications()
        return entry["answer_status"] is not None and entry["attempts"] == attempt - 1

    await eventually(is_planned)


async def test_a_webhook_that_nobody_listens_to_is_retried(sandbox: Sandbox, receiver: Receiver) -> None:
    await sandbox.post("/control/settings", webhook_retry_first_s=0.01)
    await sandbox.subscribe("http://127.0.0.1:9/", events=["message:in:new"])
    await sandbox.inbound()

    async def was_retried() -> bool:
        [entry] = await sandbox.notifications()
        return bool(entry["attempts"] >= 2) and entry["answer_status"] is None

    await eventually(was_retried)


async def test_connections_to_webhooks_are_reused(sandbox: Sandbox, receiver: Receiver) -> None:
    await sandbox.subscribe(receiver.url, events=["message:in:new"])
    for count in range(1, 6):
        await sandbox.inbound()
        await receiver.until_received(count)
        await sandbox.all_notified()
    assert receiver.connections == 1


async def test_a_webhook_hears_only_its_own_events_and_device(sandbox: Sandbox, receiver: Receiver) -> None:
    await sandbox.post("/control/devices", id=SECOND_DEVICE, phone="+33199000002")
    await sandbox.subscribe(f"{receiver.url}?of=account", events=["message:in:new"])
    await sandbox.subscribe(f"{receiver.url}?of=second", events=["message:in:new"], device=SECOND_DEVICE)
    await sandbox.inbound(body="to the first")
    await sandbox.inbound(body="to the second", device=SECOND_DEVICE)
    await sandbox.sent()
    await receiver.until_received(3)
    await sandbox.all_notified()
    heard = sorted((post.path.partition("=")[2], post.body["data"]["body"]) for post in receiver.received)
    assert heard == [("account", "to the first"), ("account", "to the second"), ("second", "to the second")]


@pytest.mark.parametrize(
    ("plan", "events"),
    [
        ("business", {"message:out:new", "message:out:ack", "message:in:new", "message:reaction"}),
        ("professional", {"message:out:new", "message:in:new"}),
        ("gateway", {"message:out:sent"}),
    ],
)
async def test_each_plan_has_its_own_events(
    sandbox: Sandbox, receiver: Receiver, plan: str, events: set[str]
) -> None:
    await sandbox.post("/control/settings", plan=plan)
    await sandbox.people(READER)
    await sandbox.subscribe(receiver.url)
    await sandbox.until(await sandbox.send(), "deliveryStatus", "read")
    await sandbox.inbound()
    await sandbox.inbound("reaction")
    await sandbox.all_notified()
    bodies = [post.body for post in receiver.received]
    assert {body[0]["event"] if isinstance(body, list) else body["event"] for body in bodies} == events


async def test_a_number_not_on_whatsapp_fails_later_in_a_gateway_array(
    sandbox: Sandbox, receiver: Receiver
) -> None:
    await sandbox.people(NOBODY)
    await sandbox.subscribe(receiver.url)
    message = await sandbox.until(await sandbox.send(reference="r-1"), "status", "failed")
    [post] = await receiver.until_received(1)
    [item] = post.body
    assert (item["event"], item["entity"], item["entityId"]) == ("message:out:failed", "message", message["id"])
    assert (item["data"]["reference"], item["data"]["status"]) == ("r-1", "failed")
    assert item["data"]["failureReason"]
    assert not (await sandbox.journal())[0]["reached_phone"]


async def test_failures_close_together_share_one_array(sandbox: Sandbox, receiver: Receiver) -> None:
    await sandbox.post("/control/settings", gateway_batch_s=3600)
    await sandbox.people(NOBODY)
    await sandbox.subscribe(receiver.url)
    for _ in range(27):
        await sandbox.until(await sandbox.send(), "status", "failed")
    await sandbox.post("/control/clock", advance_s=3600)
    received = await receiver.until_received(2)
    assert sorted(len(post.body) for post in received) == [2, 25]


async def test_a_failure_can_come_in_an_object(sandbox: Sandbox, receiver: Receiver) -> None:
    await sandbox.post("/control/settings", failed_envelope="object")
    await sandbox.people(NOBODY)
    await sandbox.subscribe(receiver.url)
    message = await sandbox.send()
    event = await receiver.until_event("message:out:failed")
    assert event["data"]["id"] == message["id"]


async def test_a_number_not_on_whatsapp_can_be_refused_at_once(sandbox: Sandbox) -> None:
    await sandbox.post("/control/settings", not_on_whatsapp="sync")
    await sandbox.people(NOBODY)
    answer = await sandbox.http.post("/v1/messages", json={"phone": PHONE, "message": "Hi"})
    assert answer.status_code == 400


async def test_the_envelope_of_the_agent_skills_nests_the_message(sandbox: Sandbox, receiver: Receiver) -> None:
    await sandbox.post("/control/settings", envelope="skills")
    await sandbox.subscribe(receiver.url)
    inbound = await sandbox.inbound(body="Yes")
    event = await receiver.until_event("message:in:new")
    assert event == inbound["event"]
    assert event["id"].startswith("evt_")
    assert (event["data"]["message"]["body"], event["data"]["message"]["from"]) == ("Yes", PHONE)
    assert event["data"]["message"]["id"] == inbound["wa_id"]


async def test_a_secret_travels_in_the_query_and_is_not_shown(sandbox: Sandbox, receiver: Receiver) -> None:
    await sandbox.post("/control/settings", security="query", secret="s3cret")
    await sandbox.subscribe(receiver.url)
    await sandbox.inbound()
    [post] = await receiver.until_received(1)
    assert post.path.endswith("?secret=s3cret")
    assert "s3cret" not in str(await sandbox.notifications())


async def test_a_secret_travels_in_a_header(sandbox: Sandbox, receiver: Receiver) -> None:
    await sandbox.post("/control/settings", security="header", secret="s3cret")
    await sandbox.subscribe(receiver.url, headers={"X-Own": "mine"})
    await sandbox.inbound()
    [post] = await receiver.until_received(1)
    assert (post.headers["x-webhook-secret"], post.headers["x-own"]) == ("s3cret", "mine")


async def test_a_body_can_be_signed_with_the_secret_given_on_creation(
    sandbox: Sandbox, receiver: Receiver
) -> None:
    await sandbox.post("/control/settings", security="hmac")
    webhook = await sandbox.subscribe(receiver.url)
    await sandbox.inbound()
    [post] = await receiver.until_received(1)
    signature = hmac.new(webhook["secret"].encode(), post.content, hashlib.sha256).hexdigest()
    assert post.headers["x-wassenger-signature"] == f"sha256={signature}"


async def test_a_webhook_can_be_changed_listed_and_deleted(sandbox: Sandbox, receiver: Receiver) -> None:
    webhook = await sandbox.subscribe("http://127.0.0.1:9/", events=["message:out:new"])
    path = f"/v1/webhooks/{webhook['id']}"
    await sandbox.patch(path, url=receiver.url, events=["message:in:new"])
    await sandbox.inbound()
    await receiver.until_received(1)
    assert [listed["id"] for listed in await sandbox.get("/v1/webhooks")] == [webhook["id"]]
    assert (await sandbox.get(path))["url"] == receiver.url
    assert (await sandbox.http.delete(path)).json()["status"] == "removed"
    assert (await sandbox.http.get(path)).status_code == 404


async def test_an_address_that_keeps_failing_can_be_switched_off_and_on_again(
    sandbox: Sandbox, receiver: Receiver
) -> None:
    await sandbox.post("/control/settings", webhook_disable_after=1, webhook_retry_for_s=0)
    webhook = await sandbox.subscribe(receiver.url)
    receiver.statuses = [500]
    await sandbox.inbound()
    await sandbox.all_notified()
    path = f"/v1/webhooks/{webhook['id']}"
    assert (await sandbox.get(path))["status"] == "failed"
    await sandbox.inbound()
    assert (await sandbox.post(f"{path}/enable"))["status"] == "active"
    await sandbox.inbound(body="heard")
    received = await receiver.until_received(2)
    assert received[-1].body["data"]["body"] == "heard"


@pytest.mark.parametrize(("kind", "copies"), [("duplicate", 2), ("burst", 5)])
async def test_a_webhook_can_arrive_more_than_once(
    sandbox: Sandbox, receiver: Receiver, kind: str, copies: int
) -> None:
    await sandbox.subscribe(receiver.url)
    await sandbox.fault("webhook", kind)
    await sandbox.inbound()
    received = await receiver.until_received(copies)
    assert len({post.digest for post in received}) == 1
    await sandbox.all_notified()
    assert len(receiver.received) == copies


async def test_the_journal_of_webhooks_says_what_happened_when_and_which_fault_struck(
    sandbox: Sandbox, receiver: Receiver
) -> None:
    """The judge of a chaos run goes by it: by what people did, not by when their webhooks came."""
    await sandbox.subscribe(receiver.url)
    await sandbox.fault("webhook", "duplicate")
    await sandbox.inbound(body="STOP", occurred_at="2026-11-21T08:00:00Z")
    await sandbox.inbound(body="Oui")
    await sandbox.all_notified()
    told = {entry["said"]: entry for entry in await sandbox.notifications()}
    stop, yes = told["STOP"], told["Oui"]
    assert (stop["happened_at_unix"], stop["fault"], yes["fault"]) == (1795248000.0, "duplicate", None)
    assert stop["happened_at_unix"] < stop["created_at_unix"] <= stop["delivered_at_unix"]


async def test_a_webhook_can_be_dropped(sandbox: Sandbox, receiver: Receiver) -> None:
    await sandbox.subscribe(receiver.url)
    await sandbox.fault("webhook", "drop", match_phone=PHONE)
    await sandbox.inbound()
    await sandbox.inbound(phone=OTHER_PHONE)
    await sandbox.all_notified()
    assert [entry["status"] for entry in await sandbox.notifications()] == ["dropped", "notified"]
    assert [event["data"]["fromNumber"] for event in receiver.events()] == [OTHER_PHONE]


async def test_a_webhook_can_be_late_by_hours(sandbox: Sandbox, receiver: Receiver) -> None:
    await sandbox.subscribe(receiver.url)
    await sandbox.fault("webhook", "delay", delay_s=3 * 3600)
    late = await sandbox.inbound(body="first")
    await sandbox.inbound(body="second")
    await receiver.until_received(1)
    await sandbox.post("/control/clock", advance_s=3 * 3600)
    received = await receiver.until_received(2)
    assert [post.body["data"]["body"] for post in received] == ["second", "first"]
    assert received[1].body == late["event"]  # with the time at which it happened


async def test_read_can_arrive_before_delivered(sandbox: Sandbox, receiver: Receiver) -> None:
    await sandbox.people(READER)
    await sandbox.subscribe(receiver.url, events=["message:out:ack"])
    await sandbox.fault("webhook", "reorder", match_ack="delivered", delay_s=3600)
    await sandbox.send()
    await receiver.until_received(2)
    assert [event["ack"] for event in receiver.events()] == ["read", "delivered"]


@pytest.mark.parametrize("kind", ["truncate", "malformed"])
async def test_a_webhook_can_carry_nonsense(sandbox: Sandbox, receiver: Receiver, kind: str) -> None:
    await sandbox.post("/control/settings", webhook_retry_first_s=0.01)
    await sandbox.subscribe(receiver.url)
    await sandbox.fault("webhook", kind)
    receiver.statuses = [400]
    inbound = await sandbox.inbound()
    spoilt, good = await receiver.until_received(2)
    assert good.body == inbound["event"]
    assert spoilt.content != good.content


async def test_a_webhook_can_name_another_device(sandbox: Sandbox, receiver: Receiver) -> None:
    await sandbox.subscribe(receiver.url)
    await sandbox.fault("webhook", "wrong_device")
    await sandbox.inbound()
    [post] = await receiver.until_received(1)
    assert post.body["device"]["id"] != DEVICE


@pytest.mark.parametrize(
    ("settings", "query"),
    [({}, "?secret=right"), ({"security": "query", "secret": "right"}, "")],
    ids=["in the registered address", "added by the provider"],
)
async def test_a_webhook_can_bring_the_wrong_secret(
    sandbox: Sandbox, receiver: Receiver, settings: dict[str, Any], query: str
) -> None:
    await sandbox.post("/control/settings", webhook_retry_first_s=0.01, **settings)
    await sandbox.subscribe(receiver.url + query)
    await sandbox.fault("webhook", "wrong_secret")
    receiver.statuses = [401]
    await sandbox.inbound()
    wrong, right = await receiver.until_received(2)
    assert wrong.path.endswith("?secret=wrong-secret")
    assert right.path.endswith("?secret=right")
