"""What a forecast is told of senders and campaigns: read from the rows, at this moment."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.contact_states import ContactState
from domain.pacing.forecast import CampaignOutlook, SenderOutlook
from domain.pacing.pace import Maturity
from domain.pacing.quota import Replies
from storage import campaigns, run_settings
from storage import senders as accounts
from storage.campaigns import Campaign
from storage.outlooks import TURNOVER_S, Outlook, gather_outlook
from storage.sender_rows import RHYTHM
from storage.senders import Sender
from tests.conftest import Town
from tests.scene import Scene, open_scene

MOVE = "UPDATE campaign_contacts SET state = $3 WHERE campaign_id = $1 AND contact_id = $2"
SENT = """
    UPDATE messages SET sent_at = $3, accepted_at = $3, status = 'accepted'
    WHERE campaign_id = $1 AND contact_id = $2 AND message_type = 'message_1'
"""
ADD_SEND = """
    INSERT INTO sends (message_id, campaign_id, contact_id, sender_id, attempt, started_at, outcome)
    SELECT id, campaign_id, contact_id, sender_id, $2, $3, $4 FROM messages
    WHERE campaign_id = $1 ORDER BY id LIMIT 1
"""
SET_STATUS = "UPDATE campaigns SET status = $2, pause_scope = $3 WHERE id = $1"
SILENT: dict[str, Any] = {"script": []}


async def outlook_of(town: Town, campaign: Campaign) -> Outlook:
    """With what is stored of the campaign now."""
    stored = await campaigns.get_campaign(town.pool, campaign.id)
    assert stored is not None
    return await gather_outlook(town.pool, town.settings.run_settings, stored)


async def seen(town: Town, campaign: Campaign) -> CampaignOutlook:
    """What the forecast is told of the campaign itself."""
    outlook = await outlook_of(town, campaign)
    [found] = [each for each in outlook.campaigns if each.id == campaign.id]
    return found


async def seen_sender(town: Town, sender: Sender, **changes: Any) -> SenderOutlook:
    """What the forecast of a draft is told of its only sender."""
    category_id, _phones = await town.people([SILENT])
    outlook = await outlook_of(town, await town.campaign(category_id, [sender.id], **changes))
    [found] = outlook.senders
    return found


async def override(town: Town, name: str, value: float, **target: str) -> None:
    assert await run_settings.set_override(town.pool, name, value, **target, actor="test")


async def sent_at(scene: Scene, nth: int, at: datetime) -> None:
    """Message 1 of one contact has left."""
    await scene.pool.execute(SENT, scene.campaign.id, scene.contact_ids[nth], at)
    await scene.pool.execute(MOVE, scene.campaign.id, scene.contact_ids[nth], ContactState.MESSAGE_1_SENT)


async def move(scene: Scene, nth: int, state: ContactState) -> None:
    await scene.pool.execute(MOVE, scene.campaign.id, scene.contact_ids[nth], state)


# Campaigns


async def test_a_draft_is_its_audience_for_whichever_sender_comes_first(everybody: Town) -> None:
    """P9: nobody has a lane yet; those who must not be written to are not counted."""
    category_id, phones = await everybody.people([SILENT] * 5)
    await everybody.pool.execute("UPDATE contacts SET opted_out_at = now() WHERE phone = $1", phones[0])
    sender_ids = [(await everybody.sender()).id for _ in range(2)]
    campaign = await everybody.campaign(category_id, sender_ids, batch_size=50, window_s=60, grace_s=2)

    outlook = await outlook_of(everybody, campaign)

    assert outlook.contacts == 4
    assert outlook.campaigns == [
        CampaignOutlook(
            id=campaign.id,
            batch_size=50,
            batch_pause_s=everybody.settings.batch_pause_s + TURNOVER_S,
            window_s=60,
            grace_s=2,
            unassigned=4,
            sender_ids=sender_ids,
        )
    ]
    assert outlook.now == pytest.approx(datetime.now(UTC).timestamp(), abs=5)


async def test_an_open_campaign_is_told_lane_by_lane(everybody: Town) -> None:
    """P9: pending, waiting, those who reacted and those who did not, of each sender."""
    category_id, _phones = await everybody.people([SILENT] * 16)
    senders = [await everybody.sender() for _ in range(2)]
    campaign = await everybody.campaign(category_id, [each.id for each in senders], window_s=600)
    await campaigns.open_campaign(everybody.pool, campaign.id)
    scenes = []
    for sender in senders:
        rows = await everybody.pool.fetch(
            "SELECT contact_id::text FROM campaign_contacts WHERE campaign_id = $1 AND sender_id = $2",
            campaign.id,
            sender.id,
        )
        scenes.append(Scene(everybody, sender, campaign, [], [row["contact_id"] for row in rows]))
    first, second = scenes
    now = datetime.now(UTC)
    ends = (
        ContactState.MESSAGE_2_SENT,
        ContactState.OPTED_OUT,
        ContactState.NO_INTERACTION,
        ContactState.LATE_INTERACTION,
        ContactState.FAILED,
    )
    for nth, state in enumerate(ends):
        await sent_at(first, nth, now)
        await move(first, nth, state)
    await sent_at(first, 5, now - timedelta(seconds=100))
    await sent_at(first, 6, now - timedelta(seconds=40))
    await sent_at(second, 0, now - timedelta(seconds=70))

    outlook = await outlook_of(everybody, campaign)
    [found] = outlook.campaigns

    assert found.pending == {first.sender.id: 1, second.sender.id: 7}
    assert outlook.contacts == 8
    assert found.replies == {
        first.sender.id: Replies(waiting=2, replied=2, silent=2),
        second.sender.id: Replies(waiting=1, replied=0, silent=0),
    }
    # That of the one who waits longest, not of those who are through.
    assert found.windows_end_at == pytest.approx(now.timestamp() - 40 + 600, abs=0.01)
    assert (found.unassigned, list(found.sender_ids)) == (0, [])


async def test_without_an_open_window_none_ends(everybody: Town) -> None:
    """P9: nothing was sent yet."""
    scene = await open_scene(everybody, 3)
    assert (await seen(everybody, scene.campaign)).windows_end_at is None


@pytest.mark.parametrize(
    ("status", "competes"),
    [("draft", False), ("running", True), ("paused", False), ("cancelled", False), ("completed", False)],
)
async def test_only_running_campaigns_compete_for_a_sender(
    everybody: Town, status: str, competes: bool
) -> None:
    """P9: nobody knows when a paused one goes on."""
    sender = await everybody.sender()
    other = await open_scene(everybody, 4, sender=sender)
    scope = "message_1" if status == "paused" else None
    await everybody.pool.execute(SET_STATUS, other.campaign.id, status, scope)
    category_id, _phones = await everybody.people([SILENT])
    campaign = await everybody.campaign(category_id, [sender.id])

    outlook = await outlook_of(everybody, campaign)

    found = {each.id: dict(each.pending) for each in outlook.campaigns if each.id != campaign.id}
    assert found == ({other.campaign.id: {sender.id: 4}} if competes else {})
    assert outlook.contacts == 1


async def test_of_a_competing_campaign_only_the_shared_senders_count(everybody: Town) -> None:
    """P9: what it does elsewhere holds nobody up here; a campaign on other senders is none of our business."""
    shared, elsewhere = await everybody.sender(), await everybody.sender()
    category_id, _phones = await everybody.people([SILENT] * 10)
    wide = await everybody.campaign(category_id, [shared.id, elsewhere.id])
    await campaigns.open_campaign(everybody.pool, wide.id)
    await open_scene(everybody, 3, sender=elsewhere)
    campaign = await everybody.campaign(category_id, [shared.id])

    outlook = await outlook_of(everybody, campaign)

    assert [sender.id for sender in outlook.senders] == [shared.id]
    others = {each.id: dict(each.pending) for each in outlook.campaigns if each.id != campaign.id}
    assert others == {wide.id: {shared.id: 5}}


async def test_the_pause_is_the_one_that_counts_when_a_batch_ends(everybody: Town) -> None:
    """P9, P11: a draft's own, unless one was set for the campaign since; without one, what the settings say."""
    category_id, _phones = await everybody.people([SILENT])
    sender = await everybody.sender()
    named = await everybody.campaign(category_id, [sender.id], batch_pause_s=7.0)
    unnamed = await everybody.campaign(category_id, [sender.id], batch_pause_s=None)
    assert (await seen(everybody, named)).batch_pause_s == 7 + TURNOVER_S
    assert (await seen(everybody, unnamed)).batch_pause_s == everybody.settings.batch_pause_s + TURNOVER_S

    for campaign in (named, unnamed):
        await override(everybody, "batch_pause_s", 45, campaign_id=campaign.id)
        assert (await seen(everybody, campaign)).batch_pause_s == 45 + TURNOVER_S
        await campaigns.open_campaign(everybody.pool, campaign.id)
        assert (await seen(everybody, campaign)).batch_pause_s == 45 + TURNOVER_S


