"""Every sender's day is counted in the transaction of the message: at every moment it equals a recount."""

import asyncio
import secrets
from datetime import UTC, date, datetime, timedelta

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from domain.contact_states import ContactState
from domain.messages import MessageStatus, MessageType
from storage import campaigns, interactions, outcomes
from storage.database import MIGRATIONS, Connection, Pool
from storage.senders import Sender
from tests.conftest import Town, eventually
from tests.scene import Scene, open_scene

CONTACTS = 3
MIGRATION = MIGRATIONS / "0005_daily_counters.sql"
# The last moment of a day and the first of the next one, in UTC and not in the time zone of whoever runs this.
MIDNIGHT = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=2)
MOMENTS = [MIDNIGHT - timedelta(microseconds=1), MIDNIGHT, MIDNIGHT + timedelta(days=1)]
COUNTED = "SELECT day, messages_1_sent, messages_2_sent, failures FROM daily_counters WHERE sender_id = $1"
RECOUNT = """
    SELECT day,
        count(*) FILTER (WHERE kind = 'message_1') AS messages_1_sent,
        count(*) FILTER (WHERE kind = 'message_2') AS messages_2_sent,
        count(*) FILTER (WHERE kind = 'failure') AS failures
    FROM (
        SELECT sender_id, date(timezone('UTC', accepted_at)) AS day, message_type AS kind
        FROM messages WHERE accepted_at IS NOT NULL
        UNION ALL
        SELECT sender_id, date(timezone('UTC', failed_at)), 'failure' FROM messages WHERE status = 'failed'
    ) counted WHERE sender_id = $1 GROUP BY day
"""
STEPS = [
    "begin", "begin", "accept", "accept", "accept again", "reject", "lose", "sent", "delivered", "read",
    "failed", "begin 2", "begin 2", "accept 2", "reject 2", "failed 2", "read 2", "stop",
]  # fmt: skip


async def days(pool: Pool, statement: str, sender: Sender) -> dict[date, tuple[int, int, int]]:
    """Message 1, Message 2 and failures by day, without days on which nothing is left to count."""
    rows = {row["day"]: tuple(row)[1:] for row in await pool.fetch(statement, sender.id)}
    return {day: counts for day, counts in rows.items() if any(counts)}


async def assert_counted(scene: Scene, *what: object) -> None:
    """The counters say what the rows say."""
    counted = await days(scene.pool, COUNTED, scene.sender)
    assert counted == await days(scene.pool, RECOUNT, scene.sender), what


async def take(scene: Scene, step: str, nth: int, at: datetime) -> None:
    """One step for one contact at that time, if it is possible now."""
    message_type = MessageType.MESSAGE_2 if step.endswith(" 2") else MessageType.MESSAGE_1
    step = step.removesuffix(" 2")
    if step == "begin":
        await scene.begin(nth, message_type)
        return
    if step == "stop":
        await campaigns.stop_contacts(scene.pool, scene.campaign.id, ContactState.EXPIRED, "max_age")
        return
    message = await scene.message(nth, message_type)
    if message is None or not message["attempts"]:
        return
    message_id, attempt = message["id"], message["attempts"]
    match step:
        case "accept" | "accept again":
            # Another provider's id: what that provider reported as failed is accepted after all.
            provider_id = secrets.token_hex(12) if step == "accept again" else f"id-of-{message_id}"
            await outcomes.record_accepted(
                scene.pool, message_id, attempt, provider_id=provider_id, wa_id=None, accepted_at=at, sent_at=at
            )
        case "reject":
            await outcomes.record_rejected(scene.pool, message_id, attempt, code="400", detail="refused")
        case "lose":
            await outcomes.record_not_sent(
                scene.pool, message_id, attempt, code="lost", detail="lost", max_attempts=1
            )
        case _:
            await interactions.apply_status(
                scene.pool,
                reference=message_id,
                provider_id=f"id-of-{message_id}",
                wa_id=None,
                status=MessageStatus(step),
                occurred_at=at,
                failure_reason=None,
            )


STEP = st.tuples(st.sampled_from(STEPS), st.integers(0, CONTACTS - 1), st.sampled_from(MOMENTS))
RELAXED = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@given(steps=st.lists(STEP, min_size=5, max_size=30))
@example(steps=[("begin", 0, MIDNIGHT), ("failed", 0, MOMENTS[0]), ("accept again", 0, MIDNIGHT)])
@example(steps=[("begin", 0, MIDNIGHT), ("failed", 0, MOMENTS[0]), ("delivered", 0, MIDNIGHT)])
@example(steps=[("begin", 0, MIDNIGHT), ("accept", 0, MOMENTS[0]), ("failed", 0, MOMENTS[2])])
@RELAXED
async def test_a_senders_days_equal_a_recount_after_every_step(
    everybody: Town, account: Sender, steps: list[tuple[str, int, datetime]]
) -> None:
    """Property 12: whatever happens to its messages, on whatever day, in whatever order."""
    scene = await open_scene(everybody, CONTACTS, sender=account, window_s=3600)
    for step, nth, at in steps:
        await take(scene, step, nth, at)
        await assert_counted(scene, step, nth, at)


