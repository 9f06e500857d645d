"""Who is in a campaign: the import of contacts, and the snapshot that a campaign takes of them."""

import asyncio

import pytest

from domain.contact_file import ContactRow
from domain.contact_states import ContactState
from storage import batches, campaigns, contacts
from storage.database import Pool
from storage.senders import Sender
from tests.conftest import Town, next_phone
from tests.scene import open_scene


def row(phone: str, name: str = "", *, opted_out: bool = False, **variables: str) -> ContactRow:
    """One valid row of a file."""
    return ContactRow(line=1, phone=phone, name=name, variables=variables, opted_out=opted_out)


async def members(pool: Pool, campaign_id: str) -> list[str]:
    """The phones of a campaign's snapshot."""
    rows = await pool.fetch(
        "SELECT co.phone FROM campaign_contacts cc JOIN contacts co ON co.id = cc.contact_id "
        "WHERE cc.campaign_id = $1 ORDER BY co.phone",
        campaign_id,
    )
    return [row["phone"] for row in rows]


async def test_a_second_import_adds_to_what_is_known(pool: Pool) -> None:
    """A row without a name keeps the name; variables join; nobody is made twice."""
    known, new = next_phone(), next_phone()
    first = await contacts.import_contacts(pool, [row(known, "Zoé", city="Lyon", tier="a")], None)
    second = await contacts.import_contacts(pool, [row(known, tier="b"), row(new)], None)

    assert (first.created, first.updated) == (1, 0)
    assert (second.created, second.updated) == (1, 1)
    stored = await pool.fetch(
        "SELECT name, variables FROM contacts WHERE phone = ANY($1) ORDER BY phone", [known, new]
    )
    assert [(record["name"], record["variables"]) for record in stored] == [
        ("Zoé", {"city": "Lyon", "tier": "b"}),
        (None, {}),
    ]


async def test_an_import_never_takes_back_an_opt_out(pool: Pool) -> None:
    """The file may set an opt-out; a later file without it changes nothing."""
    phone = next_phone()
    marked = await contacts.import_contacts(pool, [row(phone, opted_out=True)], None)
    opted_out_at = await pool.fetchval("SELECT opted_out_at FROM contacts WHERE phone = $1", phone)
    await contacts.import_contacts(pool, [row(phone, "Zoé"), row(next_phone())], None)
    await contacts.import_contacts(pool, [row(phone, opted_out=True)], None)

    assert marked.opted_out == 1
    assert opted_out_at is not None
    assert await pool.fetchval("SELECT opted_out_at FROM contacts WHERE phone = $1", phone) == opted_out_at


async def test_imports_at_the_same_time_make_every_contact_once(pool: Pool) -> None:
    """Two people import the same file, in another order."""
    phones = [next_phone() for _ in range(30)]
    category_id = await contacts.save_category(pool, f"Category of {phones[0]}")
    results = await asyncio.gather(
        *(
            contacts.import_contacts(pool, [row(phone) for phone in order], category_id)
            for order in (phones, phones[::-1], phones[10:] + phones[:10])
        )
    )

    assert sum(result.created for result in results) == 30
    size = await pool.fetchval("SELECT count(*) FROM contact_categories WHERE category_id = $1", category_id)
    assert size == 30


async def test_the_snapshot_holds_everybody_once_and_nobody_who_must_not_be_written_to(
    everybody: Town, account: Sender
) -> None:
    """E1; property 4: categories minus duplicates, opt-outs and numbers not on WhatsApp."""
    pool = everybody.pool
    both, only_a, only_b, gone, absent, foreign = (next_phone() for _ in range(6))
    a = await contacts.save_category(pool, f"A of {both}")
    b = await contacts.save_category(pool, f"B of {both}")
    elsewhere = await contacts.save_category(pool, f"C of {both}")
    rows = [row(both), row(only_a), row(gone, opted_out=True), row(absent)]
    await contacts.import_contacts(pool, rows, a)
    await contacts.import_contacts(pool, [row(both), row(only_b), row(gone), row(absent)], b)
    await contacts.import_contacts(pool, [row(foreign)], elsewhere)
    await pool.execute("UPDATE contacts SET whatsapp = 'no' WHERE phone = $1", absent)
    campaign = await everybody.campaign(a, [account.id])
    await pool.execute(campaigns.ADD_CATEGORIES, campaign.id, [b])

    assert await campaigns.audience_size(pool, campaign.id) == 3
    await campaigns.open_campaign(pool, campaign.id)

    assert await members(pool, campaign.id) == sorted([both, only_a, only_b])
    messages = await pool.fetch(
        "SELECT message_type, status, sent_at FROM messages WHERE campaign_id = $1", campaign.id
    )
    assert [tuple(message) for message in messages] == [("message_1", "pending", None)] * 3


