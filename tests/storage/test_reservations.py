"""The reservation of every send: quota and gap are exact, for any number of workers and whatever goes on."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from itertools import pairwise
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from domain.messages import MessageType
from domain.pacing.quota import COUNTED_S, MARGIN_S
from domain.run_settings import RunSettings
from local.servers import Servers
from settings import Settings
from storage import database, senders, sending
from storage.database import Pool
from storage.reservations import HELD_BY_A_PERSON_S, Held, Reason
from storage.senders import Sender
from storage.sending import Ready
from tests.apart import (
    add_sends,
    finish,
    freeze,
    held,
    new_database,
    pace_row,
    pause,
    ready,
    sent,
    set_pace,
    time_passes,
)
from tests.conftest import Town, eventually
from tests.scene import Scene, open_scene

BOTH = list(MessageType)
SECOND = MessageType.MESSAGE_2
HOUR_S = 3600.0
# 5 s with a jitter of 40 %: from 3 to 7 s between two Messages 1.
STANDARD_GAP_S = 3.0
STANDARD_LATEST_S = 7.0


@pytest.fixture(scope="session")
async def database_url(servers: Servers) -> str:
    """A database without a worker."""
    return await new_database(servers.database_url)


@pytest.fixture(scope="session")
async def pool(database_url: str) -> AsyncIterator[Pool]:
    """A way there."""
    opened = await database.connect(database_url, application="tests", wait_s=None)
    yield opened
    await opened.close()


@pytest.fixture(scope="session")
async def workers(database_url: str) -> AsyncIterator[list[Pool]]:
    """The pools of several processes."""
    async with AsyncExitStack() as exits:
        pools = [
            await database.connect(database_url, application="worker", size=6, wait_s=None) for _ in range(4)
        ]
        for opened in pools:
            exits.push_async_callback(opened.close)
        yield pools


@pytest.fixture(scope="session")
async def home(pool: Pool, sandbox: httpx.AsyncClient, settings: Settings) -> Town:
    """A town for property tests, whose examples share their fixtures."""
    return Town(pool, sandbox, settings)


async def standard(town: Town, **changes: Any) -> Sender:
    """An account with the standard pace."""
    return await town.sender(rate_per_s=None, maturity="established", **changes)


async def standard_scene(town: Town, people: int = 4, **pace: Any) -> Scene:
    """A campaign of an account with the standard pace, as its workflow has stored it."""
    scene = await open_scene(town, people, sender=await standard(town))
    await set_pace(scene, **{"maturity": "established", "profile": "standard", "quota": 1000, **pace})
    return scene


async def careful_scene(town: Town, people: int = 6) -> Scene:
    """A campaign of a young account, where it is never night."""
    scene = await open_scene(town, people, sender=await town.sender(rate_per_s=None))
    no_night = RunSettings(night_starts="00:00", night_ends="00:00")
    await freeze(scene, no_night)
    await set_pace(scene, settings=None, quota=20)
    return scene


async def told(scene: Scene, nth: int, message_type: MessageType = MessageType.MESSAGE_1) -> bool:
    """Whether the message is marked as one to be woken when a person resumes."""
    message = await scene.message(nth, message_type)
    return message["held_at"] is not None


# The quota


async def test_the_quota_holds_to_the_last_message(town: Town) -> None:
    """P1: both messages count together, and what is refused stores no attempt."""
    scene = await open_scene(town, 4)
    await set_pace(scene, quota=3)
    await sent(scene, 0)
    await sent(scene, 0, SECOND)
    await sent(scene, 1)

    for nth, message_type in ((2, MessageType.MESSAGE_1), (1, SECOND)):
        refused = await held(scene, nth, message_type)
        assert (refused.reason, refused.sender_id) == (Reason.QUOTA, scene.sender.id)
        assert refused.detail == "3 of 3 messages in 24 hours"
        message = await scene.message(nth, message_type)
        assert (message["attempts"], message["status"], message["held_at"]) == (0, "pending", None)
    assert await scene.sends(2) == []


async def test_a_refused_message_learns_when_there_is_room_again(town: Town) -> None:
    """P1: to the second, and at that moment it may leave; 24 hours are 24 hours and a minute."""
    scene = await open_scene(town, 3)
    await set_pace(scene, quota=3)
    await add_sends(scene, [COUNTED_S - 100, 20 * HOUR_S, HOUR_S])

    wait_s = (await held(scene)).retry_after_s
    assert 98 < wait_s <= 100
    await time_passes(scene.pool, scene.sender.id, wait_s - 1)
    assert 0 < (await held(scene)).retry_after_s <= 1
    await time_passes(scene.pool, scene.sender.id, 1)
    await sent(scene)
    assert (await held(scene, 1)).retry_after_s == pytest.approx(4 * HOUR_S + MARGIN_S - 100, abs=2)


async def test_with_more_sent_than_the_quota_it_waits_for_enough_of_them(town: Town) -> None:
    """P1: after the quota was lowered, the wait ends when the count is below it."""
    scene = await open_scene(town, 2)
    await set_pace(scene, quota=2)
    await add_sends(scene, [20 * HOUR_S, 10 * HOUR_S, 5 * HOUR_S, HOUR_S])

    refused = await held(scene)
    assert refused.detail == "4 of 2 messages in 24 hours"
    assert refused.retry_after_s == pytest.approx(COUNTED_S - 5 * HOUR_S, abs=2)


@pytest.mark.parametrize(
    ("outcome", "counts"),
    [("accepted", True), ("unknown", True), (None, True), ("not_sent", False), ("rejected", False)],
)
async def test_what_may_have_gone_out_counts(town: Town, outcome: str | None, counts: bool) -> None:
    """P1: accepted, unknown or still in flight; not what certainly did not leave."""
    scene = await open_scene(town, 2)
    await set_pace(scene, quota=1)
    await add_sends(scene, [HOUR_S], outcome)

    step = await scene.begin()
    assert isinstance(step, Held if counts else Ready)


async def test_an_attempt_that_came_to_nothing_gives_its_place_back(town: Town) -> None:
    """P1: until its outcome is known it counts."""
    scene = await open_scene(town, 3)
    await set_pace(scene, quota=1)
    attempt = await ready(scene, 0)
    assert (await held(scene, 1)).reason is Reason.QUOTA
    await finish(scene.pool, attempt, "unknown")
    assert (await held(scene, 1)).reason is Reason.QUOTA
    await finish(scene.pool, attempt, "not_sent")
    await sent(scene, 1)


async def test_message_1_leaves_room_for_the_expected_replies(town: Town) -> None:
    """P1, E5: Message 1 stops short of the quota, Message 2 may use all of it."""
    scene = await open_scene(town, 5)
    await set_pace(scene, quota=5, expected_replies=1.2, reply_rate=0.3)
    await sent(scene, 0)
    await sent(scene, 1)
    assert (await pace_row(scene))["expected_replies"] == pytest.approx(1.8)
    await sent(scene, 2)
    assert (await held(scene, 3)).detail == "3 of 5 messages in 24 hours"

    await sent(scene, 0, SECOND)
    assert (await pace_row(scene))["expected_replies"] == pytest.approx(1.1)
    await sent(scene, 1, SECOND)
    assert (await held(scene, 2, SECOND)).reason is Reason.QUOTA


async def test_replies_that_need_the_whole_quota_keep_message_1_waiting(town: Town) -> None:
    """P1: with nothing sent there is no moment to wait for, so it asks again later."""
    scene = await open_scene(town, 2)
    await set_pace(scene, quota=5, expected_replies=7)

    refused = await held(scene)
    assert (refused.reason, refused.retry_after_s) == (Reason.QUOTA, HELD_BY_A_PERSON_S)


async def test_a_sender_that_nobody_has_looked_at_keeps_the_quota_of_its_batch(town: Town) -> None:
    """P1, P11: before the first look of its workflow, what its batch was started with holds."""
    scene = await open_scene(town, 3)
    await freeze(scene, RunSettings(quota_per_day=2))
    await sent(scene, 0)
    await sent(scene, 1)
    assert (await held(scene, 2)).detail == "2 of 2 messages in 24 hours"


async def test_a_young_account_that_nobody_has_looked_at_begins_with_its_first_day(town: Town) -> None:
    """P1: the least that the warm-up allows."""
    scene = await open_scene(town, 2, sender=await town.sender(rate_per_s=None))
    await freeze(scene, RunSettings(night_starts="00:00", night_ends="00:00"))
    await add_sends(scene, [HOUR_S + minutes * 60 for minutes in range(19)])
    await sent(scene)
    await time_passes(scene.pool, scene.sender.id, HOUR_S)
    assert (await held(scene, 1)).detail == "20 of 20 messages in 24 hours"


async def test_many_workers_at_once_do_not_overdraw_the_quota(town: Town, workers: list[Pool]) -> None:
    """P1: twenty at the same moment from four processes, seven places."""
    scene = await open_scene(town, 20)
    await set_pace(scene, quota=7)

    steps = await all_at_once(scene, workers)
    assert sum(isinstance(step, Ready) for step in steps) == 7
    assert {step.reason for step in steps if isinstance(step, Held)} == {Reason.QUOTA}


async def all_at_once(scene: Scene, workers: list[Pool]) -> list[Any]:
    """Every contact's Message 1 is to leave at the same moment, by workers in turn."""
    return await asyncio.gather(
        *(
            sending.begin_attempt(
                workers[nth % len(workers)], scene.campaign.id, contact_id, MessageType.MESSAGE_1
            )
            for nth, contact_id in enumerate(scene.contact_ids)
        )
    )


