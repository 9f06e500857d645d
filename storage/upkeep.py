"""What an upkeep run reads to find what was left behind, and the reports of the runs."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from domain.messages import MessageStatus, MessageType
from domain.upkeep import Looked
from storage.database import Pool


@dataclass(frozen=True, kw_only=True, slots=True)
class UpkeepRun:
    """One run and its report."""

    id: str
    reason: str
    started_at: datetime
    finished_at: datetime | None
    looked: list[dict[str, Any]]


@dataclass(frozen=True, kw_only=True, slots=True)
class StuckMessage:
    """A message with an attempt that has no known outcome for too long."""

    campaign_id: str
    contact_id: str
    message_id: str
    message_type: MessageType


@dataclass(frozen=True, kw_only=True, slots=True)
class SenderHistory:
    """How far the gateway's history of a sender was read."""

    sender_id: str
    device_id: str
    since: datetime  # what came before is known, or too old to matter
    until: datetime  # what comes later may still be on its way by webhook


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenMessage:
    """A message of which more news may be at the gateway."""

    id: str
    provider_id: str
    status: MessageStatus


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenContact:
    """A contact that a workflow has to look after."""

    campaign_id: str
    contact_id: str
    sender_id: str
    batch: int


@dataclass(frozen=True, kw_only=True, slots=True)
class UntoldReply:
    """A reaction in time of a contact that has no Message 2 yet."""

    campaign_id: str
    contact_id: str
    interaction_id: str
    occurred_at: datetime
    received_at: datetime
    message_1_sent_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class StartedBatch:
    """A batch of a campaign that was started at some time."""

    number: int
    is_open: bool  # one of its contacts has no final state


BEGIN = """
    INSERT INTO upkeep_runs (id, reason) VALUES ($1, $2) ON CONFLICT DO NOTHING
"""
FINISH = """
    UPDATE upkeep_runs SET finished_at = clock_timestamp(), looked = $2 WHERE id = $1 AND finished_at IS NULL
"""
FORGET = "DELETE FROM upkeep_runs WHERE started_at < statement_timestamp() - interval '90 days'"
LATEST = """
    SELECT id::text, reason, started_at, finished_at, looked FROM upkeep_runs ORDER BY started_at DESC LIMIT $1
"""
STUCK = """
    SELECT m.campaign_id::text, m.contact_id::text, m.id::text AS message_id, m.message_type
    FROM sends s JOIN messages m ON m.id = s.message_id
    WHERE (s.outcome IS NULL OR s.outcome = 'unknown' AND s.code IS DISTINCT FROM 'unconfirmed')
        AND s.started_at < statement_timestamp() - make_interval(secs => $1)
        AND s.attempt = (SELECT max(attempt) FROM sends WHERE message_id = m.id)
    ORDER BY s.started_at LIMIT $2
"""
HISTORIES = """
    SELECT id::text AS sender_id, device_id,
        greatest(coalesce(history_read_until - make_interval(secs => $2), created_at),
            statement_timestamp() - make_interval(secs => $3)) AS since,
        statement_timestamp() - make_interval(secs => $1) AS until
    FROM senders WHERE removed_at IS NULL AND provider <> 'meta' ORDER BY created_at
"""
READ_UNTIL = """
    UPDATE senders SET history_read_until = $2
    WHERE id = $1 AND (history_read_until IS NULL OR history_read_until < $2)
"""
# Those of which nothing is known but their acceptance come first.
OPEN_MESSAGES = """
    SELECT id::text, provider_id, status FROM messages
    WHERE sender_id = $1 AND status IN ('accepted', 'sent', 'delivered') AND provider_id IS NOT NULL
        AND accepted_at BETWEEN statement_timestamp() - interval '3 days'
            AND statement_timestamp() - make_interval(secs => $2)
    ORDER BY status = 'delivered', accepted_at DESC LIMIT $3
"""
UNDER_WAY = """
    SELECT id::text FROM campaigns
    WHERE status IN ('running', 'paused') AND started_at < statement_timestamp() - make_interval(secs => $1)
    ORDER BY id
"""
# Only batches that were started: the others are the campaign's to start.
OPEN_CONTACTS = """
    SELECT cc.campaign_id::text, cc.contact_id::text, cc.sender_id::text, cc.batch
    FROM campaign_contacts cc JOIN campaign_batches b USING (campaign_id, batch)
    WHERE cc.campaign_id = $1 AND cc.state IN ('pending', 'message_1_sent')
        AND b.started_at < statement_timestamp() - make_interval(secs => $2)
    ORDER BY cc.batch, cc.contact_id
"""
STILL_OPEN = """
    SELECT EXISTS (SELECT FROM campaign_contacts cc JOIN campaigns ca ON ca.id = cc.campaign_id
        WHERE cc.campaign_id = $1 AND cc.contact_id = $2 AND cc.state IN ('pending', 'message_1_sent')
            AND ca.status IN ('running', 'paused'))
"""
BATCH_STATES = """
    SELECT state, count(*)::int AS contacts FROM campaign_contacts
    WHERE campaign_id = $1 AND batch = $2 GROUP BY state
"""
BATCHES = """
    SELECT b.batch AS number, EXISTS (
        SELECT FROM campaign_contacts cc WHERE cc.campaign_id = b.campaign_id AND cc.batch = b.batch
            AND cc.state IN ('pending', 'message_1_sent')) AS is_open
    FROM campaign_batches b WHERE b.campaign_id = $1 ORDER BY b.batch
"""
UNTOLD = """
    SELECT DISTINCT ON (i.campaign_id, i.contact_id) i.campaign_id::text, i.contact_id::text,
        i.id::text AS interaction_id, i.occurred_at, i.received_at, m1.sent_at AS message_1_sent_at
    FROM campaign_contacts cc
    JOIN campaigns ca ON ca.id = cc.campaign_id AND ca.status IN ('running', 'paused')
    JOIN interactions i ON i.campaign_id = cc.campaign_id AND i.contact_id = cc.contact_id AND i.within_24h
    JOIN messages m1 ON m1.campaign_id = cc.campaign_id AND m1.contact_id = cc.contact_id
        AND m1.message_type = 'message_1'
    WHERE cc.state = 'message_1_sent' AND i.received_at < statement_timestamp() - make_interval(secs => $1)
        AND NOT EXISTS (SELECT FROM messages m2 WHERE m2.campaign_id = cc.campaign_id
            AND m2.contact_id = cc.contact_id AND m2.message_type = 'message_2')
    ORDER BY i.campaign_id, i.contact_id, i.occurred_at LIMIT $2
"""
OVERDUE = """
    SELECT cc.campaign_id::text, cc.contact_id::text, cc.sender_id::text, cc.batch
    FROM campaign_contacts cc
    JOIN campaigns ca ON ca.id = cc.campaign_id AND ca.status IN ('running', 'paused')
    JOIN messages m ON m.campaign_id = cc.campaign_id AND m.contact_id = cc.contact_id
        AND m.message_type = 'message_1'
    WHERE cc.state = 'message_1_sent'
        AND m.sent_at + make_interval(secs => ca.window_s + ca.grace_s + $1) < statement_timestamp()
        AND NOT EXISTS (SELECT FROM messages m2 WHERE m2.campaign_id = cc.campaign_id
            AND m2.contact_id = cc.contact_id AND m2.message_type = 'message_2')
    ORDER BY m.sent_at LIMIT $2
"""


