"""Raw data goes when its time is over, and nothing goes that still has work to do."""

from datetime import timedelta

import httpx
import pytest

from activities.retention import Kept, Retention
from storage import retention, test_sends
from storage.database import Pool
from tests.conftest import Town, eventually, next_phone
from tests.scene import open_scene
from tests.wassenger import inbound, store

AGE = "UPDATE webhook_events SET received_at = received_at - interval '31 days', status = $2 WHERE id = $1"
KEPT = Kept(webhooks=timedelta(days=30), import_rejections=timedelta(days=30), test_sends=timedelta(days=30))


async def test_old_webhooks_go_unless_they_wait_to_be_worked_off(town: Town, pool: Pool) -> None:
    """Issue: processed and rejected ones only, in batches; those of reactions too, whose rows stay."""
    sender = await town.sender()
    ids = {}
    for status in ("processed", "rejected", "received", "parked", "young"):
        event = await store(pool, inbound(sender.device_id, next_phone()))
        assert event is not None
        ids[status] = event.id
        if status != "young":
            await pool.execute(AGE, event.id, status)
    await pool.execute("UPDATE webhook_events SET status = 'processed' WHERE id = $1", ids["young"])
    scene = await open_scene(town)
    await pool.execute(
        """
        INSERT INTO interactions (webhook_event_id, campaign_id, contact_id, interaction_type, occurred_at,
            received_at, within_24h, suppressed_duplicate)
        VALUES ($1, $2, $3, 'text', now(), now(), true, false)
        """,
        ids["processed"],
        scene.campaign.id,
        scene.contact_ids[0],
    )
    deleted = await Retention(pool, KEPT).delete_old()
    assert deleted >= 2
    left = {row["id"] for row in await pool.fetch("SELECT id::text FROM webhook_events")}
    assert {status for status, event_id in ids.items() if event_id in left} == {"received", "parked", "young"}
    assert len(await scene.interactions()) == 1


async def test_more_than_one_batch_goes_in_one_round(pool: Pool) -> None:
    await pool.execute(
        """
        INSERT INTO webhook_events (key, event, payload, status, received_at)
        SELECT 'retention-' || n, 'test', '{}', 'processed', now() - interval '40 days'
        FROM generate_series(1, $1::int) n
        """,
        2 * retention.AT_ONCE + 1,
    )
    assert await Retention(pool, KEPT).delete_old() >= 2 * retention.AT_ONCE + 1
    assert await pool.fetchval("SELECT count(*) FROM webhook_events WHERE key LIKE 'retention-%'") == 0


@pytest.mark.usefixtures("running_worker")
async def test_old_rejected_rows_and_test_messages_go_and_their_counts_stay(
    api: httpx.AsyncClient, town: Town, pool: Pool
) -> None:
    """Issue: the same for import rejections and test sends; attempts stay, because they count for the quota."""
    imported = (await api.post("/api/imports", content=b"phone\n12\n")).json()
    path = f"/api/imports/{imported['id']}"

    async def ended() -> bool:
        return bool((await api.get(path)).json()["finished_at"])

    await eventually(ended, what="the import")
    sender, (category_id, [phone]) = await town.sender(), await town.people([{"script": []}])
    campaign = await town.campaign(category_id, [sender.id])
    tested = await api.post(
        f"/api/campaigns/{campaign.id}/test-send", json={"phone": phone, "sender_id": sender.id}
    )
    tested.raise_for_status()
    sends = "SELECT count(*) FROM sends WHERE sender_id = $1"

    async def both_sent() -> bool:
        return bool(await pool.fetchval(f"{sends} AND outcome = 'accepted'", sender.id) == 2)

    await eventually(both_sent, what="the test messages")
    await Retention(pool, KEPT).delete_old()
    assert (
        await pool.fetchval("SELECT count(*) FROM import_rejections WHERE import_id = $1", imported["id"]) == 1
    )
    await pool.execute(
        "UPDATE imports SET finished_at = finished_at - interval '31 days' WHERE id = $1", imported["id"]
    )
    await pool.execute(
        "UPDATE test_sends SET created_at = created_at - interval '31 days' WHERE campaign_id = $1", campaign.id
    )
    await Retention(pool, KEPT).delete_old()
    assert (await api.get(path)).json()["rejected"] == 1
    assert (
        await pool.fetchval("SELECT count(*) FROM import_rejections WHERE import_id = $1", imported["id"]) == 0
    )
    assert await pool.fetchval("SELECT count(*) FROM test_sends WHERE campaign_id = $1", campaign.id) == 0
    assert await pool.fetchval(sends, sender.id) == 2
    assert not await test_sends.is_suppressed(pool, phone)
