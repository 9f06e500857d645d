"""The watch tells people once when something begins, reminds them, and tells them when it is over (W2)."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from temporalio.testing import ActivityEnvironment

from activities import watch
from activities.alerts import Alert, AlertActivities, Alerts
from activities.watch import AlertWatch
from domain.alerts import Thresholds
from domain.messages import MessageType
from local.servers import Servers
from storage import alerts as stored
from storage import database, monitoring, uptime, webhook_events
from storage.database import Pool
from storage.senders import stop_sender
from tests.activities.test_alerts import Mailbox, mailbox
from tests.apart import new_database, sent, set_pace
from tests.api.cuttable import cuttable_way
from tests.conftest import Town, eventually
from tests.scene import Scene, open_scene

# Apprise loads all its plugins at the first URL, and with them modules that newer Pythons do not have.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

THRESHOLDS = Thresholds(down_s=0.5, webhook_silence_s=60, settle_s=0, reminder_s=3600)
RESUME = "UPDATE senders SET status = 'active', status_reason = NULL WHERE id = $1"
AGE_SENDS = "UPDATE sends SET finished_at = finished_at - interval '2 minutes'"
AGE_SPANS = """
    UPDATE uptime_spans SET began_at = began_at - interval '1 hour', seen_at = seen_at - interval '1 hour'
"""
AGE_NOTICES = "UPDATE alert_notices SET due_at = due_at - interval '1 hour' WHERE ended_at IS NULL"


@dataclass
class Guard:
    """Watches over a database of their own, as many as a test wants, and who hears them."""

    pool: Pool
    scene: Scene
    box: Mailbox
    running: list[asyncio.Task[None]] = field(default_factory=list)

    def start(self, *urls: str, **changes: Any) -> None:
        """One more process that watches."""
        each = AlertWatch(
            self.pool,
            Alerts(list(urls) or [self.box.url]),
            THRESHOLDS,
            **{"components": (), "webhook_url": "https://relance.example", **changes},
        )
        self.running.append(asyncio.create_task(each.run()))

    async def stop(self) -> None:
        """All of them end."""
        for task in self.running:
            task.cancel()
        for task in self.running:
            with suppress(asyncio.CancelledError):
                await task
        self.running.clear()

    async def hears(self, *titles: str) -> None:
        """Exactly these so far, in this order."""

        async def heard() -> bool:
            return len(self.box.titles) >= len(titles)

        await eventually(heard, what=str(titles))
        await asyncio.sleep(5 * watch.TICK_S)  # time enough for one too many
        assert self.box.titles == list(titles)


@pytest.fixture
async def guard(servers: Servers, town: Town, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Guard]:
    """Nothing is wrong, and nobody watches yet."""
    monkeypatch.setattr(watch, "TICK_S", 0.05)
    monkeypatch.setattr(watch, "LOOK_EVERY_S", 0.05)
    own = await database.connect(await new_database(servers.database_url), application="tests")
    scene = await open_scene(replace(town, pool=own), 4, window_s=3600)
    async with mailbox() as box:
        opened = Guard(own, scene, box)
        yield opened
        await opened.stop()
    await own.close()


async def test_workers_that_are_down_are_told_of_once_and_over_once(guard: Guard) -> None:
    """W2: although two processes watch, and one of them is restarted meanwhile."""
    api = await uptime.seen(guard.pool, None, "api")
    await uptime.seen(guard.pool, None, "worker")
    await guard.pool.execute(f"{AGE_SPANS} WHERE component = 'worker'")
    await uptime.seen(guard.pool, api, "api")
    for _ in range(2):
        guard.start(components=("worker",))
    await guard.hears("The workers: down")
    await guard.stop()
    guard.start(components=("worker",))
    await guard.hears("The workers: down")

    working = asyncio.create_task(_beat(guard.pool))
    await guard.hears("The workers: down", "Over: The workers: down")
    working.cancel()


async def _beat(pool: Pool) -> None:
    span = None
    while True:
        span = await uptime.seen(pool, span, "worker")
        await asyncio.sleep(0.1)


async def test_workers_that_never_came_are_down_too(guard: Guard) -> None:
    """W2: since the first sight of anything."""
    await uptime.seen(guard.pool, None, "api")
    guard.start(components=("worker",))
    await guard.hears("The workers: down")


async def test_what_lasts_is_said_again_after_a_while(guard: Guard) -> None:
    """Not at every look, and not while the last notice is on its way."""
    await stored.raise_alert(guard.pool, "reconciliation", "webhooks", {"title": "Webhook gone", "body": "b"})
    guard.start()
    await guard.hears("Webhook gone")
    await guard.pool.execute("UPDATE alerts SET told_at = told_at - interval '2 hours'")
    await guard.hears("Webhook gone", "Still: Webhook gone")


async def test_findings_of_others_begin_and_end_by_their_word_alone(guard: Guard) -> None:
    """E13: reconciliation raises and resolves; the watch only delivers."""
    for _ in range(3):
        await stored.raise_alert(guard.pool, "reconciliation", "counters", {"title": "Drift", "body": "b"})
    guard.start()
    await guard.hears("Drift")
    assert await stored.resolve(guard.pool, "reconciliation", "counters")
    assert not await stored.resolve(guard.pool, "reconciliation", "counters")
    await guard.hears("Drift", "Over: Drift")


async def sender_stops(guard: Guard) -> None:
    """A person has to look at it."""
    await stop_sender(guard.pool, guard.scene.sender.id, "the account is blocked")


async def sender_resumes(guard: Guard) -> None:
    """Somebody did."""
    await guard.pool.execute(RESUME, guard.scene.sender.id)


async def quota_fills(guard: Guard) -> None:
    """3 of 4 are under 80 %, 4 of 4 are over."""
    await set_pace(guard.scene, quota=4)
    for nth in range(3):
        await sent(guard.scene, nth)
        await _webhook(guard)
    await asyncio.sleep(0.3)
    assert guard.box.titles == []
    await sent(guard.scene, 3)
    await _webhook(guard)


async def quota_grows(guard: Guard) -> None:
    """The account matures."""
    await set_pace(guard.scene, quota=100)


async def errors_come(guard: Guard) -> None:
    """More than the sender's settings allow."""
    await set_pace(guard.scene, error_rate=0.2, settings={"error_threshold": 0.05})


