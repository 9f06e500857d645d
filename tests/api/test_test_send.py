"""Test messages: really sent, within all rules of their sender, and outside the campaign's results."""

import socket
from typing import Any

import httpx
import pytest
from temporalio.client import Client
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.bell import SenderBell
from activities.sending import SendingRules
from activities.test_sends import GiveUpInput, SendTestActivities
from api.app import create_app
from domain.access import Scope
from domain.messages import MessageType
from local.addresses import SANDBOX_TOKEN
from providers.wassenger import WassengerGateway
from settings import Settings
from storage import campaigns, senders, test_sends
from storage.campaigns import Campaign
from storage.test_sends import SendTest
from tests.api.applications import client_of
from tests.api.people import Door
from tests.api.walking import all_pages
from tests.conftest import Town, eventually, next_phone
from tests.scene import Scene

Json = dict[str, Any]
RULES = SendingRules(attempts=2, retry_base_s=0.1, lookup_wait_s=0.05, post_limit_s=0.6, status_patience_s=0.8)


async def draft(town: Town, **sender: Any) -> Campaign:
    """A campaign to one silent person."""
    category_id, _phones = await town.people([{"script": []}])
    return await town.campaign(category_id, [(await town.sender(**sender)).id])


async def ask(town: Town, campaign: Campaign, phone: str, message_type: MessageType) -> SendTest:
    """A stored test message that no workflow knows of."""
    [stored] = await test_sends.add(
        town.pool,
        {message_type: "a test"},
        campaign_id=campaign.id,
        sender_id=campaign.sender_ids[0],
        phone=phone,
        request_key=phone,
    )
    return stored


@pytest.fixture
async def activities(town: Town, settings: Settings, temporal: Client) -> Any:
    """One attempt at a time."""
    gateway = WassengerGateway(base_url=settings.wassenger_url, token=SANDBOX_TOKEN, timeout_s=0.5)
    yield SendTestActivities(town.pool, gateway, RULES, SenderBell(temporal))
    await gateway.close()


async def status_of(town: Town, test: SendTest) -> tuple[str, str | None]:
    """What is stored, and why."""
    row = await town.pool.fetchrow("SELECT status, reason FROM test_sends WHERE id = $1", test.id)
    assert row is not None
    return row["status"], row["reason"]


@pytest.mark.usefixtures("running_worker")
async def test_both_messages_arrive_and_count_nowhere_in_the_campaign(
    town: Town, api: httpx.AsyncClient
) -> None:
    """E1, P1: their bodies are filled, they are in the sender's quota, and acknowledged."""
    campaign = await draft(town)
    phone = next_phone()
    path = f"/api/campaigns/{campaign.id}"

    answer = await api.post(f"{path}/test-send", json={"phone": phone, "variables": {"name": "Zoé"}})

    assert answer.status_code == 202, answer.text
    assert [test["message_type"] for test in answer.json()["test_sends"]] == ["message_1", "message_2"]

    async def all_sent() -> bool:
        found = await all_pages(api, f"{path}/test-sends")
        return len(found) == 2 and all(test["status"] in {"sent", "delivered", "read"} for test in found)

    await eventually(all_sent, what="both test messages and their acknowledgements")
    assert sorted(entry["body"] for entry in await town.journal(phone)) == ["Hello Zoé", "Thank you Zoé"]
    shown = (await api.get(path)).json()
    assert shown["status"] == "draft"
    assert (shown["counts"]["messages_sent"], shown["counts"]["total_contacts"]) == (0, 0)
    assert (
        await campaigns.get_counters(town.pool, campaign.id)
        == await Scene(town, await town.sender(), campaign, [], []).recounted()
    )
    pace = (await api.get(f"/api/senders/{campaign.sender_ids[0]}")).json()["pace"]
    assert pace["sent_in_a_day"] == 2


@pytest.mark.usefixtures("running_worker")
async def test_the_same_request_again_sends_nothing_again(town: Town, api: httpx.AsyncClient) -> None:
    """E9 for tests: one key, one message."""
    campaign = await draft(town)
    phone = next_phone()
    body = {"phone": phone, "message": "message_2"}
    path = f"/api/campaigns/{campaign.id}/test-send"

    answers = [await api.post(path, json=body, headers={"Idempotency-Key": f"key-{phone}"}) for _ in range(3)]

    assert len({answer.json()["test_sends"][0]["id"] for answer in answers}) == 1

    async def arrived() -> bool:
        return len(await town.journal(phone)) > 0

    await eventually(arrived, what="the test message")
    assert len(await town.journal(phone)) == 1


