"""Campaigns: from the draft through the snapshot of the audience to the closing report."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

import asyncpg

from domain.contact_states import ContactState
from domain.report import CampaignCounters, ClosingReport
from storage import audit
from storage.database import Connection, Pool


@dataclass(frozen=True, kw_only=True, slots=True)
class Campaign:
    """A campaign as stored; durations in seconds."""

    id: str
    name: str
    message_1: str
    message_2: str
    everyone: bool
    status: str  # draft, scheduled, running, paused, completed, cancelled
    pause_scope: str | None  # message_1, or all for both messages
    window_s: float
    grace_s: float
    max_age_s: float
    batch_size: int
    batch_pause_s: float | None  # None: as the settings say when a batch ends
    created_at: datetime
    start_at: datetime | None  # when a scheduled one starts
    start_problem: str | None  # why a scheduled start did not happen
    start_problem_at: datetime | None
    started_at: datetime | None
    opened_at: datetime | None
    closed_at: datetime | None
    close_reason: str | None
    report: dict[str, Any] | None
    sender_ids: list[str]
    category_ids: list[str]

    @property
    def closes_by(self) -> datetime:
        """When the maximum age is reached (E15)."""
        return (self.started_at or self.created_at) + timedelta(seconds=self.max_age_s)


@dataclass(frozen=True, kw_only=True, slots=True)
class Lane:
    """What one sender has to do in a campaign."""

    sender_id: str
    lane: int
    batches: int


class UnknownReferenceError(Exception):
    """A campaign names a sender or a category that does not exist."""


class NothingToRunError(LookupError):
    """The campaign does not exist, or was cancelled before it started; that stays so."""


_COLUMNS = """
    c.id::text, name, message_1, message_2, everyone, status, pause_scope, window_s, grace_s, max_age_s,
    batch_size, batch_pause_s, created_at, start_at, start_problem, start_problem_at, started_at, opened_at,
    closed_at, close_reason, report,
    ARRAY(SELECT sender_id::text FROM campaign_senders s WHERE s.campaign_id = c.id ORDER BY lane)
        AS sender_ids,
    ARRAY(SELECT category_id::text FROM campaign_categories s WHERE s.campaign_id = c.id) AS category_ids
"""
GET = f"SELECT {_COLUMNS} FROM campaigns c"
GET_ONE = f"{GET} WHERE id = $1"
# Not FOR UPDATE: a transaction that changes the counters twice checks its foreign key to the campaign, while it
# holds the contact's row for which the closing waits.
LOCK_ONE = f"{GET_ONE} FOR NO KEY UPDATE OF c"
ADD = """
    INSERT INTO campaigns
        (name, message_1, message_2, everyone, window_s, grace_s, max_age_s, batch_size, batch_pause_s)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id::text
"""
# The lock keeps a sender from being removed meanwhile.
ADD_SENDERS = """
    WITH known AS (
        SELECT id FROM senders WHERE id = ANY ($2::uuid[]) AND removed_at IS NULL FOR KEY SHARE
    )
    INSERT INTO campaign_senders (campaign_id, sender_id, lane)
    SELECT $1, id, n - 1 FROM unnest($2::uuid[]) WITH ORDINALITY AS given(id, n) JOIN known USING (id)
    RETURNING sender_id::text
"""
ADD_CATEGORIES = """
    INSERT INTO campaign_categories (campaign_id, category_id) SELECT $1, unnest($2::uuid[])
    ON CONFLICT DO NOTHING
"""
ADD_COUNTERS = "INSERT INTO campaign_counters (campaign_id) VALUES ($1)"
_STATE = "jsonb_build_object('status', {0}.status, 'pause_scope', {0}.pause_scope, 'start_at', {0}.start_at)"
# What the audit log says of a change.
CHANGED = (
    " AS before, ".join(f"jsonb_strip_nulls({_STATE.format(row)})" for row in ("old", "new")) + " AS after"
)
START = f"""
    UPDATE campaigns SET status = 'running', started_at = clock_timestamp(),
        start_problem = NULL, start_problem_at = NULL
    WHERE id = $1 AND status IN ('draft', 'scheduled') RETURNING {CHANGED}
"""
IS_STARTED_BY = """
    SELECT status NOT IN ('draft', 'scheduled', 'cancelled') AND NOT EXISTS (
        SELECT FROM audit_log
        WHERE subject_type = 'campaign' AND subject_id = $1::text AND action = 'campaign.started')
    FROM campaigns WHERE id = $1::text::uuid FOR NO KEY UPDATE