async def errors_go(guard: Guard) -> None:
    """It recovers."""
    await set_pace(guard.scene, error_rate=0.01)


async def silence_falls(guard: Guard) -> None:
    """A message left two minutes ago, and nothing has come since."""
    await sent(guard.scene, 0, MessageType.MESSAGE_1)
    await guard.pool.execute(AGE_SENDS)


async def silence_ends(guard: Guard) -> None:
    """A webhook of any kind."""
    await _webhook(guard)


async def _webhook(guard: Guard) -> None:
    number = await guard.pool.fetchval("SELECT count(*) FROM webhook_events")
    await webhook_events.store_event(guard.pool, key=f"k{number}", event="message:in:new", payload={})


Step = Callable[[Guard], Awaitable[None]]


@pytest.mark.parametrize(
    ("begins", "ends", "title"),
    [
        (sender_stops, sender_resumes, "A WhatsApp sender has stopped"),
        (quota_fills, quota_grows, "The quota of a sender is nearly used up"),
        (errors_come, errors_go, "Many messages fail"),
        (silence_falls, silence_ends, "No webhook arrives any more"),
    ],
)
async def test_what_the_database_knows_is_told_when_it_begins_and_when_it_ends(
    guard: Guard, begins: Step, ends: Step, title: str
) -> None:
    """P12, P1: a sender that stops, a quota at 80 %, an error rate, a silence of webhooks."""
    for _ in range(2):
        guard.start()
    await begins(guard)
    await guard.hears(title)
    await ends(guard)
    await guard.hears(title, f"Over: {title}")


async def test_a_service_that_is_down_hears_it_later_and_the_others_hear_it_once(guard: Guard) -> None:
    """In order: what is over is not told before it was told."""
    async with mailbox(500, 500) as failing:
        await sender_stops(guard)
        guard.start(guard.box.url, failing.url)
        await guard.hears("A WhatsApp sender has stopped")
        await sender_resumes(guard)

        async def told_of_the_end() -> bool:
            await guard.pool.execute(AGE_NOTICES)
            return len(failing.titles) > 3

        await eventually(told_of_the_end, what="the end, after two failures")
        title = "A WhatsApp sender has stopped"
        await guard.hears(title, f"Over: {title}")
        assert failing.titles == [title, title, title, f"Over: {title}"]


async def test_whoever_knows_no_destination_leaves_notices_to_those_who_do(guard: Guard) -> None:
    """As where only one process was told of RELANCE_ALERT_URLS."""
    await sender_stops(guard)
    silent = AlertWatch(guard.pool, Alerts([]), THRESHOLDS, components=())
    await silent.look()
    assert await silent.post_due() == 0
    guard.start()
    await guard.hears("A WhatsApp sender has stopped")


async def test_what_hovers_around_its_threshold_is_one_alert(guard: Guard) -> None:
    """It is over only after it has not come for a while."""
    calm = AlertWatch(guard.pool, Alerts([]), replace(THRESHOLDS, settle_s=60), components=())
    for step in (errors_come, errors_go, errors_come, errors_go):
        await step(guard)
        await calm.look()
    found = await stored.list_alerts(guard.pool, 10)
    assert [(each.kind, each.resolved_at) for each in found.items] == [("sender_errors", None)]


