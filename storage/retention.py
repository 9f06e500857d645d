"""Raw data that has done its work, deleted when its time is over, a little at a time."""

from dataclasses import dataclass
from datetime import timedelta

from storage.database import Pool

AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Kind:
    """What is deleted: a statement of an age and a number of rows."""

    name: str
    statement: str


# What is not worked off yet is never deleted, however old.
WEBHOOKS = Kind(
    "webhooks",
    """
    DELETE FROM webhook_events WHERE id IN (
        SELECT id FROM webhook_events
        WHERE status IN ('processed', 'rejected') AND received_at < clock_timestamp() - $1::interval
        ORDER BY received_at LIMIT $2 FOR UPDATE SKIP LOCKED)
    """,
)
IMPORT_REJECTIONS = Kind(
    "import rejections",
    """
    DELETE FROM import_rejections WHERE (import_id, line) IN (
        SELECT r.import_id, r.line FROM imports i JOIN import_rejections r ON r.import_id = i.id
        WHERE i.rejected > 0 AND i.finished_at < clock_timestamp() - $1::interval
        LIMIT $2 FOR UPDATE OF r SKIP LOCKED)
    """,
)
TEST_SENDS = Kind(
    "test messages",
    """
    DELETE FROM test_sends WHERE id IN (
        SELECT id FROM test_sends
        WHERE status <> 'pending' AND created_at < clock_timestamp() - $1::interval
        ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED)
    """,
)
ABANDONED_UPLOADS = Kind(
    "abandoned uploads",
    """
    DELETE FROM imports WHERE id IN (
        SELECT id FROM imports WHERE state = 'uploading' AND created_at < clock_timestamp() - $1::interval
        LIMIT $2 FOR UPDATE SKIP LOCKED)
    """,
)


async def delete_older(pool: Pool, kind: Kind, age: timedelta) -> int:
    """Deletes some of what is older; says how many. 0: nothing is left to delete."""
    return int((await pool.execute(kind.statement, age, AT_ONCE, timeout=60)).split()[-1])
