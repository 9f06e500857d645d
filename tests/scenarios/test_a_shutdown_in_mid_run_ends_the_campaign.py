"""Reported: a shutdown in the middle of a campaign marked it as finished, or the next start sent it anew.

What a worker does with the messages that it has in its hands at that moment: tests/test_shutdown.py.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from local.datadir import throwaway_directory
from tests.scenarios.conftest import ended_well, goes_on_later
from tests.test_pausing import SILENT, Mailing, mailing, reacting
from tests.test_restore import living_in


@pytest.fixture
def folder() -> Iterator[Path]:
    """A data directory."""
    with throwaway_directory() as made:
        yield made


async def test_after_a_shutdown_of_everything_the_campaign_goes_on_where_it_was(folder: Path) -> None:
    """E17: workers, API, Temporal, PostgreSQL, Valkey; then all of them again, with the same data."""
    async with living_in(folder) as house:
        run = await mailing(house, [*reacting(8), *([SILENT] * 8)], window_s=25)
        await run.until_accepted(6)
        assert len(await run.accepted()) < len(run.phones)
    async with living_in(folder) as house:
        again = Mailing(house, run.sender, run.id, run.phones)
        await goes_on_later(again)
        await ended_well(again, answered=8)