async def begin_run(pool: Pool, run_id: str, reason: str) -> None:
    """Stores that a run has begun, once."""
    await pool.execute(BEGIN, run_id, reason)


async def finish_run(pool: Pool, run_id: str, looked: list[Looked]) -> None:
    """Stores the report of a run."""
    await pool.execute(FINISH, run_id, [asdict(part) for part in looked])
    await pool.execute(FORGET)


async def latest_runs(pool: Pool, limit: int = 1) -> list[UpkeepRun]:
    """The latest runs, the newest first."""
    return [UpkeepRun(**row) for row in await pool.fetch(LATEST, limit)]


async def stuck_messages(pool: Pool, *, older_than_s: float, limit: int) -> list[StuckMessage]:
    """Messages whose latest attempt has no known outcome for that long, the oldest first."""
    rows = await pool.fetch(STUCK, older_than_s, limit)
    return [StuckMessage(**{**row, "message_type": MessageType(row["message_type"])}) for row in rows]


async def histories(
    pool: Pool, *, settled_after_s: float, overlap_s: float, longest_s: float
) -> list[SenderHistory]:
    """Which part of the gateway's history has to be read, for each sender whose gateway keeps one."""
    rows = await pool.fetch(HISTORIES, settled_after_s, overlap_s, longest_s)
    return [SenderHistory(**row) for row in rows if row["since"] < row["until"]]


async def mark_read(pool: Pool, sender_id: str, until: datetime) -> None:
    """The gateway's history of a sender was read until then; never goes back."""
    await pool.execute(READ_UNTIL, sender_id, until)


async def open_messages(pool: Pool, sender_id: str, *, older_than_s: float, limit: int) -> list[OpenMessage]:
    """Messages of the last three days that may have got further than we know."""
    rows = await pool.fetch(OPEN_MESSAGES, sender_id, older_than_s, limit)
    return [OpenMessage(**{**row, "status": MessageStatus(row["status"])}) for row in rows]


async def campaigns_under_way(pool: Pool, *, older_than_s: float) -> list[str]:
    """The campaigns that must have a workflow."""
    return [row["id"] for row in await pool.fetch(UNDER_WAY, older_than_s)]


async def open_contacts(pool: Pool, campaign_id: str, *, older_than_s: float) -> list[OpenContact]:
    """The contacts of a campaign that a workflow has to look after, by batch."""
    return [OpenContact(**row) for row in await pool.fetch(OPEN_CONTACTS, campaign_id, older_than_s)]


async def is_still_open(pool: Pool, campaign_id: str, contact_id: str) -> bool:
    """Whether this contact has no final state, in a campaign that goes on."""
    return bool(await pool.fetchval(STILL_OPEN, campaign_id, contact_id))


async def batch_states(pool: Pool, campaign_id: str, batch: int) -> dict[str, int]:
    """The contacts of a batch by state."""
    return {row["state"]: row["contacts"] for row in await pool.fetch(BATCH_STATES, campaign_id, batch)}


async def started_batches(pool: Pool, campaign_id: str) -> list[StartedBatch]:
    """The batches that were started."""
    return [StartedBatch(**row) for row in await pool.fetch(BATCHES, campaign_id)]


async def untold_replies(pool: Pool, *, older_than_s: float, limit: int) -> list[UntoldReply]:
    """Contacts that reacted in time, that long ago, and for whom Message 2 was not even begun."""
    return [UntoldReply(**row) for row in await pool.fetch(UNTOLD, older_than_s, limit)]


async def overdue_windows(pool: Pool, *, older_than_s: float, limit: int) -> list[OpenContact]:
    """Contacts whose window and grace have ended that long ago without a final state (E13)."""
    return [OpenContact(**row) for row in await pool.fetch(OVERDUE, older_than_s, limit)]