@given(steps=st.lists(STEP, min_size=20, max_size=40))
@RELAXED
async def test_a_senders_days_survive_everything_at_once(
    everybody: Town, account: Sender, steps: list[tuple[str, int, datetime]]
) -> None:
    """Properties 10 and 12: all steps at the same time, without a deadlock."""
    scene = await open_scene(everybody, CONTACTS, sender=account, window_s=3600)
    await asyncio.gather(*(take(scene, "begin", nth, MIDNIGHT) for nth in range(CONTACTS)))
    await asyncio.gather(*(take(scene, step, nth, at) for step, nth, at in steps))
    await assert_counted(scene)


async def test_a_message_counts_on_the_utc_day_of_its_acceptance(everybody: Town) -> None:
    """A microsecond apart, on two days; a failure counts on its own day, until it turns out to be none."""
    scene = await open_scene(everybody, 3)
    for nth, at in enumerate(MOMENTS):
        await take(scene, "begin", nth, at)
        await take(scene, "accept", nth, at)
    await take(scene, "failed", 0, MOMENTS[2])
    before, middle, after = (moment.date() for moment in MOMENTS)
    assert await days(scene.pool, COUNTED, scene.sender) == {
        before: (1, 0, 0),
        middle: (1, 0, 0),
        after: (1, 0, 1),
    }

    await take(scene, "delivered", 0, MOMENTS[2])

    assert (await days(scene.pool, COUNTED, scene.sender))[after] == (1, 0, 0)


LOCK = "SELECT FROM daily_counters WHERE sender_id = ANY($1::uuid[])"
ACCEPT = """
    UPDATE messages m SET accepted_at = given.at
    FROM unnest($1::uuid[], $2::timestamptz[]) AS given (contact_id, at) WHERE m.contact_id = given.contact_id
"""


async def accept_all(connection: Connection, scenes: list[Scene], moments: list[datetime]) -> None:
    """One statement: of every scene, a message at each of these moments."""
    await connection.execute("SET LOCAL TIME ZONE 'Pacific/Kiritimati'")  # where the day is another one
    contact_ids = [contact_id for scene in scenes for contact_id in scene.contact_ids]
    await connection.execute(ACCEPT, contact_ids, moments * len(scenes))


async def test_many_statements_over_many_senders_and_days_at_once(everybody: Town) -> None:
    """Property 10; campaigns of the same two senders, in opposite orders, on days that are new."""
    accounts = [await everybody.sender() for _ in range(2)]
    batches = [
        [await open_scene(everybody, CONTACTS, sender=sender) for sender in order]
        for order in (accounts, accounts[::-1], accounts, accounts[::-1])
    ]

    async def write(scenes: list[Scene], moments: list[datetime]) -> None:
        async with everybody.pool.acquire() as connection, connection.transaction():
            await accept_all(connection, scenes, moments)

    orders = [MOMENTS, MOMENTS[::-1]] * 2
    await asyncio.gather(*(write(batch, order) for batch, order in zip(batches, orders, strict=True)))

    for sender in accounts:
        assert await days(everybody.pool, COUNTED, sender) == {at.date(): (4, 0, 0) for at in MOMENTS}


async def test_counters_are_locked_in_one_order(everybody: Town) -> None:
    """Property 10; whoever has to wait for the first counter holds none of the later ones."""
    accounts = [await everybody.sender() for _ in range(2)]
    before, waiting = [
        [await open_scene(everybody, CONTACTS, sender=sender) for sender in accounts] for _ in range(2)
    ]
    ours = [sender.id for sender in accounts]
    pool = everybody.pool
    async with pool.acquire() as one, pool.acquire() as other, pool.acquire() as third:
        async with other.transaction():
            await accept_all(other, before, MOMENTS)
        pid = await other.fetchval("SELECT pg_backend_pid()")

        async def waits() -> bool:
            return bool(await third.fetchval("SELECT cardinality(pg_blocking_pids($1)) > 0", pid))

        async def write() -> None:
            async with other.transaction():
                await accept_all(other, waiting, MOMENTS[::-1])

        async with one.transaction():
            await one.execute(f"{LOCK} ORDER BY sender_id, day LIMIT 1 FOR UPDATE", ours)
            writing = asyncio.create_task(write())
            await eventually(waits, what="the wait for the first counter")
            free = await third.fetch(f"{LOCK} FOR UPDATE SKIP LOCKED", ours)
        await writing
    assert len(free) == len(accounts) * len(MOMENTS) - 1


async def test_what_was_sent_before_the_migration_is_counted_by_it(everybody: Town, account: Sender) -> None:
    """A database that has campaigns already: the table is built anew from its messages."""
    scene = await open_scene(everybody, CONTACTS, sender=account)
    for nth, (step, at) in enumerate(zip(["accept", "failed", "reject"], MOMENTS, strict=True)):
        await take(scene, "begin", nth, at)
        await take(scene, step, nth, at)
    backfill = MIGRATION.read_text().rpartition("INSERT INTO daily_counters")
    async with everybody.pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        counted = await connection.fetch(COUNTED, account.id)
        await connection.execute("TRUNCATE daily_counters")
        await connection.execute("".join(backfill[1:]))
        recounted = await connection.fetch(COUNTED, account.id)
        await transaction.rollback()

    assert {tuple(row) for row in recounted} == {tuple(row) for row in counted if any(tuple(row)[1:])}