# The delay


async def test_twenty_at_the_same_moment_are_one_message(town: Town, workers: list[Pool]) -> None:
    """P2: one leaves, and all others are told when the next slot comes."""
    scene = await standard_scene(town, 20)

    steps = await all_at_once(scene, workers)
    assert sum(isinstance(step, Ready) for step in steps) == 1
    refused = [step for step in steps if isinstance(step, Held)]
    assert {step.reason for step in refused} == {Reason.PACE}
    next_at = (await pace_row(scene))["message_1_at"].timestamp()
    now = (await scene.pool.fetchval("SELECT clock_timestamp()")).timestamp()
    waits = [step.retry_after_s for step in refused]
    assert next_at - now < min(waits) <= max(waits) <= STANDARD_LATEST_S
    assert min(waits) > STANDARD_GAP_S - 1


async def test_a_message_leaves_at_the_moment_it_was_told(town: Town) -> None:
    """P2: not before, and never sooner than the least gap."""
    scene = await standard_scene(town, 8)
    for nth in range(7):
        await sent(scene, nth)
        wait_s = (await held(scene, nth + 1)).retry_after_s
        assert STANDARD_GAP_S - 0.5 < wait_s <= STANDARD_LATEST_S
        await time_passes(scene.pool, scene.sender.id, wait_s - 0.5)
        assert 0 < (await held(scene, nth + 1)).retry_after_s <= 0.5
        await time_passes(scene.pool, scene.sender.id, 0.5)


