"""Keeps the mirror in Redis up to date, for as long as the process lives (P13)."""

import asyncio
from datetime import timedelta
from time import monotonic

import structlog
from redis.asyncio import Redis

from activities.loops import goes_on
from storage import mirror
from storage.database import Pool

log = structlog.get_logger(__name__)

PAUSE_S = 1.0


class ProgressMirror:
    """Writes the progress of campaigns to Redis, which may be away at any time.

    `redis` is a client that fails fast (`storage.locks.connect`).
    """

    def __init__(self, pool: Pool, redis: "Redis") -> None:
        self._pool = pool
        self._redis = redis
        self._worked_at: float | None = None
        self._failing = False

    async def run(self) -> None:
        """Every second, until cancelled."""
        while goes_on():
            await self.refresh()
            await asyncio.sleep(PAUSE_S)

    async def refresh(self) -> bool:
        """One round; whether it worked. Trouble is logged when it starts and when it ends, never raised."""
        began = monotonic()
        try:
            await mirror.mirror_progress(self._pool, self._redis, ended_within=self._unseen(began))
        except Exception as error:
            if not self._failing:
                log.warning("mirror in Redis fails, trying again", error=repr(error))
            self._failing = True
            return False
        if self._failing:
            log.info("mirror in Redis works again")
        self._failing = False
        self._worked_at = began
        return True

    def _unseen(self, now: float) -> timedelta:
        """How far back something may have ended without our writing so.

        A campaign that closed while Redis did not answer must not stay "running" in a Redis that kept its data;
        nor must one that closed while no such process ran.
        """
        if self._worked_at is None:
            return mirror.TTL
        return min(mirror.TTL, mirror.LINGER + timedelta(seconds=now - self._worked_at))
