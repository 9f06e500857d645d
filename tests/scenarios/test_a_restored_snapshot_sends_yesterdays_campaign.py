"""Reported: a server that was restored from a snapshot sent yesterday's scheduled campaign once more.

Campaigns that were under way, and starts by a person, after every kind of restore: tests/test_restore.py.
"""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from local.backup import make_backup, restore_backup
from local.datadir import throwaway_directory
from tests.conftest import eventually
from tests.test_pausing import RATE_PER_S, SILENT, House, Json, Mailing
from tests.test_restore import confirm, held, living_in, received

STARTS_AFTER_S = 3.0


@pytest.fixture
def folder() -> Iterator[Path]:
    """A data directory."""
    with throwaway_directory() as made:
        yield made


async def scheduled(house: House) -> Mailing:
    """A campaign that starts by itself in a moment."""
    sender = await house.town.sender(rate_per_s=RATE_PER_S)
    category_id, phones = await house.town.people([SILENT] * 4)
    campaign = await house.town.campaign(category_id, [sender.id], window_s=0.5)
    start_at = datetime.now(UTC) + timedelta(seconds=STARTS_AFTER_S)
    await house.post(f"/api/campaigns/{campaign.id}/schedule", start_at=start_at.isoformat())
    return Mailing(house, sender, campaign.id, phones)


async def test_a_start_that_the_snapshot_has_still_ahead_waits_for_a_person(
    folder: Path, tmp_path: Path
) -> None:
    """E9, E17: nothing leaves before somebody confirms the restore, and so late a start is nobody's wish."""
    snapshot = tmp_path / "snapshot.tar"
    async with living_in(folder) as house:
        yesterdays = await scheduled(house)
        await make_backup(house.settings, snapshot)
        shown = (await house.api.get(yesterdays.path)).json()
        assert shown["status"] == "scheduled", "the snapshot has its start ahead"
        await yesterdays.until_closed()
        await yesterdays.everybody_got("Hello")
        settings = house.settings.model_copy(update={"database_url": None, "data_dir": folder})
    await restore_backup(settings, snapshot, with_database=True, with_temporal=True)

    async with living_in(folder, latest_start_s=1) as house:
        assert await held(house)
        before = await received(house)
        await asyncio.sleep(2)
        assert await status(house, yesterdays) == "scheduled", "nothing starts by itself"
        await confirm(house)

        async def refused() -> Json | None:
            found: Json = (await house.api.get(yesterdays.path)).json()
            return found if found["status"] == "draft" else None

        found = await eventually(refused, within_s=45, what="the question to a person")
        assert "not started without a person" in found["start_problem"]
        assert await received(house) == before
        assert set(before.values()) == {1}


async def status(house: House, run: Mailing) -> str:
    """Of a campaign."""
    return str((await house.api.get(run.path)).json()["status"])
