"""Backups on the real stack: whatever is restored, nothing is sent twice. The journal is the judge."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from activities.installation import why_restored
from local.addresses import published
from local.archive import open_archive, write_archive
from local.backup import make_backup, restore_backup
from local.datadir import throwaway_directory
from local.doctor import check_restore
from local.errors import StackError
from local.findings import Verdict
from storage.installation import Installation
from tests.conftest import eventually
from tests.test_pausing import House, Json, Mailing, mailing, open_house

REPLIES_AT_ONCE: Json = {"script": [{"after_s": 0.3, "kind": "text"}]}
SILENT: Json = {"script": []}
LONG_S = 300.0


@asynccontextmanager
async def living_in(folder: Path, **changes: Any) -> AsyncIterator[House]:
    """The whole of a Relance that keeps its data there, until the block ends; `changes` are settings."""
    given = {"window_s": LONG_S, "max_age_s": 2 * LONG_S, "upkeep_patience_s": 0.5, **changes}
    async with open_house(data_dir=folder, **given) as house:
        with published(house.servers.addresses, house.servers.data_dir):
            house.settings.data_dir = folder
            yield house


async def held(house: House) -> str | None:
    """Why nothing leaves, by the API."""
    shown = (await house.api.get("/api/upkeep")).json()["held"]
    return shown["reason"] if shown else None


async def received(house: House) -> Counter[tuple[str, str]]:
    """How often each phone got each text."""
    journal = (await house.town.sandbox.get("/control/journal")).json()["messages"]
    return Counter((entry["phone"], entry["body"].rpartition(" ")[0]) for entry in journal)


async def states(house: House, campaign_id: str) -> dict[str, int]:
    """The contacts of a campaign by state, where there are any."""
    counts = (await house.api.get(f"/api/campaigns/{campaign_id}")).json()["counts"]["contacts_by_state"]
    return {state: count for state, count in counts.items() if count}


async def until_states(house: House, campaign_id: str, **wanted: int) -> None:
    """Waits until the contacts of a campaign have these states, and no other."""

    async def reached() -> bool:
        return await states(house, campaign_id) == wanted

    try:
        await eventually(reached, within_s=120, what=f"the states {wanted}")
    except AssertionError as error:
        raise AssertionError(f"{error}; they are {await states(house, campaign_id)}") from None


async def confirm(house: House) -> None:
    """A person has looked."""
    (await house.api.post("/api/restore/confirm")).raise_for_status()

    async def released() -> bool:
        return await held(house) is None

    await eventually(released, within_s=120, what="the release")


async def taken_up(house: House, sent: Mailing) -> bool:
    """Whether everybody in this campaign is known to have Message 1, by whatever way."""
    found = await states(house, sent.id)
    return sum(found.values()) == len(sent.phones) and set(found) <= {"message_1_sent", "message_2_sent"}


@pytest.fixture
def folder() -> Iterator[Path]:
    """A data directory."""
    with throwaway_directory() as made:
        yield made


async def live_beyond_the_backup(folder: Path, backup: Path) -> tuple[Mailing, Mailing]:
    """A campaign that the backup holds half-way, and one that it holds as a draft; then both are done."""
    async with living_in(folder) as house:
        sender = await house.town.sender(rate_per_s=4)
        half_way = await mailing(house, [REPLIES_AT_ONCE] * 6 + [SILENT] * 2, sender=sender)
        category_id, phones = await house.town.people([REPLIES_AT_ONCE] * 2)
        draft = await house.town.campaign(category_id, [sender.id], message_1="Hi {{name}}")
        later = Mailing(house, sender, draft.id, phones)
        await half_way.until_accepted(3)
        await make_backup(house.settings, backup)
        await house.post(f"{later.path}/start")
        await until_states(house, half_way.id, message_2_sent=6, message_1_sent=2)
        await until_states(house, later.id, message_2_sent=2)
        return half_way, later


@pytest.mark.parametrize("what", ["database", "temporal", "both", "database_by_hand"])
async def test_whatever_is_restored_nothing_is_sent_twice(folder: Path, tmp_path: Path, what: str) -> None:
    """E9, E17: yesterday's database with today's Temporal, the reverse, and both of yesterday."""
    backup = tmp_path / "backup.tar"
    half_way, later = await live_beyond_the_backup(folder, backup)
    settings = half_way.house.settings.model_copy(update={"database_url": None, "data_dir": folder})
    await restore_backup(
        settings, backup, with_database=what != "temporal", with_temporal=what in {"temporal", "both"}
    )
    async with living_in(folder) as house:
        if what == "database_by_hand":
            await house.stop_workers()
            await house.town.pool.execute(
                "UPDATE installation SET held_since = NULL, hold_reason = NULL, unknown_since = NULL"
            )
            house.start_workers()

        async def is_held() -> str | None:
            return await held(house)

        assert await eventually(is_held, what="the hold")
        assert (await check_restore(house.settings.database_url or "")).verdict is Verdict.FAILED
        if what != "temporal":
            await house.post(f"{later.path}/start")  # which it does not know to have done already
        before = await received(house)
        await asyncio.sleep(2)
        assert await received(house) == before
        await confirm(house)
        await until_states(house, half_way.id, message_2_sent=6, message_1_sent=2)
        # A reply that was read before the restored database knew its campaign belongs to none: that one waits.
        await eventually(lambda: taken_up(house, later), within_s=120, what="the campaign it had as a draft")
        await asyncio.sleep(1)
        assert await received(house) == before
        assert set(before.values()) == {1}
        assert (await check_restore(house.settings.database_url or "")).verdict is Verdict.OK


def installation_of(beat_at: datetime | None) -> Installation:
    """What a database knows that lived last at that moment."""
    now = datetime.now(UTC)
    return Installation(
        id="a",
        beat_at=beat_at,
        held_since=None,
        hold_reason=None,
        unknown_since=None,
        confirmed_at=None,
        now=now,
    )


@pytest.mark.parametrize(
    ("database_s", "temporal_s", "other", "is_held"),
    [
        (0, 0, False, False),
        (-60, 0, False, False),
        (0, -60, False, False),
        (-86400, 0, False, True),
        (0, -86400, False, True),
        (-86400, -86400, False, False),  # the gateway is the witness then
        (0, None, False, True),
        (0, 0, True, True),
        (None, 0, True, False),
    ],
)
def test_a_part_that_is_older_than_the_other_is_noticed(
    database_s: int | None, temporal_s: int | None, other: bool, is_held: bool
) -> None:
    """E17: whichever of the two comes from a backup, by hand or by a snapshot of its machine."""
    now = datetime.now(UTC)
    known = installation_of(None if database_s is None else now + timedelta(seconds=database_s))
    at = None if temporal_s is None else now + timedelta(seconds=temporal_s)
    mark = ("b" if other else "a", at) if at else None
    assert (why_restored(known, mark, has_sent=True) is not None) == is_held


async def test_a_backup_that_is_damaged_is_refused(tmp_path: Path) -> None:
    """Before anything is touched."""
    (tmp_path / "part").mkdir()
    (tmp_path / "part" / "database.dump").write_text("rows")
    archive = tmp_path / "backup.tar"
    write_archive(archive, tmp_path / "part", created_at="2026-11-20T03:00:00+00:00", rows={})
    assert archive.stat().st_mode & 0o777 == 0o600
    archive.write_bytes(archive.read_bytes().replace(b"rows", b"rots"))
    with pytest.raises(StackError, match="damaged"):
        open_archive(archive, tmp_path)