"""
CANCEL_DRAFT = f"""
    UPDATE campaigns SET status = 'cancelled', closed_at = clock_timestamp(), close_reason = 'cancelled'
    WHERE id = $1 AND status IN ('draft', 'scheduled') RETURNING {CHANGED}
"""
PAUSE = f"""
    UPDATE campaigns SET status = 'paused', pause_scope = $2 WHERE id = $1 AND status IN ('running', 'paused')
    RETURNING {CHANGED}
"""
RESUME = f"""
    UPDATE campaigns SET status = 'running', pause_scope = NULL WHERE id = $1 AND status = 'paused'
    RETURNING {CHANGED}
"""
_COUNTER_NAMES = tuple(field.name for field in fields(CampaignCounters))
GET_WITH_COUNTERS = f"""
    SELECT {_COLUMNS}, {", ".join(f"n.{name} AS n_{name}" for name in _COUNTER_NAMES)}
    FROM campaigns c JOIN campaign_counters n ON n.campaign_id = c.id WHERE c.id = $1
"""
COUNTERS = "SELECT * FROM campaign_counters WHERE campaign_id = $1"

# The audience: the chosen categories (or everyone), each contact once, minus opt-outs and numbers that are
# known not to be on WhatsApp.
AUDIENCE = """
    SELECT co.id FROM contacts co JOIN campaigns ca ON ca.id = $1
    WHERE co.phone IS NOT NULL AND co.opted_out_at IS NULL AND co.whatsapp <> 'no'
        AND (ca.everyone OR EXISTS (
            SELECT FROM contact_categories cc JOIN campaign_categories cac USING (category_id)
            WHERE cc.contact_id = co.id AND cac.campaign_id = ca.id))
"""
AUDIENCE_SIZE = f"SELECT count(*) FROM ({AUDIENCE}) audience"
# Each lane gets its share, rounded so that all shares so far together are right, and so never off by a whole
# contact. They are dealt out evenly: the k-th contact of a lane has its place at (k + 0.5) / size among all.
# Batch numbers interleave the lanes: lane, lane + lanes, lane + 2 * lanes ...
SNAPSHOT = f"""
    WITH audience AS MATERIALIZED (
        SELECT id, row_number() OVER (ORDER BY id) - 1 AS n FROM ({AUDIENCE}) chosen
    ),
    shares AS (
        SELECT cs.lane, cs.sender_id, coalesce(given.share, 0) AS share
        FROM campaign_senders cs
        LEFT JOIN unnest($3::uuid[], $4::double precision[]) AS given(sender_id, share) USING (sender_id)
        WHERE cs.campaign_id = $1
    ),
    ends AS (
        SELECT lane, sender_id, count(*) OVER () AS lanes, ceil(
            (SELECT count(*) FROM audience) * sum(share) OVER (ORDER BY lane) / sum(share) OVER () - 1e-6
        )::int AS ends
        FROM shares
    ),
    lanes AS (
        SELECT lane, sender_id, lanes, ends - lag(ends, 1, 0) OVER (ORDER BY lane) AS size FROM ends
    ),
    seats AS (
        SELECT lane, sender_id, lanes, k, row_number() OVER (ORDER BY (k + 0.5) / size, lane) - 1 AS n
        FROM lanes, generate_series(0, size - 1) AS k
    ),
    enrolled AS (
        INSERT INTO campaign_contacts (campaign_id, contact_id, sender_id, batch)
        SELECT $1, a.id, s.sender_id, s.k / $2 * s.lanes + s.lane FROM audience a JOIN seats s USING (n)
        RETURNING campaign_id, contact_id, sender_id
    )
    INSERT INTO messages (campaign_id, contact_id, sender_id, message_type)
    SELECT campaign_id, contact_id, sender_id, 'message_1' FROM enrolled
"""
SENDER_IDS = "SELECT array_agg(sender_id::text ORDER BY lane) FROM campaign_senders WHERE campaign_id = $1"
COUNT_LANES = """
    UPDATE campaign_senders s SET contacts = counted.contacts, batches = counted.batches
    FROM (
        SELECT sender_id, count(*) AS contacts, count(DISTINCT batch) AS batches
        FROM campaign_contacts WHERE campaign_id = $1 GROUP BY sender_id
    ) counted
    WHERE s.campaign_id = $1 AND s.sender_id = counted.sender_id
"""
LANES = """
    SELECT sender_id::text, lane, batches FROM campaign_senders WHERE campaign_id = $1 ORDER BY lane
"""
STOP_CONTACTS = """
    WITH locked AS (
        SELECT campaign_id, contact_id FROM campaign_contacts
        WHERE campaign_id = $1 AND state IN ('pending', 'message_1_sent')
        ORDER BY contact_id FOR UPDATE
    )
    UPDATE campaign_contacts cc SET state = $2, reason = $3, state_changed_at = clock_timestamp()
    FROM locked WHERE cc.campaign_id = locked.campaign_id AND cc.contact_id = locked.contact_id