async def test_a_campaign_that_has_ended_needs_nothing_more(everybody: Town) -> None:
    """P9, E15: also one that was cancelled as a draft."""
    category_id, _phones = await everybody.people([SILENT] * 2)
    campaign = await everybody.campaign(category_id, [(await everybody.sender()).id])
    assert await campaigns.cancel_draft(everybody.pool, campaign.id)
    outlook = await outlook_of(everybody, campaign)
    assert (outlook.contacts, outlook.campaigns) == (0, [])

    scene = await open_scene(everybody, 2)
    await campaigns.close_campaign(
        everybody.pool, scene.campaign.id, close_reason="max_age", left_over=ContactState.EXPIRED
    )
    assert (await outlook_of(everybody, scene.campaign)).contacts == 0


# Senders


async def test_senders_come_in_the_order_of_the_campaign(everybody: Town) -> None:
    """P9: "like the first" means the one that was named first."""
    category_id, _phones = await everybody.people([SILENT])
    ids = [(await everybody.sender()).id for _ in range(4)]
    for order in (ids, ids[::-1], [ids[2], ids[0], ids[3], ids[1]]):
        outlook = await outlook_of(everybody, await everybody.campaign(category_id, order))
        assert [sender.id for sender in outlook.senders] == order


async def test_messages_count_as_long_as_the_quota_counts_them(everybody: Town) -> None:
    """P1, P9: what left or may have left in 24 hours and a minute; not what certainly did not."""
    scene = await open_scene(everybody, 1)
    now = datetime.now(UTC)
    counted: list[tuple[int, str | None]] = [
        (86400 + 50, "accepted"),
        (3600, "unknown"),
        (60, None),
        (5, "accepted"),
    ]
    others: list[tuple[int, str | None]] = [(86400 + 70, "accepted"), (1800, "rejected"), (900, "not_sent")]
    for attempt, (age_s, outcome) in enumerate(counted + others, start=1):
        await everybody.pool.execute(
            ADD_SEND, scene.campaign.id, attempt, now - timedelta(seconds=age_s), outcome
        )

    [sender] = (await outlook_of(everybody, scene.campaign)).senders

    assert list(sender.sent) == pytest.approx([now.timestamp() - age_s for age_s, _ in counted], abs=0.01)


