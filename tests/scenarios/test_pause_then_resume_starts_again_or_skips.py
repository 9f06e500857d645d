"""Reported: after a resume everybody was written to again, or what was fetched but not sent was left out."""

import asyncio

from tests.scenarios.conftest import ended_well
from tests.test_pausing import SILENT, House, mailing


async def test_paused_and_resumed_again_and_again_nobody_is_skipped_or_repeated(house: House) -> None:
    """Issue: resume continues with the next contact; over two batches, and however short the pauses are.

    A pause of no time at all meets messages that a worker has fetched and not sent yet.
    """
    run = await mailing(house, [SILENT] * 40, window_s=1)
    for sent, pause_s in ((3, 0.0), (6, 0.05), (9, 0.3), (12, 1.0), (24, 2.5), (30, 0.6)):
        await run.until_accepted(sent)
        await house.post(f"{run.path}/pause")
        await asyncio.sleep(pause_s)
        await house.post(f"{run.path}/resume")
    await ended_well(run)