"""
FAIL_CONTACT = """
    UPDATE campaign_contacts SET state = 'failed', reason = $3, state_changed_at = clock_timestamp()
    WHERE campaign_id = $1 AND contact_id = $2 AND state IN ('pending', 'message_1_sent')
"""
# A message with an attempt of unknown outcome is not touched: its workflow looks it up first.
CANCEL_MESSAGES = """
    UPDATE messages m SET status = 'cancelled'
    WHERE campaign_id = $1 AND status = 'pending' AND NOT EXISTS (
        SELECT FROM sends s WHERE s.message_id = m.id AND (s.outcome IS NULL OR s.outcome = 'unknown'))
"""
CLOSE = """
    UPDATE campaigns SET status = $2, pause_scope = NULL, closed_at = $3, close_reason = $4, report = $5
    WHERE id = $1
"""


async def add_campaign(
    pool: Pool,
    *,
    name: str,
    message_1: str,
    message_2: str,
    everyone: bool,
    sender_ids: list[str],
    category_ids: list[str],
    window_s: float,
    grace_s: float,
    max_age_s: float,
    batch_size: int,
    batch_pause_s: float | None,
) -> Campaign:
    """Stores a draft. Raises UnknownReferenceError for a sender or a category that does not exist."""
    try:
        async with pool.acquire() as connection, connection.transaction():
            campaign_id: str = await connection.fetchval(
                ADD,
                name,
                message_1,
                message_2,
                everyone,
                window_s,
                grace_s,
                max_age_s,
                batch_size,
                batch_pause_s,
            )
            await connection.execute(ADD_COUNTERS, campaign_id)
            await add_senders(connection, campaign_id, sender_ids)
            await connection.execute(ADD_CATEGORIES, campaign_id, category_ids)
            row = await connection.fetchrow(GET_ONE, campaign_id)
    except asyncpg.ForeignKeyViolationError as error:
        raise UnknownReferenceError(error.detail or str(error)) from error
    assert row is not None  # noqa: S101 - inserted above, in the same transaction
    return Campaign(**row)


async def add_senders(connection: Connection, campaign_id: str, sender_ids: list[str]) -> None:
    """Gives a campaign its senders, in the order of their lanes. Raises UnknownReferenceError."""
    known = {row["sender_id"] for row in await connection.fetch(ADD_SENDERS, campaign_id, sender_ids)}
    if missing := [sender_id for sender_id in sender_ids if sender_id not in known]:
        raise UnknownReferenceError(f"there is nothing in senders with the id {', '.join(missing)}")


async def get_campaign(pool: Pool, campaign_id: str) -> Campaign | None:
    """The campaign, or None."""
    row = await pool.fetchrow(GET_ONE, campaign_id)
    return Campaign(**row) if row else None


async def get_with_counters(pool: Pool, campaign_id: str) -> tuple[Campaign, CampaignCounters] | None:
    """The campaign and its live counters, in one statement; or None."""
    row = await pool.fetchrow(GET_WITH_COUNTERS, campaign_id)
    if row is None:
        return None
    counters = CampaignCounters(**{name: row[f"n_{name}"] for name in _COUNTER_NAMES})
    found = {name: value for name, value in row.items() if not name.startswith("n_")}
    return Campaign(**found), counters


async def get_counters(pool: Pool, campaign_id: str) -> CampaignCounters:
    """The live counters of a campaign: one row read."""
    row = await pool.fetchrow(COUNTERS, campaign_id)
    if row is None:
        raise LookupError(f"there is no campaign {campaign_id}")
    return _counters(row)


def _counters(row: "asyncpg.Record") -> CampaignCounters:
    return CampaignCounters(**{key: value for key, value in row.items() if key != "campaign_id"})


async def audience_size(pool: Pool, campaign_id: str) -> int:
    """How many contacts the campaign would reach if it started now."""
    return int(await pool.fetchval(AUDIENCE_SIZE, campaign_id))


async def mark_started(pool: Pool, campaign_id: str, *, actor: str = audit.RELANCE) -> bool:
    """Takes a draft to running; False if it was no draft any more."""
    action = "campaign.started"
    async with pool.acquire() as connection, connection.transaction():
        if await audit.change(connection, START, campaign_id, actor=actor, action=action):
            return True
        # A worker may have opened it first: only here is it known who wanted that.
        if await connection.fetchval(IS_STARTED_BY, campaign_id):
            await audit.record(
                connection, actor=actor, action=action, subject_type="campaign", subject_id=campaign_id
            )
        return False


async def cancel_draft(pool: Pool, campaign_id: str, *, actor: str = audit.RELANCE) -> bool:
    """Cancels a campaign that never started; False if it did."""
    return await audit.change_alone(pool, CANCEL_DRAFT, campaign_id, actor=actor, action="campaign.cancelled")


async def pause_campaign(pool: Pool, campaign_id: str, scope: str, *, actor: str = audit.RELANCE) -> bool:
    """From now on nothing of that scope leaves; False if the campaign does not run."""
    return await audit.change_alone(pool, PAUSE, campaign_id, scope, actor=actor, action="campaign.paused")


async def resume_campaign(pool: Pool, campaign_id: str, *, actor: str = audit.RELANCE) -> bool:
    """Lets a paused campaign go on; False if it was not paused."""
    return await audit.change_alone(pool, RESUME, campaign_id, actor=actor, action="campaign.resumed")


async def open_campaign(pool: Pool, campaign_id: str, shares: Mapping[str, float] | None = None) -> list[Lane]:
    """Snapshots the audience into lanes and batches, once; a repetition finds the first snapshot.

    `shares` says which part of the audience each sender takes, by its id, in sum 1; None for equal parts.
    Raises NothingToRunError.
    """
    async with pool.acquire() as connection, connection.transaction():
        await audit.change(connection, START, campaign_id, actor=audit.RELANCE, action="campaign.opened")
        campaign = await connection.fetchrow(
            "SELECT opened_at, batch_size FROM campaigns WHERE id = $1 AND status IN ('running', 'paused') "
            "FOR NO KEY UPDATE",
            campaign_id,
        )
        if campaign is None:
            raise NothingToRunError(f"there is no campaign {campaign_id} to run")
        if campaign["opened_at"] is None:
            if shares is None:
                sender_ids = await connection.fetchval(SENDER_IDS, campaign_id)
                shares = dict.fromkeys(sender_ids, 1 / len(sender_ids))
            await connection.execute(
                SNAPSHOT,
                campaign_id,
                campaign["batch_size"],
                list(shares),
                list(shares.values()),
                timeout=300,
            )
            await connection.execute(COUNT_LANES, campaign_id, timeout=300)
            await connection.execute(
                "UPDATE campaigns SET opened_at = clock_timestamp() WHERE id = $1", campaign_id
            )
        return [Lane(**row) for row in await connection.fetch(LANES, campaign_id)]


async def stop_contacts(pool: Pool, campaign_id: str, state: ContactState, reason: str) -> int:
    """Gives every open contact that final state, and cancels what was never handed over; returns how many."""
    async with pool.acquire() as connection, connection.transaction():
        return await _stop_contacts(connection, campaign_id, state, reason)


async def _stop_contacts(connection: Connection, campaign_id: str, state: ContactState, reason: str) -> int:
    result = await connection.execute(STOP_CONTACTS, campaign_id, state, reason, timeout=300)
    await connection.execute(CANCEL_MESSAGES, campaign_id, timeout=300)
    return int(result.split()[-1])


async def fail_contact(pool: Pool, campaign_id: str, contact_id: str, reason: str) -> None:
    """Gives up on one contact, unless it has a final state already."""
    await pool.execute(FAIL_CONTACT, campaign_id, contact_id, reason)


async def close_campaign(
    pool: Pool, campaign_id: str, *, close_reason: str, left_over: ContactState
) -> ClosingReport:
    """Stores the final statistics and the report, once; a repetition returns the stored one.

    Contacts that are still open get the state `left_over`.
    """
    async with pool.acquire() as connection, connection.transaction():
        row = await connection.fetchrow(LOCK_ONE, campaign_id)
        if row is None:
            raise LookupError(f"there is no campaign {campaign_id}")
        campaign = Campaign(**row)
        if campaign.report is not None:
            return ClosingReport.from_json(campaign.report)
        await _stop_contacts(connection, campaign_id, left_over, close_reason)
        counters = await connection.fetchrow(COUNTERS, campaign_id)
        closed_at = await connection.fetchval("SELECT clock_timestamp()")
        assert counters is not None  # noqa: S101 - stored with the campaign
        report = ClosingReport(
            campaign_id=campaign_id,
            name=campaign.name,
            started_at=campaign.started_at or campaign.created_at,
            closed_at=closed_at,
            close_reason=close_reason,
            counters=_counters(counters),
        )
        status = "cancelled" if close_reason == "cancelled" else "completed"
        await connection.execute(CLOSE, campaign_id, status, closed_at, close_reason, report.to_json())
        return report
