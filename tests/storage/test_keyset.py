"""Lists by keyset: whatever the filters and the size of a page, every row comes once and in order."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from domain.messages import MessageStatus, MessageType
from storage import campaign_lists, messages
from storage.campaign_lists import CampaignOrder
from storage.keyset import Order, Where, as_pattern
from storage.messages import MessageFilter, MessageOrder, first_id
from tests.conftest import Town
from tests.scene import Scene, open_scene

STATUSES = [MessageStatus.PENDING, MessageStatus.SENT, MessageStatus.DELIVERED, MessageStatus.FAILED]
STAMP = """
    UPDATE messages SET status = $2, sent_at = $3, failed_at = CASE WHEN $2 = 'failed' THEN $3::timestamptz END
    WHERE campaign_id = $1 AND contact_id = $4
"""


async def paged(scene: Scene, wanted: MessageFilter, order: MessageOrder, limit: int) -> list[str]:
    """The contacts of the messages, page by page."""
    found: list[str] = []
    after: list[str] | None = None
    while True:
        part = await messages.list_messages(scene.pool, wanted, order=order, after=after, limit=limit)
        assert len(part.items) <= limit
        found.extend(item.contact_id for item in part.items)
        after = part.next_key
        if after is None:
            return found


@examples(max_examples=15, deadline=None)
@given(
    stamps=st.lists(st.tuples(st.sampled_from(STATUSES), st.integers(0, 2)), min_size=1, max_size=7),
    chosen=st.sets(st.sampled_from(STATUSES)),
    order=st.sampled_from(MessageOrder),
    limit=st.integers(1, 4),
)
async def test_every_message_comes_once_and_in_order(
    everybody: Town,
    stamps: list[tuple[MessageStatus, int]],
    chosen: set[MessageStatus],
    order: MessageOrder,
    limit: int,
) -> None:
    """A3; also when many have the same time."""
    scene = await open_scene(everybody, len(stamps))
    noon = datetime.now(UTC).replace(microsecond=123456)
    for (status, minutes), contact_id in zip(stamps, scene.contact_ids, strict=True):
        sent_at = None if status is MessageStatus.PENDING else noon + timedelta(minutes=minutes)
        await scene.pool.execute(STAMP, scene.campaign.id, status, sent_at, contact_id)
    rows = await scene.pool.fetch(
        "SELECT id, contact_id::text, status, sent_at FROM messages WHERE campaign_id = $1", scene.campaign.id
    )
    expected = [row for row in rows if not chosen or row["status"] in chosen]
    if order is MessageOrder.SENT:
        expected = [row for row in expected if row["sent_at"]]
        expected.sort(key=lambda row: (row["sent_at"], row["id"]), reverse=True)
    else:
        expected.sort(key=lambda row: row["id"], reverse=True)

    wanted = MessageFilter(campaign_id=scene.campaign.id, statuses=sorted(chosen) or None)

    assert await paged(scene, wanted, order, limit) == [row["contact_id"] for row in expected]
    by_sender = MessageFilter(sender_id=scene.sender.id, statuses=sorted(chosen) or None)
    assert await paged(scene, by_sender, order, limit) == [row["contact_id"] for row in expected]


@examples(max_examples=10, deadline=None)
@given(
    names=st.lists(st.text(st.sampled_from("aAbB %_\\é"), min_size=1, max_size=4), min_size=1, max_size=5),
    q=st.text(st.sampled_from("aAb%_\\"), min_size=1, max_size=2),
    limit=st.integers(1, 3),
)
async def test_a_search_finds_what_contains_it_and_nothing_else(
    everybody: Town, names: list[str], q: str, limit: int
) -> None:
    """A3: no character of a search means anything but itself."""
    scene = await open_scene(everybody, 1)
    [category_id] = scene.campaign.category_ids
    await scene.pool.execute("UPDATE campaigns SET name = 'zz' WHERE id = $1", scene.campaign.id)
    made = {(await everybody.campaign(category_id, [scene.sender.id], name=name)).id: name for name in names}
    found: list[str] = []
    after: list[str] | None = None
    while True:
        part = await campaign_lists.list_campaigns(
            scene.pool, order=CampaignOrder.NAME, after=after, limit=limit, category_id=category_id, q=q
        )
        found.extend(item.id for item in part.items)
        after = part.next_key
        if after is None:
            break

    assert sorted(found) == sorted(key for key, name in made.items() if q.lower() in name.lower())


@given(st.integers(1_000_000_000_000, 4_000_000_000_000))
def test_an_id_of_a_moment_is_the_smallest_of_it(milliseconds: int) -> None:
    """Ids begin with their time."""
    at = datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=milliseconds)
    assert first_id(at) < first_id(at + timedelta(milliseconds=1))
    assert first_id(at).int >> 80 == milliseconds


def test_a_key_of_another_order_is_refused() -> None:
    """The API has refused it before; nothing else may come so far."""
    order = Order((("a", "text"), ("id", "uuid")), descending=True)
    with pytest.raises(ValueError, match="no key of this order"):
        Where().after(order, [str(uuid4())])


async def test_a_search_has_one_order(everybody: Town) -> None:
    """A3: no index finds texts in the order of sending."""
    with pytest.raises(ValueError, match="sorted by"):
        await messages.list_messages(
            everybody.pool, MessageFilter(q="abc"), order=MessageOrder.SENT, after=None, limit=1
        )


def test_a_pattern_means_what_it_says() -> None:
    """Nothing in it is a wildcard but its ends."""
    assert as_pattern("50%_a\\b") == "%50\\%\\_a\\\\b%"


async def test_messages_of_one_type_only(everybody: Town) -> None:
    """A3: a type without messages is an empty list."""
    scene = await open_scene(everybody, 2)
    wanted = MessageFilter(campaign_id=scene.campaign.id, types=[MessageType.MESSAGE_2])
    assert await paged(scene, wanted, MessageOrder.CREATED, 2) == []
