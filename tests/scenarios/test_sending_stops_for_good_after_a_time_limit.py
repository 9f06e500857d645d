"""Reported: a job that ran into its time limit was never taken up again, and the rest of the list got nothing.

A campaign that lasts longer than any time limit of a single step: tests/workflows/test_campaign.py.
"""

import signal
import time
from collections.abc import AsyncIterator

import pytest

from tests.conftest import eventually
from tests.scenarios.conftest import ended_well
from tests.test_pausing import SILENT, House, mailing, reacting
from tests.test_shutdown import an_answer_that_never_comes, worker_of

LIMIT_S = 15.0  # from the last heartbeat of a message on: workflows/contact.py
OPEN_ATTEMPTS = "SELECT count(*) FROM sends WHERE campaign_id = $1 AND outcome IS NULL"


@pytest.fixture
async def idle_house(house: House) -> AsyncIterator[House]:
    """The same without workers; the test starts processes of its own."""
    await house.stop_workers()
    yield house
    house.start_workers()


async def test_a_worker_frozen_beyond_the_limit_is_replaced_and_repeats_nothing_when_it_wakes(
    idle_house: House,
) -> None:
    """E9, E17: it holds a message that the gateway has taken and, at first, all there is to do."""
    house = idle_house
    async with worker_of(house) as frozen:
        run = await mailing(house, [*reacting(6), *([SILENT] * 6)], window_s=30)
        await run.until_accepted(3)
        await an_answer_that_never_comes(house)

        async def holds_a_message() -> bool:
            return bool(await house.town.pool.fetchval(OPEN_ATTEMPTS, run.id))

        await eventually(holds_a_message, what="a message in its hands")
        frozen.process.send_signal(signal.SIGSTOP)
        frozen_at = time.monotonic()
        try:
            async with worker_of(house) as other:
                # Everything that only the frozen one knew is taken up by the other, and the rest is sent.
                await run.until_accepted(12, within_s=2 * LIMIT_S + 15)
                assert time.monotonic() - frozen_at > LIMIT_S
                frozen.process.send_signal(signal.SIGCONT)
                await ended_well(run, answered=6)
                assert await other.terminate() == 0
        finally:
            frozen.process.send_signal(signal.SIGCONT)
        assert await frozen.terminate() == 0
