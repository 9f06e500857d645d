"""How a campaign's audience is shared out: unequal shares in the snapshot, and what each sender can take."""

import secrets
from collections import Counter
from math import ceil
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from temporalio.testing import ActivityEnvironment

from activities.campaigns import CampaignActivities
from activities.estimates import share_load
from domain.contact_file import ContactRow
from domain.contact_states import ContactState
from storage import campaigns, contacts, run_settings
from storage import senders as accounts
from storage.campaigns import Campaign
from storage.senders import Sender
from tests.conftest import Town, next_phone
from tests.scene import open_scene

MOST_LANES = 12
MOST_CONTACTS = 300
BATCH_SIZE = 25

DEALT = """
    SELECT cc.contact_id::text, s.lane, cc.batch
    FROM campaign_contacts cc
    JOIN campaign_senders s ON s.campaign_id = cc.campaign_id AND s.sender_id = cc.sender_id
    WHERE cc.campaign_id = $1 ORDER BY cc.contact_id
"""
SEND_BEFORE = """
    INSERT INTO sends (message_id, campaign_id, contact_id, sender_id, attempt, started_at, outcome)
    SELECT id, campaign_id, contact_id, sender_id, n, clock_timestamp() - interval '1 hour', 'accepted'
    FROM (SELECT * FROM messages WHERE campaign_id = $1 LIMIT 1) message, generate_series(1, $2) n
"""


@pytest.fixture(scope="module")
async def crew(everybody: Town) -> list[Sender]:
    """Senders for as many lanes as a test may want."""
    return [await everybody.sender() for _ in range(MOST_LANES)]


async def audience(town: Town, size: int) -> str:
    """A category with so many contacts."""
    rows = [ContactRow(line=1, phone=next_phone(), name="", variables={}, opted_out=False) for _ in range(size)]
    category_id = await contacts.save_category(town.pool, f"Category {secrets.token_hex(8)}")
    await contacts.import_contacts(town.pool, rows, category_id)
    return category_id


@pytest.fixture(scope="session")
async def crowd(everybody: Town) -> list[str]:
    """The contacts of all examples of the property, oldest first."""
    category_id = await audience(everybody, MOST_CONTACTS)
    rows = await everybody.pool.fetch(
        "SELECT contact_id::text FROM contact_categories WHERE category_id = $1 ORDER BY contact_id",
        category_id,
    )
    return [row["contact_id"] for row in rows]


async def category_of(town: Town, contact_ids: list[str]) -> str:
    category_id = await contacts.save_category(town.pool, f"Category {secrets.token_hex(8)}")
    await town.pool.execute(
        "INSERT INTO contact_categories (category_id, contact_id) SELECT $1, unnest($2::uuid[])",
        category_id,
        contact_ids,
    )
    return category_id


async def lanes_of(town: Town, campaign: Campaign) -> list[tuple[str, int, int]]:
    """(contact, lane, batch) in the order of the contacts."""
    return [tuple(row) for row in await town.pool.fetch(DEALT, campaign.id)]


def check_batches(dealt: list[tuple[str, int, int]], opened: list[campaigns.Lane]) -> None:
    """Batches of a lane follow each other, all full but the last, and no number belongs to two lanes."""
    for lane in opened:
        sizes = Counter(batch for _, of, batch in dealt if of == lane.lane)
        count = sum(sizes.values())
        assert lane.batches == ceil(count / BATCH_SIZE) == len(sizes)
        numbers = [nth * len(opened) + lane.lane for nth in range(lane.batches)]
        assert sorted(sizes) == numbers
        assert all(sizes[number] == BATCH_SIZE for number in numbers[:-1])


def check_evenness(dealt: list[tuple[str, int, int]], counts: Counter[int]) -> None:
    """Whoever is dealt to takes turns: at any point each lane has about its part of those so far."""
    so_far: Counter[int] = Counter()
    for nth, (_, lane, _) in enumerate(dealt, start=1):
        so_far[lane] += 1
        for each, count in counts.items():
            part = count / len(dealt)
            assert abs(so_far[each] - nth * part) <= 1 + len(counts) * part / 2


parts = st.lists(st.integers(0, 1000), min_size=1, max_size=MOST_LANES).filter(any)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(weights=parts, size=st.integers(1, MOST_CONTACTS))
async def test_unequal_shares_give_everybody_to_one_lane_within_one_contact(
    everybody: Town, crew: list[Sender], crowd: list[str], weights: list[int], size: int
) -> None:
    """P8, E1: each contact once, each sender its share, batches in order and full, lanes interleaved."""
    category_id = await category_of(everybody, crowd[:size])
    sender_ids = [sender.id for sender in crew[: len(weights)]]
    shares = [weight / sum(weights) for weight in weights]
    campaign = await everybody.campaign(category_id, sender_ids, batch_size=BATCH_SIZE)

    opened = await campaigns.open_campaign(
        everybody.pool, campaign.id, dict(zip(sender_ids, shares, strict=True))
    )

    dealt = await lanes_of(everybody, campaign)
    assert [contact_id for contact_id, _, _ in dealt] == crowd[:size]
    counts = Counter(lane for _, lane, _ in dealt)
    for lane, share in enumerate(shares):
        assert abs(counts[lane] - share * size) <= 1 + 1e-6
        assert counts[lane] == 0 or share > 0
    check_batches(dealt, opened)
    check_evenness(dealt, counts)


