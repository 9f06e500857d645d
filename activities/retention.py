"""Deletes raw data when its time is over, for as long as the process lives."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

import structlog

from activities.loops import goes_on
from storage import retention
from storage.database import Pool

log = structlog.get_logger(__name__)

EVERY_S = 600.0
BREATH_S = 0.05  # between two deletions, for those who have to answer somebody


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """For how long."""

    webhooks: timedelta  # those that are worked off or rejected; all others stay until they are
    import_rejections: timedelta  # after the end of the import
    test_sends: timedelta


class Retention:
    """Any number of processes may do this at once."""

    def __init__(self, pool: Pool, kept: Kept) -> None:
        self._pool = pool
        self._kept = {
            retention.WEBHOOKS: kept.webhooks,
            retention.IMPORT_REJECTIONS: kept.import_rejections,
            retention.TEST_SENDS: kept.test_sends,
            retention.ABANDONED_UPLOADS: timedelta(hours=1),
        }

    async def run(self) -> None:
        """Until cancelled."""
        while goes_on():
            try:
                await self.delete_old()
            except Exception:
                log.exception("old data is not deleted, trying again")
            await asyncio.sleep(EVERY_S)

    async def delete_old(self) -> int:
        """One round; how many rows went. Raises what PostgreSQL raises."""
        total = 0
        for kind, kept in self._kept.items():
            deleted = 0
            while count := await retention.delete_older(self._pool, kind, kept):
                deleted += count
                await asyncio.sleep(BREATH_S)
            if deleted:
                log.info("old data deleted", kind=kind.name, rows=deleted)
            total += deleted
        return total
