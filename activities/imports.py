"""Imports files of contacts, portion by portion; a repeated or competing activity stores nothing twice."""

import asyncio
from collections.abc import Iterator

import asyncpg
import structlog
from temporalio import activity

from domain.contact_file import ContactFileError, ContactReader, Portion
from storage import imports
from storage.database import Pool
from storage.imports import ImportJob

log = structlog.get_logger(__name__)

PORTION_ROWS = 5000
BEAT_S = 10.0
# What PostgreSQL says of a value that it cannot store: it would be the same error for ever.
FINAL = (asyncpg.DataError, asyncpg.ProgramLimitExceededError, asyncpg.IntegrityConstraintViolationError)


class ImportActivities:
    """Everything an import does."""

    def __init__(self, pool: Pool, portion_rows: int = PORTION_ROWS) -> None:
        self._pool = pool
        self._portion_rows = portion_rows

    @activity.defn
    async def import_contacts(self, import_id: str) -> None:
        """Goes on with an import where its last stored row ends, until the file ends or somebody cancels it."""
        job = await imports.start_import(self._pool, import_id)
        if job is None:
            return
        try:
            if not await self._store(job):
                return
        except ContactFileError as error:
            await imports.finish_import(self._pool, import_id, str(error))
        except (
            asyncpg.ForeignKeyViolationError
        ):  # of a category that is deleted meanwhile: the next try is better
            raise
        except FINAL as error:
            await imports.finish_import(self._pool, import_id, f"a value cannot be stored: {error}")
        else:
            await imports.finish_import(self._pool, import_id)
        log.info("import ended", import_id=import_id)

    async def _store(self, job: ImportJob) -> bool:
        """False when the rows are somebody else's to store, or nobody's any more."""
        loop = asyncio.get_running_loop()
        begins_at = job.position
        # In a thread, because parsing a portion takes longer than the others in this process may wait.
        reader = await asyncio.to_thread(self._reader, job, loop)
        reading = asyncio.create_task(asyncio.to_thread(reader.take, self._portion_rows))
        try:
            portion = await _read(reading)
            while portion.rows:
                reading = asyncio.create_task(asyncio.to_thread(reader.take, self._portion_rows))
                if not await imports.store_portion(self._pool, job.id, begins_at, portion):
                    return False
                begins_at, portion = portion.ends_at, await _read(reading)
        finally:
            await _ended(reading)
        return True

    def _reader(self, job: ImportJob, loop: asyncio.AbstractEventLoop) -> ContactReader:
        return ContactReader(self._parts(job, loop), job.layout, job.country, job.position)

    def _parts(self, job: ImportJob, loop: asyncio.AbstractEventLoop) -> Iterator[bytes]:
        """The file from the job's position on; for a thread beside the loop."""
        part, skipped = divmod(job.position.offset, imports.PART_BYTES)
        while True:
            loading = asyncio.run_coroutine_threadsafe(imports.load_part(self._pool, job.id, part), loop)
            data = loading.result()
            if data is None:
                return
            yield data[skipped:]
            part, skipped = part + 1, 0


async def _read(reading: "asyncio.Task[Portion]") -> Portion:
    """The portion; Temporal hears that the worker lives, however many empty lines it has to pass over."""
    while True:
        activity.heartbeat()
        done, _ = await asyncio.wait([reading], timeout=BEAT_S)
        if done:
            return reading.result()


async def _ended(reading: "asyncio.Task[Portion]") -> None:
    """A thread cannot be cancelled: it is awaited, so that none outlives its activity."""
    await asyncio.wait([reading])
    if not reading.cancelled():
        reading.exception()