async def test_opening_again_finds_the_first_snapshot(everybody: Town, account: Sender) -> None:
    """E1, E17; the activity may run twice, and contacts that came later are not pulled in."""
    scene = await open_scene(everybody, 3, sender=account)
    category_id = scene.campaign.category_ids[0]
    await contacts.import_contacts(scene.pool, [row(next_phone())], category_id)

    lanes = await asyncio.gather(*(campaigns.open_campaign(scene.pool, scene.campaign.id) for _ in range(4)))

    assert [[lane.batches for lane in found] for found in lanes] == [[1]] * 4
    assert await members(scene.pool, scene.campaign.id) == sorted(scene.phones)
    counters = await campaigns.get_counters(scene.pool, scene.campaign.id)
    assert (counters.total_contacts, counters.pending) == (3, 3)


@pytest.mark.parametrize(("contacts_count", "lanes_count"), [(1, 1), (60, 1), (70, 2), (130, 3), (2, 3)])
async def test_contacts_are_dealt_to_lanes_and_numbered_batches(
    everybody: Town, account: Sender, contacts_count: int, lanes_count: int
) -> None:
    """E1; lane, lane + lanes, lane + 2 * lanes ...: every contact in one batch, every batch of one sender."""
    pool = everybody.pool
    phones = [next_phone() for _ in range(contacts_count)]
    category_id = await contacts.save_category(pool, f"Category of {phones[0]}")
    await contacts.import_contacts(pool, [row(phone) for phone in phones], category_id)
    sender_ids = [account.id] + [(await everybody.sender()).id for _ in range(lanes_count - 1)]
    campaign = await everybody.campaign(category_id, sender_ids, batch_size=25)

    lanes = await campaigns.open_campaign(pool, campaign.id)

    assert [lane.sender_id for lane in lanes] == sender_ids
    assert [lane.lane for lane in lanes] == list(range(lanes_count))
    seen: list[str] = []
    for lane in lanes:
        share = len(range(lane.lane, contacts_count, lanes_count))
        assert lane.batches == -(-share // 25)
        for nth in range(lane.batches):
            number = nth * lanes_count + lane.lane
            batch = await batches.list_batch(pool, campaign.id, number)
            assert 1 <= len(batch) <= 25
            assert await batches.has_pending(pool, campaign.id, number)
            owners = await pool.fetch(
                "SELECT DISTINCT sender_id::text AS id FROM campaign_contacts "
                "WHERE campaign_id = $1 AND batch = $2",
                campaign.id,
                number,
            )
            assert [owner["id"] for owner in owners] == [lane.sender_id]
            seen += batch
    assert len(seen) == len(set(seen)) == contacts_count


async def test_a_campaign_that_was_cancelled_as_a_draft_cannot_be_opened(
    everybody: Town, account: Sender
) -> None:
    """A start and a cancel at the same time: the cancel has won."""
    category_id, _phones = await everybody.people([{"script": []}])
    campaign = await everybody.campaign(category_id, [account.id])
    assert await campaigns.cancel_draft(everybody.pool, campaign.id)

    with pytest.raises(LookupError, match="to run"):
        await campaigns.open_campaign(everybody.pool, campaign.id)
    assert await members(everybody.pool, campaign.id) == []


async def test_closing_again_returns_the_stored_report(everybody: Town, account: Sender) -> None:
    """E14, E15, E16; properties 12 and 13: contacts left open expire, and the report stays as it is."""
    scene = await open_scene(everybody, 2, sender=account)

    first = await campaigns.close_campaign(
        scene.pool, scene.campaign.id, close_reason="max_age", left_over=ContactState.EXPIRED
    )
    again = await campaigns.close_campaign(
        scene.pool, scene.campaign.id, close_reason="cancelled", left_over=ContactState.CANCELLED
    )

    assert again == first
    assert first.counters == await scene.recounted()
    assert first.counters.expired == 2
    stored = await campaigns.get_campaign(scene.pool, scene.campaign.id)
    assert stored is not None
    assert (stored.status, stored.close_reason) == ("completed", "max_age")
    assert stored.report is not None
    frozen = dict(stored.report)
    assert "reply_times" in frozen  # which the database adds when a campaign closes
    del frozen["reply_times"]
    assert frozen == first.to_json()