async def test_message_2_waits_for_no_message_1_but_the_next_message_1_keeps_its_distance(town: Town) -> None:
    """P2, E5: whoever has reacted is answered at once."""
    scene = await standard_scene(town)
    await sent(scene, 0)
    first_wait_s = (await held(scene, 1)).retry_after_s
    await time_passes(scene.pool, scene.sender.id, first_wait_s - 0.2)

    await ready(scene, 0, SECOND)
    assert STANDARD_GAP_S - 0.5 < (await held(scene, 1)).retry_after_s <= STANDARD_GAP_S


async def test_two_messages_2_keep_the_rate_of_message_2(town: Town) -> None:
    """E5: ten a second unless somebody sets another rate; the setting counts at once."""
    scene = await standard_scene(town)
    await scene.pool.execute("UPDATE senders SET message_2_rate_per_s = NULL WHERE id = $1", scene.sender.id)
    await set_pace(scene, settings={"message_2_rate_per_s": 0.1})
    for nth in (0, 1):
        await sent(scene, nth)
        await time_passes(scene.pool, scene.sender.id, 10)
    await sent(scene, 0, SECOND)

    refused = await held(scene, 1, SECOND)
    assert refused.reason is Reason.PACE
    assert refused.retry_after_s == pytest.approx(10, abs=1)
    await time_passes(scene.pool, scene.sender.id, 10)
    await sent(scene, 1, SECOND)


@pytest.mark.parametrize("outcome", ["accepted", "unknown", "rejected"])
async def test_the_gap_counts_from_the_answer_of_the_provider(town: Town, outcome: str) -> None:
    """P2: however long the POST took, the provider too sees the least gap."""
    scene = await standard_scene(town)
    attempt = await ready(scene, 0)
    await time_passes(scene.pool, scene.sender.id, 10)
    await finish(scene.pool, attempt, outcome)

    assert STANDARD_GAP_S - 0.5 < (await held(scene, 1)).retry_after_s <= STANDARD_GAP_S


