"""What happens to a sender while others are at work with it."""

import asyncio

from storage import senders
from storage.reservations import LOCK_PACE
from tests.apart import pool, somebody_waits
from tests.conftest import Town, eventually

__all__ = ["pool"]

LOG_CHANGE = """
    INSERT INTO pacing_changes (sender_id, state, reason, profile, maturity, delay_s, error_factor, error_rate,
        quota, message_1_queue_per_s, message_2_queue_per_s)
    VALUES ($1, 'sending', 'a test', 'careful', 'young', 22.5, 1, 0, 50, 0, 1)
"""


async def test_a_sender_is_removed_while_its_pace_is_set(town: Town) -> None:
    """Neither has to give way: the removal comes after the decision that was under way."""
    sender = await town.sender()
    async with town.pool.acquire() as other, other.transaction():
        await other.execute(LOCK_PACE, sender.id)
        removing = asyncio.create_task(senders.remove_sender(town.pool, sender.id))
        await eventually(lambda: somebody_waits(town.pool), what="the removal to wait")
        await other.execute(LOG_CHANGE, sender.id)
    assert await removing == []
    assert await senders.get_sender(town.pool, sender.id) is None
