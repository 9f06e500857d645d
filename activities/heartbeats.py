"""Says every few seconds that this worker process is alive: in PostgreSQL, and in a file for its container."""

import asyncio
import os
import socket
from collections.abc import Collection, Coroutine
from pathlib import Path
from typing import Any

import structlog

from domain.worker_roles import WorkerRole
from storage import monitoring, statistics
from storage.database import Pool

log = structlog.get_logger(__name__)

EVERY_S = 5.0
FOLD_EVERY = 12  # heartbeats


class Heartbeat:
    """One row in PostgreSQL for as long as the process lives."""

    def __init__(self, pool: Pool, roles: Collection[WorkerRole], build_id: str | None) -> None:
        self._pool = pool
        self._roles = roles
        self._build_id = build_id
        self._worker_id: str | None = None

    async def run(self) -> None:
        """Until cancelled; then the worker signs off, so that nobody thinks it died."""
        beats = 0
        try:
            while True:
                await _to_its_end(self._beat(fold=beats % FOLD_EVERY == 0))
                beats += 1
                await asyncio.sleep(EVERY_S)
        finally:
            if self._worker_id is not None:
                await monitoring.sign_off(self._pool, self._worker_id)

    async def _beat(self, *, fold: bool) -> None:
        try:
            self._worker_id = await monitoring.beat(
                self._pool,
                self._worker_id,
                host=socket.gethostname(),
                process_id=os.getpid(),
                roles=self._roles,
                build_id=self._build_id,
            )
            if fold:
                await statistics.fold_contact_count(self._pool)
        except Exception:
            log.exception("no heartbeat stored, trying again")


async def _to_its_end(beat: Coroutine[Any, Any, None]) -> None:
    """Also when this is cancelled meanwhile: a row whose id nobody got to know could not be signed off."""
    beating = asyncio.ensure_future(beat)
    try:
        await asyncio.shield(beating)
    finally:
        await beating


class HealthFile:
    """A file that is touched for as long as the process does its work, for the health check of a container.

    It goes when the process ends in order; that of a frozen one grows old.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    async def run(self) -> None:
        """Until cancelled. Raises OSError at once where the file cannot be made."""
        try:
            while True:
                self._path.touch()  # an instant, on a disk in memory
                await asyncio.sleep(EVERY_S)
        finally:
            self._path.unlink(missing_ok=True)