@pytest.mark.parametrize("message_type", BOTH)
async def test_an_answer_brings_no_slot_forward(town: Town, message_type: MessageType) -> None:
    """P2: the gap from the answer is only a least one."""
    scene = await standard_scene(town)
    await sent(scene, 0)
    await time_passes(scene.pool, scene.sender.id, 30)
    attempt = await ready(scene, 0 if message_type is SECOND else 1, message_type)
    await scene.pool.execute(
        "UPDATE sender_paces SET message_1_at = clock_timestamp() + interval '100 s' WHERE sender_id = $1",
        scene.sender.id,
    )
    await finish(scene.pool, attempt)
    assert (await held(scene, 2)).retry_after_s == pytest.approx(100, abs=1)


async def test_a_rest_is_kept(town: Town) -> None:
    """P2: a young account rests after twenty in a row for three to five minutes."""
    scene = await careful_scene(town)
    await set_pace(scene, in_a_row=19, last_message_1_at=await scene.pool.fetchval("SELECT now()"))
    await sent(scene, 0)

    refused = await held(scene, 1)
    assert refused.reason is Reason.PACE
    assert 179 < refused.retry_after_s <= 300
    await sent(scene, 0, SECOND)


async def test_a_young_account_sends_four_messages_a_minute_at_most(town: Town) -> None:
    """P2: Messages 2 take places in that minute, and are not held up by it."""
    scene = await careful_scene(town)
    await add_sends(scene, [50, 40, 30])
    await add_sends(scene, [45], "rejected")
    await sent(scene, 0)
    await time_passes(scene.pool, scene.sender.id, 5)
    await set_pace(scene, message_1_at=await scene.pool.fetchval("SELECT now()"))

    refused = await held(scene, 1)
    assert (refused.reason, refused.detail) == (Reason.PACE, "4 messages in a minute")
    assert refused.retry_after_s == pytest.approx(5, abs=1)
    await sent(scene, 0, SECOND)
    await set_pace(scene, message_1_at=await scene.pool.fetchval("SELECT now()"))
    assert (await held(scene, 1)).retry_after_s == pytest.approx(15, abs=1)


async def test_at_night_a_young_account_writes_to_nobody_first(town: Town) -> None:
    """P2: whoever has reacted is answered all the same."""
    scene = await careful_scene(town)
    await sent(scene, 0)
    await time_passes(scene.pool, scene.sender.id, HOUR_S)
    hour = (await scene.pool.fetchval("SELECT clock_timestamp()")).hour
    night = RunSettings(
        night_starts=f"{(hour - 1) % 24:02d}:00", night_ends=f"{(hour + 2) % 24:02d}:00", timezone="UTC"
    )
    await freeze(scene, night)
    await set_pace(scene, settings={"night_starts": night.night_starts, "night_ends": night.night_ends})

    refused = await held(scene, 1)
    assert refused.reason is Reason.PACE
    assert HOUR_S - 60 < refused.retry_after_s <= 2 * HOUR_S
    await sent(scene, 0, SECOND)


# What people and the provider order


@pytest.mark.parametrize("of", ["sender", "campaign"])
@pytest.mark.parametrize(("scope", "held_types"), [("message_1", BOTH[:1]), ("all", BOTH)])
async def test_a_pause_holds_what_its_scope_names(
    town: Town, of: str, scope: str, held_types: list[MessageType]
) -> None:
    """E17: what is held is marked, to be woken by whoever resumes; nothing is attempted."""
    scene = await open_scene(town, 2)
    await sent(scene, 0)
    await pause(scene, of, scope)

    for nth, message_type in ((1, MessageType.MESSAGE_1), (0, SECOND)):
        step = await scene.begin(nth, message_type)
        if message_type in held_types:
            assert step == Held(
                sender_id=scene.sender.id,
                retry_after_s=HELD_BY_A_PERSON_S,
                reason=Reason.PAUSED,
                detail=f"the {of} is paused",
            )
            assert (await scene.message(nth, message_type))["attempts"] == 0
        else:
            assert isinstance(step, Ready)
        assert await told(scene, nth, message_type) == (message_type in held_types)