async def test_a_lane_that_is_not_named_gets_nobody(everybody: Town, crew: list[Sender]) -> None:
    """P8: an empty lane keeps its place in the numbering, so that batches stay apart."""
    idle, busy = crew[0], crew[1]
    campaign = await everybody.campaign(await audience(everybody, 60), [idle.id, busy.id], batch_size=25)

    opened = await campaigns.open_campaign(everybody.pool, campaign.id, {busy.id: 1.0})

    assert [(lane.sender_id, lane.batches) for lane in opened] == [(idle.id, 0), (busy.id, 3)]
    assert {batch for _, _, batch in await lanes_of(everybody, campaign)} == {1, 3, 5}


async def shared(town: Town, sender_ids: list[str], size: int, **changes: Any) -> dict[str, float]:
    """What share_load makes of so many contacts."""
    campaign = await town.campaign(await audience(town, size), sender_ids, **changes)
    return await share_load(town.pool, town.settings.run_settings, campaign)


async def sent_before(town: Town, sender: Sender, messages: int, *, quota: int) -> None:
    """That sender has a quota of its own, and sent so many messages an hour ago."""
    await run_settings.set_override(town.pool, "quota_per_day", quota, sender_id=sender.id, actor="test")
    scene = await open_scene(town, 1, sender=sender)
    await town.pool.execute(SEND_BEFORE, scene.campaign.id, messages)
    await campaigns.close_campaign(
        town.pool, scene.campaign.id, close_reason="cancelled", left_over=ContactState.CANCELLED
    )


async def test_senders_of_the_same_speed_share_in_equal_parts(everybody: Town) -> None:
    """P8: of an odd number of contacts as well."""
    both = [(await everybody.sender(rate_per_s=2)).id for _ in range(2)]
    assert await shared(everybody, both, 101) == {each: pytest.approx(0.5, abs=0.01) for each in both}


async def test_a_slow_sender_gets_as_much_less_as_it_is_slower(everybody: Town) -> None:
    """P8: so that both are done at the same time."""
    slow, fast = await everybody.sender(rate_per_s=0.1), await everybody.sender(rate_per_s=0.4)
    shares = await shared(everybody, [slow.id, fast.id], 200, max_age_s=3600)
    assert shares == {slow.id: pytest.approx(0.2, abs=0.02), fast.id: pytest.approx(0.8, abs=0.02)}
    assert sum(shares.values()) == pytest.approx(1)


async def test_a_sender_whose_quota_is_used_up_gets_nobody(everybody: Town) -> None:
    """P1, P8: it could send again only after the campaign's maximum age."""
    empty, fresh = await everybody.sender(), await everybody.sender()
    await sent_before(everybody, empty, 40, quota=40)
    assert await shared(everybody, [empty.id, fresh.id], 100) == {fresh.id: 1.0}


async def test_a_sender_gets_what_its_quota_has_room_for(everybody: Town) -> None:
    """P1, P8: the others take the rest."""
    nearly, fresh = await everybody.sender(), await everybody.sender()
    await sent_before(everybody, nearly, 70, quota=100)
    shares = await shared(everybody, [nearly.id, fresh.id], 200)
    assert 10 <= 200 * shares[nearly.id] <= 30  # without the places that are kept for replies
    assert sum(shares.values()) == pytest.approx(1)


@pytest.mark.parametrize("how", ["stopped", "paused", "on a break"])
async def test_a_sender_that_cannot_send_gets_nobody(everybody: Town, how: str) -> None:
    """P8, E6: stopped by an emergency, paused by a person, or held by the gateway for longer than it takes."""
    away, present = await everybody.sender(), await everybody.sender()
    if how == "stopped":
        await accounts.stop_sender(everybody.pool, away.id, "a test")
    elif how == "paused":
        await accounts.pause_sender(everybody.pool, away.id, "message_1")
    else:
        await everybody.pool.execute(
            "UPDATE senders SET held_until = clock_timestamp() + interval '1 day' WHERE id = $1", away.id
        )
    assert await shared(everybody, [away.id, present.id], 60) == {present.id: 1.0}


async def test_when_nobody_can_send_all_share_alike(everybody: Town) -> None:
    """P8: whoever is resumed first begins with its part."""
    both = [(await everybody.sender()).id for _ in range(2)]
    for sender_id in both:
        await accounts.stop_sender(everybody.pool, sender_id, "a test")
    assert await shared(everybody, both, 60) == dict.fromkeys(both, 0.5)


async def test_a_campaign_that_shares_a_sender_counts(everybody: Town) -> None:
    """P8, P9: half of that sender's turns are taken."""
    shared_one, free = await everybody.sender(rate_per_s=2), await everybody.sender(rate_per_s=2)
    await open_scene(everybody, 200, sender=shared_one)
    shares = await shared(everybody, [shared_one.id, free.id], 90, batch_pause_s=0)
    assert shares == {shared_one.id: pytest.approx(1 / 3, abs=0.03), free.id: pytest.approx(2 / 3, abs=0.03)}


async def test_the_snapshot_is_dealt_as_the_load_is_shared(everybody: Town) -> None:
    """P8, E1: from the estimate to the lanes that the campaign's workflow gets."""
    stopped, slow, fast = [await everybody.sender(rate_per_s=rate) for rate in (0.4, 0.1, 0.4)]
    await accounts.stop_sender(everybody.pool, stopped.id, "a test")
    sender_ids = [stopped.id, slow.id, fast.id]
    campaign = await everybody.campaign(await audience(everybody, 240), sender_ids, max_age_s=3600)

    activities = CampaignActivities(everybody.pool, everybody.settings.run_settings)
    opened = await ActivityEnvironment().run(activities.open_campaign, campaign.id)

    assert [lane.batches for lane in opened.lanes] == [0, 2, 8]
    again = await ActivityEnvironment().run(activities.open_campaign, campaign.id)
    assert again == opened
