"""Statistics are read from counters: at every moment they equal a recount of the rows."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.contact_states import ContactState
from domain.messages import MessageType
from domain.statistics import REPLY_TIME_LIMITS_S, ReplyTimes, reply_time_class
from storage import campaigns, contacts, statistics
from storage.database import MIGRATIONS, Pool
from storage.senders import Sender
from storage.statistics import Day, Statistics
from tests.conftest import Town, next_phone
from tests.scene import Scene, open_scene
from tests.storage.test_counters import STEPS, attempt, react, take

CONTACTS = 4
FIRST_REPLIES = """
    SELECT DISTINCT ON (contact_id) reply_after_s AS after_s FROM interactions WHERE campaign_id = $1
    ORDER BY contact_id, id
"""
RECOUNTED_DAYS = """
    SELECT (at AT TIME ZONE 'UTC')::date AS day,
        count(*) FILTER (WHERE kind = 'message_1') AS messages_1_sent,
        count(*) FILTER (WHERE kind = 'message_2') AS messages_2_sent,
        count(*) FILTER (WHERE kind = 'delivered') AS messages_delivered,
        count(*) FILTER (WHERE kind = 'read') AS messages_read,
        count(*) FILTER (WHERE kind = 'interaction') AS interactions,
        count(*) FILTER (WHERE kind = 'failure') AS failures
    FROM (
        SELECT campaign_id, message_type AS kind, accepted_at AS at FROM messages WHERE accepted_at IS NOT NULL
        UNION ALL SELECT campaign_id, 'delivered', delivered_at FROM messages
            WHERE status IN ('delivered', 'read')
        UNION ALL SELECT campaign_id, 'read', read_at FROM messages WHERE status = 'read'
        UNION ALL SELECT campaign_id, 'failure', failed_at FROM messages WHERE status = 'failed'
        UNION ALL SELECT campaign_id, 'interaction', occurred_at FROM interactions
    ) counted WHERE campaign_id = $1 GROUP BY 1
"""
DAYS = """
    SELECT day, messages_1_sent, messages_2_sent, messages_delivered, messages_read, interactions, failures
    FROM campaign_days WHERE campaign_id = $1