@pytest.mark.parametrize("message_type", BOTH)
async def test_a_stopped_sender_sends_nothing_until_somebody_resumes_it(
    town: Town, message_type: MessageType
) -> None:
    """E4, E17: the refusal says why; the mark goes when the message leaves."""
    scene = await open_scene(town)
    if message_type is SECOND:
        await sent(scene)
    await senders.stop_sender(scene.pool, scene.sender.id, "3 messages failed in a row")

    refused = await held(scene, 0, message_type)
    assert (refused.reason, refused.detail) == (Reason.STOPPED, "sender stopped: 3 messages failed in a row")
    assert await told(scene, 0, message_type)
    await senders.resume_sender(scene.pool, scene.sender.id)
    await sent(scene, 0, message_type)
    assert not await told(scene, 0, message_type)


@pytest.mark.parametrize("message_type", BOTH)
async def test_a_break_that_the_provider_asked_for_holds_both_messages(
    town: Town, message_type: MessageType
) -> None:
    """E4: it ends by itself, so nobody has to wake the message."""
    scene = await open_scene(town)
    if message_type is SECOND:
        await sent(scene)
    await scene.pool.execute(
        "UPDATE senders SET held_until = clock_timestamp() + interval '90 s' WHERE id = $1", scene.sender.id
    )

    refused = await held(scene, 0, message_type)
    assert refused.reason is Reason.BREAK
    assert refused.retry_after_s == pytest.approx(90, abs=1)
    assert not await told(scene, 0, message_type)
    await time_passes(scene.pool, scene.sender.id, refused.retry_after_s)
    await sent(scene, 0, message_type)


async def test_a_pause_is_seen_by_whoever_waits_for_the_lock_meanwhile(town: Town, pool: Pool) -> None:
    """E17: what is decided under the lock rests on what is true then, not on what was when the wait began."""
    scene = await open_scene(town)
    async with pool.acquire() as other:
        transaction = other.transaction()
        await transaction.start()
        await other.execute("SELECT FROM sender_paces WHERE sender_id = $1 FOR NO KEY UPDATE", scene.sender.id)
        waiting = asyncio.create_task(scene.begin())

        async def waits() -> bool:
            return bool(
                await pool.fetchval(
                    "SELECT count(*) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND wait_event_type = 'Lock'"
                )
            )

        await eventually(waits, what="the wait for the lock")
        await senders.pause_sender(pool, scene.sender.id, "all")
        await transaction.commit()

    step = await waiting
    assert isinstance(step, Held)
    assert step.reason is Reason.PAUSED


# Settings


async def test_a_running_batch_keeps_the_settings_it_was_started_with(town: Town) -> None:
    """P11: an override counts for batches that start later; here the delay."""
    scene = await standard_scene(town)
    await freeze(scene, RunSettings(delay_s=10.0, jitter=0.0))
    await set_pace(scene, settings={"delay_s": 2.0, "jitter": 0.0})
    await sent(scene, 0)
    of_the_batch_s = (await held(scene, 1)).retry_after_s
    await time_passes(scene.pool, scene.sender.id, 60)
    await scene.pool.execute("UPDATE campaign_contacts SET batch = 1 WHERE campaign_id = $1", scene.campaign.id)
    await freeze(scene, RunSettings(delay_s=2.0, jitter=0.0), batch=1)
    await sent(scene, 1)
    of_the_next_s = (await held(scene, 2)).retry_after_s

    assert 9 < of_the_batch_s <= 10
    assert 1 < of_the_next_s <= 2


async def test_the_quota_changes_at_once(town: Town) -> None:
    """P1, P11: the quota of the sender counts, not the one of the batch."""
    scene = await open_scene(town, 3)
    await freeze(scene, RunSettings(quota_per_day=1000))
    await set_pace(scene, quota=1000)
    await sent(scene, 0)
    await set_pace(scene, quota=1)
    assert (await held(scene, 1)).reason is Reason.QUOTA
    await set_pace(scene, quota=2)
    await sent(scene, 1)


# Everything at once

PEOPLE = 12
QUOTA = 9
OUTCOMES = ("accepted", "accepted", "accepted", "unknown", "not_sent", "rejected", "late")
_job = st.tuples(st.integers(0, PEOPLE - 1), st.sampled_from(BOTH), st.sampled_from(OUTCOMES))
_person = st.sampled_from(("pause", "pause message 1", "resume", "nobody", "nobody", "nobody", "stop"))
_round = st.tuples(
    st.lists(_job, min_size=1, max_size=8),
    _person,
    st.one_of(st.floats(0, 8), st.floats(0, 8), st.floats(600, 40_000)),
)