async def test_a_workflow_that_reports_a_stop_makes_the_watch_look_at_once(guard: Guard) -> None:
    """One alert for one stop, whoever notices it."""
    await sender_stops(guard)
    each = AlertWatch(guard.pool, Alerts([guard.box.url]), THRESHOLDS, components=())
    activities = AlertActivities(Alerts([guard.box.url]), each.look)
    for _ in range(2):
        await ActivityEnvironment().run(activities.send_alert, Alert("t", "b", kind="sender_stopped"))
    await each.post_due()
    assert guard.box.titles == ["A WhatsApp sender has stopped"]
    assert "the account is blocked" in guard.box.requests[0][1]["message"]


@asynccontextmanager
async def far_away(servers: Servers) -> AsyncIterator[Any]:
    """A database that can be cut off."""
    async with cuttable_way(await new_database(servers.database_url)) as way:
        own = await database.connect(way.url, application="tests")
        yield way, own
        own.terminate()


async def test_without_the_database_the_api_says_so_by_itself(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C4, W2: once while it lasts, and once when it is over; only those that are to speak for it."""
    monkeypatch.setattr(watch, "TICK_S", 0.05)
    async with far_away(servers) as (way, own), mailbox() as box, mailbox() as other:
        speaking = AlertWatch(own, Alerts([box.url]), THRESHOLDS, components=(), speaks_for_database=True)
        mute = AlertWatch(own, Alerts([other.url]), THRESHOLDS, components=())
        tasks = [asyncio.create_task(each.run()) for each in (speaking, mute)]
        await asyncio.sleep(0.2)
        await way.cut()

        async def told() -> bool:
            return bool(box.titles)

        await eventually(told, what="the alert")
        await asyncio.sleep(0.3)
        assert box.titles == ["PostgreSQL: down"]
        await way.open()

        async def told_of_the_end() -> bool:
            return len(box.titles) > 1

        await eventually(told_of_the_end, what="the end")
        assert box.titles == ["PostgreSQL: down", "Over: PostgreSQL: down"]
        assert other.titles == []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_an_alert_lasts_in_what_the_dashboard_shows(guard: Guard) -> None:
    """The picture that the live events are made of has it while it lasts."""
    await silence_falls(guard)
    each = AlertWatch(guard.pool, Alerts([]), THRESHOLDS, components=())
    await each.look()
    shown = (await monitoring.picture(guard.pool))["alerts"]
    assert [alert["kind"] for alert in shown] == ["webhook_silence"]
    await silence_ends(guard)
    await each.look()
    assert (await monitoring.picture(guard.pool))["alerts"] == []


async def test_what_upkeep_finds_is_told_until_a_run_finds_nothing(guard: Guard) -> None:
    """E13: with how much of it was repaired; a lost acknowledgement that was repaired is not worth it."""
    repaired = [{"kind": "missed_status", "found": 2, "fixed": 2}]
    found = [*repaired, {"kind": "missed_reply", "found": 3, "fixed": 2}]
    each = AlertWatch(guard.pool, Alerts([]), THRESHOLDS, components=())

    async def shown_after(findings: list[dict[str, Any]]) -> list[dict[str, Any]]:
        await guard.pool.execute(
            "INSERT INTO upkeep_runs (reason, finished_at, looked) VALUES ('schedule', clock_timestamp(), $1)",
            [{"part": "history", "looked_at": 9, "findings": findings}],
        )
        await each.look()
        shown: list[dict[str, Any]] = (await monitoring.picture(guard.pool))["alerts"]
        return shown

    assert await shown_after(repaired) == []
    [alert] = await shown_after(found)
    assert (alert["kind"], alert["facts"]) == (
        "upkeep_findings",
        {"found": 3, "fixed": 2, "kinds": "missed reply"},
    )
    assert await shown_after([]) == []


async def test_a_restored_installation_is_told_of_until_it_is_confirmed(guard: Guard) -> None:
    """Nothing leaves it meanwhile."""
    each = AlertWatch(guard.pool, Alerts([]), THRESHOLDS, components=())
    await guard.pool.execute(
        "UPDATE installation SET held_since = now(), hold_reason = 'a backup was restored'"
    )
    await each.look()
    [alert] = (await monitoring.picture(guard.pool))["alerts"]
    assert (alert["kind"], alert["facts"]["reason"]) == ("installation_held", "a backup was restored")
    await guard.pool.execute("UPDATE installation SET held_since = NULL, hold_reason = NULL")
    await each.look()
    assert (await monitoring.picture(guard.pool))["alerts"] == []