async def test_the_keys_of_others_swallow_no_test(town: Town, door: Door, api: httpx.AsyncClient) -> None:
    """E9: the same key is another request for another caller, another number and another day."""
    campaign = await draft(town)
    path, key, phone = f"/api/campaigns/{campaign.id}/test-send", {"Idempotency-Key": "1"}, next_phone()
    body = {"phone": phone, "message": "message_1"}

    async def sent(client: httpx.AsyncClient) -> str:
        answer = await client.post(path, json=body, headers=key)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["test_sends"][0]["id"])

    async with door.program([Scope.SEND]) as one, door.program([Scope.SEND]) as other:
        ids = {await sent(one), await sent(one), await sent(other)}
        assert len(ids) == 2
        await town.pool.execute(
            "UPDATE idempotent_requests SET claimed_at = claimed_at - interval '25 hours' WHERE key = '1'"
        )
        await town.pool.execute(
            "UPDATE test_sends SET created_at = created_at - interval '25 hours' WHERE campaign_id = $1",
            campaign.id,
        )
        assert await sent(one) not in ids


async def test_a_test_that_cannot_be_started_has_failed_and_can_be_sent_again(
    town: Town, settings: Settings, api: httpx.AsyncClient
) -> None:
    """E9, E17: nothing stays pending for ever, and a corrected number is the one that gets it."""
    campaign = await draft(town)
    path, key = f"/api/campaigns/{campaign.id}/test-send", {"Idempotency-Key": f"key-{campaign.id}"}
    wrong, right = next_phone(), next_phone()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        nowhere = {"temporal_address": f"127.0.0.1:{taken.getsockname()[1]}", "public_url": None}
        async with client_of(create_app(settings.model_copy(update=nowhere))) as client:
            for headers in (key, {}):
                answer = await client.post(path, json={"phone": wrong}, headers=headers)
                assert answer.status_code == 503, answer.text

    tests = await all_pages(api, f"{path}s")
    assert [(test["status"], test["reason"]) for test in tests] == [
        ("failed", "Temporal was not available")
    ] * 4
    for phone in (right, wrong):
        answer = await api.post(path, json={"phone": phone}, headers={"Idempotency-Key": f"key-{phone}"})
        assert [test["phone"] for test in answer.json()["test_sends"]] == [phone] * 2
        assert {test["id"] for test in answer.json()["test_sends"]}.isdisjoint(test["id"] for test in tests)
    again = await api.post(path, json={"phone": wrong}, headers=key)
    assert (again.status_code, {test["status"] for test in again.json()["test_sends"]}) == (202, {"pending"})


async def test_a_test_that_was_tried_is_left_to_its_workflow(town: Town, activities: Any) -> None:
    """E9: a start whose answer got lost may have started it."""
    campaign = await draft(town)
    tried = await ask(town, campaign, next_phone(), MessageType.MESSAGE_1)
    assert isinstance(await test_sends.begin(town.pool, tried.id), test_sends.Step)
    await test_sends.end_unstarted(town.pool, tried.id, "a test")
    assert (await status_of(town, tried))[0] == "pending"

    untried = await ask(town, campaign, next_phone(), MessageType.MESSAGE_1)
    await test_sends.end_unstarted(town.pool, untried.id, "a test")
    await ActivityEnvironment().run(activities.send_test_message, untried.id)
    assert await status_of(town, untried) == ("failed", "a test")
    assert await town.journal(untried.phone) == []


async def test_what_must_not_be_sent_is_refused(town: Town, api: httpx.AsyncClient) -> None:
    """P1: opted-out numbers, paused senders and campaigns, and senders of other campaigns."""
    campaign = await draft(town)
    _category_id, [opted_out] = await town.people([{"script": []}])
    await town.pool.execute("UPDATE contacts SET opted_out_at = now() WHERE phone = $1", opted_out)
    path = f"/api/campaigns/{campaign.id}/test-send"

    async def refused(body: Json) -> tuple[int, str]:
        answer = await api.post(path, json=body)
        return answer.status_code, answer.json()["title"]

    phone = next_phone()
    assert await refused({"phone": opted_out}) == (409, "Opted out")
    assert await refused({"phone": phone, "sender_id": (await town.sender()).id}) == (422, "Not its sender")
    assert await refused({"phone": "12"}) == (422, "Invalid request")
    assert await refused({"phone": phone, "message": "message_3"}) == (422, "Invalid request")
    await senders.pause_sender(town.pool, campaign.sender_ids[0], "message_1")
    assert await refused({"phone": phone}) == (409, "Sender cannot send")
    await senders.stop_sender(town.pool, campaign.sender_ids[0], "a test")
    assert await refused({"phone": phone}) == (409, "Sender cannot send")
    assert await town.pool.fetchval("SELECT count(*) FROM test_sends WHERE campaign_id = $1", campaign.id) == 0