async def test_a_sender_is_available_unless_somebody_holds_it(everybody: Town) -> None:
    """P9, E6: from the end of a break on; not at all while it is paused or stopped."""
    sender = await everybody.sender()
    assert (await seen_sender(everybody, sender)).available_from == 0
    until = datetime.now(UTC) + timedelta(seconds=300)
    await everybody.pool.execute("UPDATE senders SET held_until = $2 WHERE id = $1", sender.id, until)
    assert (await seen_sender(everybody, sender)).available_from == pytest.approx(until.timestamp(), abs=0.01)
    for scope in ("message_1", "all"):
        await accounts.pause_sender(everybody.pool, sender.id, scope)
        assert (await seen_sender(everybody, sender)).available_from is None
    await accounts.resume_sender(everybody.pool, sender.id)
    assert (await seen_sender(everybody, sender)).available_from == 0
    await accounts.stop_sender(everybody.pool, sender.id, "a test")
    assert (await seen_sender(everybody, sender)).available_from is None


async def test_what_is_known_of_an_account_is_read(everybody: Town) -> None:
    """P3, P9: its age, the days on which it sent, what it sent and what failed, its rates, its rhythm."""
    sender = await everybody.sender(
        rate_per_s=0.5, maturity="young", account_since=datetime.now(UTC).date() - timedelta(days=40)
    )
    for age_days, sent, failures in ((0, 5, 1), (1, 0, 2), (2, 30, 0), (9, 7, 3)):
        await everybody.pool.execute(
            "INSERT INTO daily_counters (sender_id, day, messages_1_sent, failures) VALUES ($1, $2, $3, $4)",
            sender.id,
            datetime.now(UTC).date() - timedelta(days=age_days),
            sent,
            failures,
        )
    await everybody.pool.execute(
        "UPDATE sender_paces SET error_factor = 1.5, in_a_row = 7, rest_until = now() + interval '1 minute' "
        "WHERE sender_id = $1",
        sender.id,
    )
    row = await everybody.pool.fetchrow("SELECT * FROM sender_paces WHERE sender_id = $1", sender.id)
    assert row is not None

    found = await seen_sender(everybody, sender)

    history = found.history
    assert (history.age_days, history.sending_days, history.messages, history.failures) == (40, 2, 42, 6)
    assert found.maturity is Maturity.YOUNG
    assert (found.fixed.message_1_per_s, found.fixed.message_2_per_s) == (0.5, 5000)
    assert (found.error_factor, found.rhythm.in_a_row) == (1.5, 7)
    for name in RHYTHM:
        assert getattr(found.rhythm, name) == row[name].timestamp()


async def test_a_sender_has_its_own_settings(everybody: Town) -> None:
    """P9, P11: those that its next batch will keep."""
    sender = await everybody.sender(rate_per_s=None)
    await override(everybody, "quota_per_day", 123, sender_id=sender.id)
    found = (await seen_sender(everybody, sender)).settings
    assert (found.quota_per_day, found.delay_s) == (123, everybody.settings.delay_s)


async def test_a_delay_that_somebody_names_counts_for_every_account(everybody: Town) -> None:
    """P2, P9: for a mature one too, and the campaign's before the sender's, as when a batch starts."""
    sender = await everybody.sender(rate_per_s=None, maturity="mature")
    usual = (await seen_sender(everybody, sender)).settings
    assert usual.mature_delay_s == everybody.settings.mature_delay_s

    await override(everybody, "delay_s", 9, sender_id=sender.id)
    named = (await seen_sender(everybody, sender)).settings
    assert (named.delay_s, named.mature_delay_s) == (9, 9)

    category_id, _phones = await everybody.people([SILENT])
    campaign = await everybody.campaign(category_id, [sender.id])
    await override(everybody, "delay_s", 6, campaign_id=campaign.id)
    [of_campaign] = (await outlook_of(everybody, campaign)).senders
    assert (of_campaign.settings.delay_s, of_campaign.settings.mature_delay_s) == (6, 6)
