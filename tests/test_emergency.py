"""Emergencies end to end: an account that WhatsApp or the gateway has closed, or that fails too often."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from time import time
from typing import Any

import pytest
from temporalio.client import Client

from activities.queues import limit_queue
from domain.identifiers import send_queue
from tests.activities.test_alerts import Mailbox, mailbox
from tests.conftest import eventually
from tests.test_pausing import LATEST_S, RATE_PER_S, SILENT, SOON_S, House, Json, Mailing, mailing, open_house

# Apprise loads all its plugins at the first URL, and with them modules that newer Pythons do not have.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

# As if a minute had passed since everything that this sender did.
A_MINUTE_PASSES = (
    """
    UPDATE sender_paces SET slot_at = slot_at - interval '1 minute',
        message_1_at = message_1_at - interval '1 minute',
        last_message_1_at = last_message_1_at - interval '1 minute'
    WHERE sender_id = $1
    """,
    "UPDATE sends SET started_at = started_at - interval '1 minute' WHERE sender_id = $1",
)
FINISHED = "SELECT count(*) FROM sends WHERE sender_id = $1 AND finished_at IS NOT NULL"
STATES = """
    SELECT co.phone, cc.state, cc.reason FROM campaign_contacts cc JOIN contacts co ON co.id = cc.contact_id
    WHERE cc.campaign_id = $1