"""
COUNT_CONTACTS = "SELECT count(*), count(opted_out_at) FROM contacts WHERE erased_at IS NULL"
RELAXED = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
STEP = st.tuples(st.sampled_from(STEPS), st.integers(0, CONTACTS - 1))


async def of_campaign(scene: Scene) -> Statistics:
    """What the statistics say."""
    found = await statistics.campaign_statistics(scene.pool, scene.campaign.id)
    assert found is not None
    return found


async def days(pool: Pool, statement: str, campaign_id: str) -> dict[Any, tuple[int, ...]]:
    """Counts by day, without days on which nothing is left to count."""
    rows = {row["day"]: tuple(row)[1:] for row in await pool.fetch(statement, campaign_id)}
    return {day: counts for day, counts in rows.items() if any(counts)}


async def assert_counted(scene: Scene, *what: object) -> None:
    """The counters say what the rows say."""
    assert await days(scene.pool, DAYS, scene.campaign.id) == await days(
        scene.pool, RECOUNTED_DAYS, scene.campaign.id
    ), what
    live = await scene.pool.fetchrow(
        "SELECT * FROM campaign_reply_times WHERE campaign_id = $1", scene.campaign.id
    )
    replies = await scene.pool.fetch(FIRST_REPLIES, scene.campaign.id)
    expected = dict.fromkeys(REPLY_TIME_LIMITS_S, 0)
    for row in replies:
        expected[reply_time_class(row["after_s"])] += 1
    assert {name: live[name] if live else 0 for name in expected} == expected, what
    found = await of_campaign(scene)
    if not found.frozen:
        assert found.counters == await scene.recounted(), what


@given(steps=st.lists(STEP, min_size=5, max_size=25))
@RELAXED
async def test_statistics_equal_a_recount_after_every_step(
    everybody: Town, account: Sender, steps: list[tuple[str, int]]
) -> None:
    """Properties 12 and 15; A5, A6: whatever happens, in whatever order."""
    scene = await open_scene(everybody, CONTACTS, sender=account, window_s=3600)
    for step, nth in steps:
        await take(scene, step, nth)
        await assert_counted(scene, step, nth)


@given(steps=st.lists(STEP, min_size=15, max_size=30))
@RELAXED
async def test_statistics_survive_everything_at_once(
    everybody: Town, account: Sender, steps: list[tuple[str, int]]
) -> None:
    """Properties 10 and 12: all steps at the same time, without a deadlock."""
    scene = await open_scene(everybody, CONTACTS, sender=account, window_s=3600)
    await asyncio.gather(*(take(scene, step, nth) for step, nth in steps))
    await assert_counted(scene)


@given(after_s=st.floats(0, 10 * 86400))
def test_a_reply_is_in_the_first_class_that_it_is_under(after_s: float) -> None:
    """A5: the classes leave no gap and do not overlap."""
    name = reply_time_class(after_s)
    limits = list(REPLY_TIME_LIMITS_S.items())
    under = [each for each, limit_s in limits if limit_s is None or after_s < limit_s]
    assert name == under[0]


async def test_each_contact_counts_once_by_its_first_reaction(everybody: Town) -> None:
    """Two reactions of one contact, and a late one of another."""
    scene = await open_scene(everybody, 2, window_s=3600)
    for nth in range(2):
        await attempt(scene, "accept", nth, MessageType.MESSAGE_1)
    await react(scene, 0, timedelta(minutes=3))
    await react(scene, 0, timedelta(hours=2))
    await react(scene, 1, timedelta(days=2))

    found = await of_campaign(scene)

    assert found.reply_times == ReplyTimes(under_5_min=1, later=1)
    assert (found.reply_times.contacts, found.counters.interactions) == (2, 3)


async def test_a_closed_campaign_keeps_the_numbers_of_its_report(everybody: Town) -> None:
    """E16: what comes later changes neither counters nor reply times of the report."""
    scene = await open_scene(everybody, 2, window_s=3600)
    for nth in range(2):
        await attempt(scene, "accept", nth, MessageType.MESSAGE_1)
    await react(scene, 0, timedelta(seconds=10))
    await campaigns.close_campaign(
        scene.pool, scene.campaign.id, close_reason="cancelled", left_over=ContactState.CANCELLED
    )
    frozen = await of_campaign(scene)

    await take(scene, "read", 1)
    await react(scene, 1, timedelta(days=2))

    assert frozen.frozen
    assert frozen.reply_times == ReplyTimes(under_1_min=1)
    assert await of_campaign(scene) == frozen
    assert (await scene.recounted()).interactions == 2


async def test_daily_statistics_show_also_days_without_anything(everybody: Town) -> None:
    """The last so many days, today last."""
    scene = await open_scene(everybody, 1, window_s=3600)
    await attempt(scene, "accept", 0, MessageType.MESSAGE_1)

    found = await statistics.daily_statistics(scene.pool, 7, scene.campaign.id)

    today = datetime.now(UTC).date()
    assert found is not None
    assert [day.day for day in found] == [today - timedelta(days=age) for age in range(6, -1, -1)]
    assert found[-1] == Day(
        day=today,
        messages_1_sent=1,
        messages_2_sent=0,
        messages_delivered=0,
        messages_read=0,
        interactions=0,
        failures=0,
    )
    assert not any(day.messages_1_sent for day in found[:-1])


async def test_a_category_sums_up_its_campaigns(everybody: Town) -> None:
    """A campaign for two categories counts in both; contacts are those of the category now."""
    scene = await open_scene(everybody, 3, window_s=3600)
    await attempt(scene, "accept", 0, MessageType.MESSAGE_1)
    await everybody.campaign(scene.campaign.category_ids[0], [scene.sender.id])

    found = await statistics.category_statistics(scene.pool, scene.campaign.category_ids[0])

    assert found is not None
    assert (found.total_contacts, found.counters.total_contacts, found.counters.messages_1_sent) == (3, 3, 1)


async def test_the_number_of_contacts_follows_every_kind_of_change(pool: Pool) -> None:
    """In one transaction that nobody else sees: added, opted out, opted in, erased, deleted."""
    phones = [next_phone() for _ in range(4)]
    async with pool.acquire() as connection:
        transaction = connection.transaction(isolation="repeatable_read")
        await transaction.start()
        for change in (
            "INSERT INTO contacts (phone) SELECT unnest($1::text[])",
            "UPDATE contacts SET opted_out_at = now() WHERE phone = ANY ($1) AND phone <> ($1)[1]",
            "UPDATE contacts SET opted_out_at = NULL WHERE phone = ($1::text[])[2]",
            "INSERT INTO contacts (phone, name) SELECT unnest($1::text[]), 'again' "
            "ON CONFLICT (phone) DO UPDATE SET name = excluded.name",
            "DELETE FROM contacts WHERE phone = ($1::text[])[3]",
            "UPDATE contacts SET phone = NULL, erased_at = now() WHERE phone = ($1::text[])[4]",
        ):
            await connection.execute(change, phones)
            counted = await connection.fetchrow(
                "SELECT sum(contacts)::bigint, sum(opted_out)::bigint FROM contact_count_changes"
            )
            assert tuple(counted or ()) == tuple(await connection.fetchrow(COUNT_CONTACTS) or ()), change
        await transaction.rollback()


async def test_folding_the_log_of_contacts_loses_nothing_while_others_add(everybody: Town) -> None:
    """Folding at the same time as contacts come: the sum is always the number of contacts."""

    async def add() -> None:
        await contacts.save_category(everybody.pool, f"Folding {next_phone()}")
        for _ in range(5):
            await everybody.pool.execute("INSERT INTO contacts (phone) VALUES ($1)", next_phone())

    async def fold() -> None:
        for _ in range(10):
            await statistics.fold_contact_count(everybody.pool)

    await asyncio.gather(add(), fold(), add(), fold())

    async with everybody.pool.acquire() as connection, connection.transaction(isolation="repeatable_read"):
        counted = await connection.fetchval("SELECT sum(contacts)::bigint FROM contact_count_changes")
        assert counted == (await connection.fetchrow(COUNT_CONTACTS) or (0,))[0]


async def test_what_there_was_before_the_migration_is_counted_by_it(everybody: Town, account: Sender) -> None:
    """A database that has campaigns already: reply times and days are built anew from its rows."""
    scene = await open_scene(everybody, CONTACTS, sender=account, window_s=3600)
    for nth in range(3):
        await attempt(scene, "accept", nth, MessageType.MESSAGE_1)
    await take(scene, "read", 0)
    for nth, after in enumerate((timedelta(seconds=5), timedelta(hours=2))):
        await react(scene, nth, after)
        await react(scene, nth, after)
    _, _, backfill = (MIGRATIONS / "0009_statistics.sql").read_text().partition("-- What there was before.")
    async with everybody.pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        ours = [
            "SELECT * FROM campaign_reply_times WHERE campaign_id = $1",
            "SELECT * FROM campaign_days WHERE campaign_id = $1 ORDER BY day",
        ]
        counted = [await connection.fetch(each, scene.campaign.id) for each in ours]
        await connection.execute("UPDATE interactions SET reply_after_s = NULL")
        await connection.execute("TRUNCATE campaign_reply_times, campaign_days, contact_count_changes")
        await connection.execute(f"-- {backfill}")
        recounted = [await connection.fetch(each, scene.campaign.id) for each in ours]
        await transaction.rollback()

    assert all(counted)
    assert recounted == counted