LOG = """
    SELECT s.started_at, s.outcome, m.message_type FROM sends s JOIN messages m ON m.id = s.message_id
    WHERE s.sender_id = $1 ORDER BY s.started_at
"""


class Rounds:
    """Rounds of workers who send while people pause and resume, with time that passes in between."""

    def __init__(self, scene: Scene, workers: list[Pool]) -> None:
        self.scene = scene
        self.workers = workers
        self.in_flight: list[Ready] = []
        self.closed: set[MessageType] = set()

    async def round(self, jobs: list[tuple[int, MessageType, str]], person: str) -> None:
        """All at the same time; what is closed before and after is closed in between."""
        before = self.closed
        _, *left = await asyncio.gather(
            self.person(person), *(self.send(worker, *job) for worker, job in enumerate(jobs))
        )
        assert not before & self.closed & set(left)

    async def person(self, does: str) -> None:
        """Somebody pauses, stops or resumes the sender."""
        pool, sender_id = self.scene.pool, self.scene.sender.id
        if does == "resume":
            await senders.resume_sender(pool, sender_id)
            self.closed = set()
        elif does == "stop":
            await senders.stop_sender(pool, sender_id, "test")
            self.closed = set(BOTH)
        elif does != "nobody":
            scope = "all" if does == "pause" else "message_1"
            if await senders.pause_sender(pool, sender_id, scope):
                self.closed = set(BOTH if does == "pause" else BOTH[:1])

    async def send(self, worker: int, nth: int, message_type: MessageType, outcome: str) -> MessageType | None:
        """One worker tries one message; gives its type if it left."""
        pool = self.workers[worker % len(self.workers)]
        step = await sending.begin_attempt(
            pool, self.scene.campaign.id, self.scene.contact_ids[nth], message_type
        )
        if not isinstance(step, Ready):
            return None
        if outcome == "late":
            self.in_flight.append(step)
        else:
            await finish(pool, step, outcome)
        return message_type

    async def late(self) -> None:
        """The answers to what was in flight arrive."""
        arriving, self.in_flight = self.in_flight, []
        await asyncio.gather(*(finish(self.scene.pool, attempt) for attempt in arriving))

    async def check(self) -> None:
        """What the log says of all that has been tried."""
        rows = await self.scene.pool.fetch(LOG, self.scene.sender.id)
        counting = [row["started_at"] for row in rows if row["outcome"] in {None, "accepted", "unknown"}]
        assert all(
            (later - earlier).total_seconds() > COUNTED_S - 1
            for earlier, later in zip(counting, counting[QUOTA:], strict=False)
        )
        firsts = [row["started_at"] for row in rows if row["message_type"] == "message_1"]
        gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(firsts)]
        # The rhythm counts from the reservation, the log from the moment at which its attempt was written.
        assert all(gap > STANDARD_GAP_S - 0.5 for gap in gaps), gaps


@given(rounds=st.lists(_round, min_size=5, max_size=25))
@hypothesis_settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
async def test_whatever_happens_the_log_keeps_quota_and_gap(
    home: Town, workers: list[Pool], rounds: list[tuple[list[tuple[int, MessageType, str]], str, float]]
) -> None:
    """P1, P2: never more than the quota in 24 hours, never two Messages 1 closer than the least gap."""
    scene = await standard_scene(home, PEOPLE, quota=QUOTA, expected_replies=1.0, reply_rate=0.2)
    course = Rounds(scene, workers)
    for jobs, does, pause_s in rounds:
        await course.round(jobs, does)
        await time_passes(scene.pool, scene.sender.id, pause_s)
        await course.late()
        await course.check()


async def test_an_old_worker_sends_by_what_a_newer_one_has_stored(town: Town) -> None:
    """E17: during a rolling update, settings may be stored that this version has never heard of."""
    scene = await open_scene(town, 1)
    stored = {"quota_per_day": 100, "a_setting_of_tomorrow": 7}
    await set_pace(scene, settings=stored)
    await scene.pool.execute(
        "INSERT INTO campaign_batches (campaign_id, batch, sender_id, settings) VALUES ($1, 0, $2, $3)",
        scene.campaign.id,
        scene.sender.id,
        stored,
    )
    await sent(scene)