"""


@dataclass
class Alarm:
    """A Relance of its own, and the one who hears its alerts."""

    house: House
    box: Mailbox

    async def stopped(self, run: Mailing, reason: str) -> Json:
        """The sender as the API shows it, once it has stopped for that reason and people have been told."""

        async def is_stopped() -> Json | None:
            shown: Json = (await self.house.api.get(f"/api/senders/{run.sender.id}")).json()
            states = shown["sender"]["status"], shown["pace"]["state"]
            return shown if states == ("stopped", "stopped") else None

        async def told() -> bool:
            return bool(self._alerts_of(run))

        shown: Json = await eventually(is_stopped, within_s=SOON_S, what="the stop")
        assert shown["pace"]["warnings"][0] == f"stopped: {shown['pace']['reason']}"
        assert reason in shown["pace"]["reason"]
        assert shown["sender"]["status_reason"] == shown["pace"]["reason"]
        await eventually(told, what="the alert")
        return shown

    def told_once(self, run: Mailing, reason: str) -> None:
        """One alert for one stop, which says what happened and what to do."""
        [alert] = self._alerts_of(run)
        assert alert["title"] == "A WhatsApp sender has stopped"
        assert reason in alert["message"]
        assert f"relance sender resume {run.sender.id}" in alert["message"]

    def _alerts_of(self, run: Mailing) -> list[dict[str, Any]]:
        return [told for _path, told in self.box.requests if run.sender.id in told["message"]]

    async def device(self, run: Mailing, **changes: Any) -> None:
        """Changes the account at the sandbox."""
        path = f"/control/devices/{run.sender.device_id}"
        (await self.house.town.sandbox.patch(path, json=changes)).raise_for_status()

    async def fault(self, **fault: Any) -> None:
        """What goes wrong with the next POSTs of messages."""
        await self.house.town.fault(target="messages.post", kind="status", **fault)

    async def states(self, run: Mailing) -> dict[str, tuple[str, str | None]]:
        """Of every phone: the state of its contact, and the reason."""
        rows = await self.house.town.pool.fetch(STATES, run.id)
        return {row["phone"]: (row["state"], row["reason"]) for row in rows}


@pytest.fixture(scope="module")
async def alarm() -> AsyncIterator[Alarm]:
    """One for all tests here."""
    async with mailbox() as box, open_house(alert_urls=[box.url]) as house:
        yield Alarm(house, box)


async def test_a_blocked_session_stops_its_sender_and_takes_back_what_waits_at_the_gateway(
    alarm: Alarm, own_temporal: Client
) -> None:
    """P12 and section 2 of the design: at once, with an alert; a resume lets everybody else be written to."""
    run = await mailing(alarm.house, [SILENT] * 16, window_s=15, max_age_s=120)
    await alarm.device(run, delivery_per_minute=30)
    await run.until_accepted(8)
    await alarm.device(run, session="blocked")
    blocked_at = time()
    await alarm.stopped(run, "the WhatsApp session is blocked")
    await run.nothing_left_since(blocked_at)

    sent = await run.accepted()
    removed = {entry["phone"] for entry in sent if entry["status"] == "removed"}
    assert len(removed) >= 3
    assert {entry["phone"] for entry in sent if entry["status"] == "queued"} == set()
    states = await alarm.states(run)
    reason = "taken back from the gateway when the sender was stopped"
    assert {states[phone] for phone in removed} == {("failed", reason)}
    assert sum(state == "failed" for state, _ in states.values()) == len(removed)

    async def have_ended() -> bool:  # although their windows are open
        query = f"RelanceContactState = 'failed' AND WorkflowId STARTS_WITH 'contact-{run.id}'"
        return (await own_temporal.count_workflows(query)).count == len(removed)

    await eventually(have_ended, within_s=5, what="the end of those who have failed")

    await alarm.device(run, session="online", delivery_per_minute=6000)
    await alarm.house.post(f"/api/senders/{run.sender.id}/resume")
    await run.until_accepted(16, within_s=(16 - len(sent)) / RATE_PER_S + SOON_S)
    shown = await run.until_closed()
    await run.everybody_got("Hello")
    reached = {entry["phone"] for entry in await run.accepted() if entry["reached_phone"]}
    assert reached == set(run.phones) - removed
    counts = shown["counts"]["contacts_by_state"]
    assert (counts["failed"], counts["no_interaction"]) == (len(removed), 16 - len(removed))
    alarm.told_once(run, "the WhatsApp session is blocked")
    assert (await _shown(alarm, run))["pace"]["state"] == "sending"


@pytest.mark.parametrize("status", [402, 403])
async def test_an_account_that_the_gateway_refuses_stops_at_once(alarm: Alarm, status: int) -> None:
    """P12: no contact pays for it; after the resume everybody gets Message 1 once."""
    run = await mailing(alarm.house, [SILENT] * 10, window_s=1)
    await run.until_accepted(3)
    await alarm.fault(http_status=status)
    await alarm.stopped(run, f"Wassenger answered {status}")
    stopped_at = time()
    await run.nothing_left_since(stopped_at)
    sent = len(await run.accepted())
    assert sent <= 3 + LATEST_S * RATE_PER_S
    await alarm.house.post(f"/api/senders/{run.sender.id}/resume")
    await run.until_accepted(10, within_s=(10 - sent) / RATE_PER_S + SOON_S)
    shown = await run.until_closed()
    assert shown["counts"]["contacts_by_state"]["no_interaction"] == 10
    await run.everybody_got("Hello")
    alarm.told_once(run, str(status))


async def young_mailing(alarm: Alarm, temporal: Client, behaviours: list[Json]) -> Mailing:
    """A campaign of a young account, whose queue lets everything through: its reservations keep the pace."""
    sender = await alarm.house.town.sender(rate_per_s=None, maturity="young")

    async def first_look() -> bool:
        shown: Json = (await alarm.house.api.get(f"/api/senders/{sender.id}")).json()
        return bool(shown["pace"]["state"] != "new")

    await eventually(first_look, what="the first look at the sender")
    run = await mailing(alarm.house, behaviours, sender=sender, window_s=1, max_age_s=3600)
    await limit_queue(temporal, send_queue(sender.id), 100, "a test")
    return run


async def send_the(nth: int, run: Mailing) -> None:
    """The next message, which is the nth one, may leave now; waits until it has."""
    pool = run.house.town.pool

    async def finished() -> bool:
        return bool(await pool.fetchval(FINISHED, run.sender.id) >= nth)

    if nth > 1:  # the first one need not wait for its turn
        await a_minute_passes(run)
    await eventually(finished, what=f"send {nth}")


async def a_minute_passes(run: Mailing) -> None:
    """For this sender."""
    for statement in A_MINUTE_PASSES:
        await run.house.town.pool.execute(statement, run.sender.id)


@pytest.fixture
async def own_temporal(alarm: Alarm) -> Client:
    """The Temporal of this Relance."""
    return await Client.connect(alarm.house.servers.temporal_address)


@pytest.mark.parametrize(
    ("outcomes", "reason"),
    [("sFFF", "3 messages failed in a row"), ("FFsFFsF", "5 messages failed within ten minutes")],
)
async def test_a_young_account_that_fails_too_often_stops(
    alarm: Alarm, own_temporal: Client, outcomes: str, reason: str
) -> None:
    """P12: s is a message that went out, F one that the gateway refused; who resumes starts to count anew."""
    run = await young_mailing(alarm, own_temporal, [SILENT] * 12)
    for nth, outcome in enumerate(outcomes, start=1):
        if outcome == "F":
            await alarm.fault(http_status=400)
        await send_the(nth, run)
        if nth < len(outcomes):
            assert (await _shown(alarm, run))["sender"]["status"] == "active"
    await alarm.stopped(run, reason)
    await _nothing_leaves(run)

    await alarm.house.post(f"/api/senders/{run.sender.id}/resume")
    await _the_rest_is_sent(alarm, own_temporal, run, 12)
    failed = [phone for phone, (state, _) in (await alarm.states(run)).items() if state == "failed"]
    assert len(failed) == outcomes.count("F")
    assert not {entry["phone"] for entry in await run.accepted()} & set(failed)
    run.phones = [phone for phone in run.phones if phone not in failed]
    await run.everybody_got("Hello")
    alarm.told_once(run, reason)


async def test_a_young_account_stops_also_when_whatsapp_reports_the_failures(
    alarm: Alarm, own_temporal: Client
) -> None:
    """P12: the gateway takes the messages, and reports later that nobody has that number."""
    run = await young_mailing(alarm, own_temporal, [{"script": [], "on_whatsapp": False}] * 8)
    for nth in (1, 2, 3):
        await send_the(nth, run)
    await alarm.stopped(run, "3 messages failed in a row")
    await _nothing_leaves(run)
    found = [{"phone": phone, "script": [], "on_whatsapp": True} for phone in run.phones]
    (await alarm.house.town.sandbox.put("/control/people", json={"people": found})).raise_for_status()
    await alarm.house.post(f"/api/senders/{run.sender.id}/resume")
    await _the_rest_is_sent(alarm, own_temporal, run, 8)
    shown = await run.until_closed()
    counts = shown["counts"]["contacts_by_state"]
    assert (counts["failed"], counts["no_interaction"]) == (3, 5)
    await run.everybody_got("Hello")
    alarm.told_once(run, "3 messages failed in a row")


async def _nothing_leaves(run: Mailing) -> None:
    """Also not when its turn has come."""
    pool = run.house.town.pool
    before = await pool.fetchval(FINISHED, run.sender.id)
    await a_minute_passes(run)
    await asyncio.sleep(LATEST_S)
    assert await pool.fetchval(FINISHED, run.sender.id) == before


async def _the_rest_is_sent(alarm: Alarm, temporal: Client, run: Mailing, count: int) -> None:
    """One after the other, until the campaign has closed."""

    async def sending() -> bool:
        return bool((await _shown(alarm, run))["pace"]["state"] == "sending")

    await eventually(sending, within_s=SOON_S, what="the sender going on")
    await limit_queue(temporal, send_queue(run.sender.id), 100, "a test")
    for nth in range(await run.house.town.pool.fetchval(FINISHED, run.sender.id) + 1, count + 1):
        await send_the(nth, run)
    await run.until_closed()


async def _shown(alarm: Alarm, run: Mailing) -> Json:
    shown: Json = (await alarm.house.api.get(f"/api/senders/{run.sender.id}")).json()
    return shown
