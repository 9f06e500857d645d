"""What a sender's workflow learns of its past, and what is stored of its decisions."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest

from domain.messages import MessageType
from domain.pacing.errors import Outcomes
from domain.pacing.maturity import History
from domain.pacing.pace import FixedRates, Maturity, Profile
from domain.pacing.quota import COUNTED_S, Replies
from domain.run_settings import RunSettings
from storage import paces, senders
from storage.database import Pool
from tests.apart import (
    add_sends,
    finish,
    pace_row,
    pool,
    ready,
    sent,
    set_pace,
    time_passes,
)
from tests.conftest import Town
from tests.scene import Scene, open_scene
from tests.storage.looks import SETTINGS, facts_of, gather, look

__all__ = ["pool"]

SECOND = MessageType.MESSAGE_2
HOUR_S = 3600.0


async def reported_failed(scene: Scene, nth: int) -> None:
    """WhatsApp reports afterwards that a Message 1 did not arrive."""
    await scene.pool.execute(
        "UPDATE messages SET status = 'failed', failed_at = clock_timestamp() "
        "WHERE campaign_id = $1 AND contact_id = $2",
        scene.campaign.id,
        scene.contact_ids[nth],
    )


async def rejected(scene: Scene, nth: int) -> None:
    """The provider refuses a Message 1."""
    await finish(scene.pool, await ready(scene, nth), "rejected")


# The facts


async def test_there_are_no_facts_of_a_sender_that_does_not_exist(pool: Pool) -> None:
    """E17: its workflow ends."""
    async with pool.acquire() as connection, connection.transaction():
        assert await paces.gather_facts(connection, str(uuid4()), SETTINGS) is None
    with pytest.raises(LookupError):
        await paces.get_pace(pool, str(uuid4()))


async def test_a_new_sender_has_no_past(town: Town) -> None:
    """P1, P2: everything is at its beginning."""
    scene = await open_scene(town, sender=await town.sender(rate_per_s=None, maturity="mature"))
    facts, before = await gather(scene)

    assert (facts.status, facts.status_reason, facts.pause_scope, facts.held_until) == (
        "active",
        None,
        None,
        None,
    )
    assert facts.history == History(age_days=0, sending_days=0, messages=0, failures=0)
    assert (facts.maturity, facts.fixed) == (Maturity.MATURE, FixedRates(message_2_per_s=5000))
    assert (facts.failed_in_a_row, facts.failed_in_ten_minutes, facts.sent_in_a_day) == (0, 0, 0)
    assert facts.outcomes == Outcomes(finished=0, failed=0)
    assert abs(facts.at - datetime.now(UTC).timestamp()) < 5
    assert (before.state, before.delay_s, before.quota, before.error_factor) == ("new", None, None, 1)


async def test_failures_in_a_row_end_with_the_last_success(town: Town) -> None:
    """P12: the newest attempts count, whether refused at once or reported later."""
    scene = await open_scene(town, 6)
    await rejected(scene, 0)
    assert (await facts_of(scene)).failed_in_a_row == 1
    await sent(scene, 1)
    assert (await facts_of(scene)).failed_in_a_row == 0
    await rejected(scene, 2)
    await sent(scene, 3)
    await reported_failed(scene, 3)
    await ready(scene, 4)  # in flight: nobody knows yet
    await finish(scene.pool, await ready(scene, 5), "unknown")
    assert (await facts_of(scene)).failed_in_a_row == 2


async def test_what_failed_before_somebody_resumed_is_forgiven(town: Town) -> None:
    """P12, E17: otherwise the sender would stop again at once."""
    scene = await open_scene(town, 4)
    for nth in range(3):
        await rejected(scene, nth)
    before = await facts_of(scene)
    await senders.resume_sender(scene.pool, scene.sender.id)
    after = await facts_of(scene)
    await rejected(scene, 3)
    again = await facts_of(scene)

    assert (before.failed_in_a_row, before.failed_in_ten_minutes) == (3, 3)
    assert (after.failed_in_a_row, after.failed_in_ten_minutes) == (0, 0)
    assert (again.failed_in_a_row, again.failed_in_ten_minutes) == (1, 1)


async def test_failures_of_ten_minutes_are_those_of_ten_minutes(town: Town) -> None:
    """P12: counted from the moment at which they became known."""
    scene = await open_scene(town, 3)
    await sent(scene, 0)
    await rejected(scene, 1)
    await time_passes(scene.pool, scene.sender.id, 590)
    await reported_failed(scene, 0)
    assert (await facts_of(scene)).failed_in_ten_minutes == 2
    await time_passes(scene.pool, scene.sender.id, 20)
    assert (await facts_of(scene)).failed_in_ten_minutes == 1


async def test_outcomes_count_since_the_last_look_and_not_what_was_taken_back(town: Town) -> None:
    """P4, P12: a provider that is busy or away says nothing about the account."""
    scene = await open_scene(town, 8)
    await sent(scene, 0)
    await rejected(scene, 1)
    await scene.pool.execute(
        "UPDATE sender_paces SET errors_counted_at = clock_timestamp() WHERE sender_id = $1", scene.sender.id
    )
    await sent(scene, 2)
    await sent(scene, 3)
    await reported_failed(scene, 3)
    await rejected(scene, 4)
    await finish(scene.pool, await ready(scene, 5), "unknown")
    await finish(scene.pool, await ready(scene, 6), "not_sent")
    await ready(scene, 7)
    await add_sends(scene, [1], "not_sent")  # without the code of something that was not found

    assert (await facts_of(scene)).outcomes == Outcomes(finished=5, failed=4)


async def test_messages_of_a_day_are_counted_as_the_reservation_counts_them(town: Town) -> None:
    """P1: 24 hours and a minute, what may have gone out."""
    scene = await open_scene(town, 1)
    await add_sends(scene, [COUNTED_S + 5, COUNTED_S - 5, HOUR_S])
    await add_sends(scene, [HOUR_S], "unknown")
    await add_sends(scene, [1], None)
    await add_sends(scene, [1, 2], "rejected")
    await add_sends(scene, [1, 2], "not_sent")

    assert (await facts_of(scene)).sent_in_a_day == 4
    assert (await paces.get_pace(scene.pool, scene.sender.id)).sent_in_a_day == 4


async def test_replies_are_counted_for_each_campaign(town: Town) -> None:
    """P1, E5: who waits for this sender, and how the contacts of the campaign have decided so far."""
    account = await town.sender()
    one, two = await open_scene(town, 6, sender=account), await open_scene(town, 3, sender=account)
    for nth in range(5):
        await sent(one, nth)
    await sent(one, 0, SECOND)
    for nth, state in ((1, "no_interaction"), (2, "late_interaction")):
        await one.pool.execute(
            "UPDATE campaign_contacts SET state = $3 WHERE campaign_id = $1 AND contact_id = $2",
            one.campaign.id,
            one.contact_ids[nth],
            state,
        )
    await sent(two, 0)
    third = await open_scene(town, 1, sender=account)  # nobody waits there

    replies = (await facts_of(one)).replies
    assert sorted(replies, key=lambda each: -each.waiting) == [
        Replies(waiting=2, replied=1, silent=2),
        Replies(waiting=1, replied=0, silent=0),
    ]
    assert (await facts_of(third)).has_work


async def test_campaigns_count_as_long_as_they_have_somebody_to_write_to(town: Town) -> None:
    """P4, P6: open ones, those of them that are paused, and the size of the largest."""
    account = await town.sender()
    small, large = await open_scene(town, 1, sender=account), await open_scene(town, 3, sender=account)
    facts = await facts_of(small)
    assert (facts.open_campaigns, facts.paused_campaigns, facts.largest_campaign) == (2, 0, 3)

    await small.pool.execute(
        "UPDATE campaigns SET status = 'paused', pause_scope = 'all' WHERE id = $1", large.campaign.id
    )
    await sent(small)
    facts = await facts_of(small)
    assert (facts.open_campaigns, facts.paused_campaigns, facts.largest_campaign) == (1, 1, 3)

    await small.pool.execute(
        "UPDATE campaigns SET status = 'cancelled', pause_scope = NULL WHERE id = $1", large.campaign.id
    )
    facts = await facts_of(small)
    assert (facts.open_campaigns, facts.paused_campaigns, facts.largest_campaign) == (0, 0, 1)


async def test_the_history_knows_days_and_numbers(town: Town) -> None:
    """P3: today is no day before today, and days without a message do not count."""
    today = await town.pool.fetchval("SELECT (now() AT TIME ZONE 'UTC')::date")
    account = await town.sender(rate_per_s=None, account_since=today - timedelta(days=40))
    scene = await open_scene(town, 2, sender=account)
    rows: list[tuple[date, int, int, int]] = [
        (today - timedelta(days=30), 20, 5, 1),
        (today - timedelta(days=29), 0, 0, 3),
        (today - timedelta(days=1), 0, 7, 0),
        (today, 4, 0, 0),
    ]
    await town.pool.executemany(
        "INSERT INTO daily_counters (day, sender_id, messages_1_sent, messages_2_sent, failures) "
        "VALUES ($1, $2, $3, $4, $5)",
        [(day, account.id, *counts) for day, *counts in rows],
    )

    assert (await facts_of(scene)).history == History(age_days=40, sending_days=2, messages=36, failures=4)


async def test_orders_and_breaks_are_facts(town: Town) -> None:
    """P6, E4: what people and the gateway want of the sender."""
    scene = await open_scene(town)
    until = datetime.now(UTC) + timedelta(seconds=90)
    async with town.pool.acquire() as connection:
        await senders.hold_sender(connection, scene.sender.id, until)
    await senders.pause_sender(town.pool, scene.sender.id, "message_1")
    facts = await facts_of(scene)
    assert (facts.status, facts.pause_scope, facts.held_until) == ("paused", "message_1", until.timestamp())

    await senders.stop_sender(town.pool, scene.sender.id, "blocked")
    facts = await facts_of(scene)
    assert (facts.status, facts.status_reason, facts.pause_scope) == ("stopped", "blocked", None)


# The decision


async def test_a_decision_is_logged_only_when_it_changes_something(town: Town) -> None:
    """P6: with its reason, the newest first."""
    scene = await open_scene(town, sender=await town.sender(rate_per_s=None, maturity="established"))

    assert (await look(scene))[1]
    assert not (await look(scene))[1]
    assert (await look(scene, RunSettings(quota_per_day=500)))[1]
    assert (await look(scene, RunSettings(quota_per_day=500, delay_s=8)))[1]
    await senders.pause_sender(town.pool, scene.sender.id, "all")
    assert (await look(scene, RunSettings(quota_per_day=500, delay_s=8)))[1]
    assert not (await look(scene, RunSettings(quota_per_day=500, delay_s=8, jitter=0.3)))[1]

    changes = (await paces.list_changes(town.pool, scene.sender.id, 10)).items
    assert [(each.state, each.delay_s, each.quota) for each in changes] == [
        ("paused", 8, 500),
        ("sending", 8, 500),
        ("sending", 5, 500),
        ("sending", 5, 1000),
    ]
    assert [each.reason for each in changes[:2]] == [
        "paused by a person",
        "standard profile, a message every 8 s",
    ]
    assert (changes[0].message_1_queue_per_s, changes[0].message_2_queue_per_s) == (0, 0)
    assert changes[1].message_1_queue_per_s == pytest.approx(2 / 8)
    assert (await paces.list_changes(town.pool, scene.sender.id, 1)).items == changes[:1]


async def test_the_stored_pace_is_the_decision(town: Town) -> None:
    """P6, P11: the reservation goes by it, and people can read it."""
    scene = await open_scene(town, sender=await town.sender(rate_per_s=None))
    settings = RunSettings(night_starts="00:00", night_ends="00:00", quota_per_day=15)
    decided, _ = await look(scene, settings, replies=[Replies(waiting=10, replied=1, silent=4)])

    row = await pace_row(scene)
    assert row["settings"]["quota_per_day"] == 15
    assert (row["expected_replies"], row["reply_rate"]) == (decided.expected_replies, decided.reply_rate)
    shown = await paces.get_pace(town.pool, scene.sender.id)
    assert (shown.state, shown.reason, shown.opens_at) == ("sending", decided.reason, None)
    assert (shown.profile, shown.maturity, shown.delay_s) == (Profile.CAREFUL, Maturity.YOUNG, 22.5)
    assert (shown.quota, shown.kept_for_replies) == (15, -(-decided.expected_replies // 1))
    assert (shown.next_message_1_at, shown.warnings(0.05)) == (None, [])


async def test_the_pace_shows_when_it_goes_on(town: Town) -> None:
    """P6: a rest ends by itself."""
    scene = await open_scene(town)
    until = datetime.now(UTC) + timedelta(seconds=200)
    await set_pace(scene, rest_until=until, message_1_at=until)
    await look(scene)

    shown = await paces.get_pace(town.pool, scene.sender.id)
    assert (shown.state, shown.opens_at, shown.next_message_1_at) == ("resting", until, until)


async def test_errors_are_counted_anew_after_a_look_that_saw_enough(town: Town) -> None:
    """P4, P5, P12: too few messages leave rate and count as they are."""
    scene = await open_scene(town, sender=await town.sender(rate_per_s=None, maturity="established"))
    before = await pace_row(scene)
    few = Outcomes(finished=19, failed=19)
    await look(scene, outcomes=few, largest_campaign=500)
    after_few = await pace_row(scene)
    decided, changed = await look(scene, outcomes=Outcomes(finished=20, failed=2), largest_campaign=500)
    after_many = await pace_row(scene)

    assert (after_few["errors_counted_at"], after_few["error_rate"]) == (before["errors_counted_at"], 0)
    assert after_many["errors_counted_at"] > before["errors_counted_at"]
    assert (after_many["error_rate"], after_many["error_factor"]) == (0.1, 1.5)
    assert (decided.pace.delay_s, changed) == (7.5, True)
    [change, _first] = (await paces.list_changes(town.pool, scene.sender.id, 10)).items
    assert change.reason.endswith("a message every 7.5 s, 1.5 times as long as usual because of errors")
    assert (change.error_rate, change.error_factor, change.delay_s) == (0.1, 1.5, 7.5)
    await look(scene, outcomes=few, largest_campaign=500)
    assert (await pace_row(scene))["error_rate"] == 0.1


async def test_what_people_should_look_at_is_named(town: Town) -> None:
    """P12: a stop, too many errors, and a quota that is nearly used up."""
    scene = await open_scene(town)
    await add_sends(scene, [HOUR_S + second for second in range(8)])
    await look(scene, RunSettings(quota_per_day=10))
    await senders.stop_sender(town.pool, scene.sender.id, "blocked")
    await look(scene, RunSettings(quota_per_day=10), outcomes=Outcomes(finished=50, failed=3))

    shown = await paces.get_pace(town.pool, scene.sender.id)
    assert shown.warnings(0.05) == [
        "stopped: blocked",
        "6% of the last messages failed",
        "8 of 10 messages of its quota are used",
    ]
    assert shown.warnings(0.06) == [shown.warnings(0.05)[0], shown.warnings(0.05)[2]]