async def test_a_test_after_a_pause_or_an_opt_out_does_not_leave(town: Town, activities: Any) -> None:
    """P1: the rules are asked when it leaves, not only when it was asked for."""
    campaign = await draft(town)
    _category_id, [phone] = await town.people([{"script": []}])
    late, paused = (
        await ask(town, campaign, phone, MessageType.MESSAGE_1),
        await ask(town, campaign, next_phone(), MessageType.MESSAGE_1),
    )
    await town.pool.execute("UPDATE contacts SET opted_out_at = now() WHERE phone = $1", phone)
    await ActivityEnvironment().run(activities.send_test_message, late.id)
    assert await status_of(town, late) == ("refused", "this number has opted out")

    await senders.pause_sender(town.pool, campaign.sender_ids[0], "message_1")
    await ActivityEnvironment().run(activities.send_test_message, paused.id)
    assert await status_of(town, paused) == ("refused", "the sender is paused")
    assert await town.journal(phone) == await town.journal(paused.phone) == []


async def test_a_test_waits_for_its_turn_and_respects_the_quota(town: Town, activities: Any) -> None:
    """P1, P2: no two messages closer than the pace allows, none over the quota."""
    campaign = await draft(town, rate_per_s=0.1)
    first = await ask(town, campaign, next_phone(), MessageType.MESSAGE_1)
    second = await ask(town, campaign, next_phone(), MessageType.MESSAGE_1)
    await ActivityEnvironment().run(activities.send_test_message, first.id)
    assert (await status_of(town, first))[0] == "accepted"

    with pytest.raises(ApplicationError) as raised:
        await ActivityEnvironment().run(activities.send_test_message, second.id)
    assert raised.value.next_retry_delay is not None
    assert 5 < raised.value.next_retry_delay.total_seconds() < 15

    await town.pool.execute(
        "UPDATE sender_paces SET quota = 1, message_1_at = 'epoch', slot_at = 'epoch' WHERE sender_id = $1",
        campaign.sender_ids[0],
    )
    await ActivityEnvironment().run(activities.send_test_message, second.id)
    status, reason = await status_of(town, second)
    assert status == "refused"
    assert "1 of 1 messages in 24 hours" in str(reason)


async def test_an_answer_that_got_lost_is_looked_up_and_never_sent_twice(
    town: Town, sandbox: httpx.AsyncClient, activities: Any
) -> None:
    """E9: accepted, then the connection dropped."""
    campaign = await draft(town)
    test = await ask(town, campaign, next_phone(), MessageType.MESSAGE_1)
    fault = {"target": "messages.post", "kind": "accept_then_drop", "match_phone": test.phone, "count": 1}
    answer = await sandbox.post("/control/faults", json=fault)
    assert answer.status_code == 201, answer.text

    await ActivityEnvironment().run(activities.send_test_message, test.id)

    assert (await status_of(town, test))[0] in {"accepted", "sent", "delivered", "read"}
    outcomes = await town.pool.fetch("SELECT outcome FROM sends WHERE test_send_id = $1", test.id)
    assert [row["outcome"] for row in outcomes] == ["accepted"]

    async def arrived() -> bool:
        return len(await town.journal(test.phone)) == 1

    await eventually(arrived, what="the one message")


async def test_a_crash_between_post_and_database_is_looked_up(town: Town, activities: Any) -> None:
    """E17: an attempt that nobody saw the end of is not repeated blindly."""
    campaign = await draft(town)
    test = await ask(town, campaign, next_phone(), MessageType.MESSAGE_2)
    begun = await test_sends.begin(town.pool, test.id)
    assert isinstance(begun, test_sends.Step)  # and then the worker died, before its POST

    with pytest.raises(ApplicationError, match="does not know"):
        await ActivityEnvironment().run(activities.send_test_message, test.id)
    await ActivityEnvironment().run(activities.send_test_message, test.id)

    assert (await status_of(town, test))[0] == "accepted"
    assert await test_sends.begin(town.pool, test.id) is None


async def test_what_the_provider_refuses_has_failed_with_its_reason(
    town: Town, sandbox: httpx.AsyncClient, activities: Any
) -> None:
    """E4: no retry can help; what was given up says so too."""
    campaign = await draft(town)
    test = await ask(town, campaign, next_phone(), MessageType.MESSAGE_1)
    fault = {
        "target": "messages.post",
        "kind": "status",
        "http_status": 400,
        "match_phone": test.phone,
        "count": 1,
    }
    answer = await sandbox.post("/control/faults", json=fault)
    assert answer.status_code == 201, answer.text

    await ActivityEnvironment().run(activities.send_test_message, test.id)

    assert (await status_of(town, test))[0] == "failed"
    other = await ask(town, campaign, next_phone(), MessageType.MESSAGE_1)
    give_up = GiveUpInput(test_send_id=other.id, reason="nobody waits")
    await ActivityEnvironment().run(activities.give_up_test_message, give_up)
    assert await status_of(town, other) == ("failed", "nobody waits")
