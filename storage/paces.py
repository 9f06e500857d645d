"""What a sender's workflow needs to know for its decision, and the decision as it is stored."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import asyncpg

from domain.pacing.assessment import Assessment, Facts, PaceState
from domain.pacing.errors import Outcomes
from domain.pacing.pace import Maturity
from domain.pacing.quota import COUNTED_S, Replies
from domain.pacing.rhythm import hurried
from domain.run_settings import RunSettings
from storage.database import Connection, Pool
from storage.keyset import Order, Slice, Where, fetch_slice
from storage.sender_rows import (
    COUNTING,
    HISTORY,
    SENT_SINCE,
    read_fixed_rates,
    read_history,
    read_rhythm,
    unix,
)

LOCK = """
    SELECT s.status, s.status_reason, s.pause_scope, s.held_until, s.resumed_at, s.maturity AS given_maturity,
        s.message_1_rate_per_s, s.message_2_rate_per_s,
        p.settings, p.state, p.delay_s, p.quota, p.error_factor, p.errors_counted_at,
        p.slot_at, p.message_1_at, p.message_2_at, p.last_message_1_at, p.rest_until, p.in_a_row
    FROM sender_paces p JOIN senders s ON s.id = p.sender_id
    WHERE p.sender_id = $1 AND s.removed_at IS NULL FOR NO KEY UPDATE OF p
"""
# An attempt that was taken back, because the gateway was busy or away, says nothing about the account.
OUTCOMES = """
    SELECT count(*) AS finished,
        count(*) FILTER (WHERE s.outcome <> 'accepted' OR m.status = 'failed') AS failed
    FROM sends s JOIN messages m ON m.id = s.message_id
    WHERE s.sender_id = $1 AND s.started_at > $2
        AND (s.outcome IN ('accepted', 'rejected', 'unknown') OR s.code = 'not_found')
"""
# The newest first: how many failed until one that did not.
IN_A_ROW = """
    SELECT s.outcome = 'rejected' OR m.status = 'failed' AS failed
    FROM sends s JOIN messages m ON m.id = s.message_id
    WHERE s.sender_id = $1 AND s.outcome IN ('accepted', 'rejected') AND s.started_at > $2
    ORDER BY s.started_at DESC LIMIT 10
"""
RECENT_FAILURES = "SELECT count(*) FROM messages WHERE sender_id = $1 AND failed_at > $2"
REPLIES = """
    SELECT open.campaign_id, open.waiting, c.message_2_sent + c.opted_out AS replied,
        c.no_interaction + c.late_interaction AS silent
    FROM (
        SELECT campaign_id, count(*) AS waiting FROM campaign_contacts
        WHERE sender_id = $1 AND state = 'message_1_sent' GROUP BY campaign_id
    ) open JOIN campaign_counters c USING (campaign_id)
"""
WORK = """
    SELECT count(*) FILTER (WHERE has_pending) AS open,
        count(*) FILTER (WHERE has_pending AND status = 'paused') AS paused,
        coalesce(max(total_contacts), 0) AS largest
    FROM (
        SELECT ca.status, c.total_contacts, EXISTS (
            SELECT FROM campaign_contacts cc
            WHERE cc.sender_id = $1 AND cc.campaign_id = ca.id AND cc.state = 'pending') AS has_pending
        FROM campaigns ca
        JOIN campaign_senders cs ON cs.campaign_id = ca.id AND cs.sender_id = $1
        JOIN campaign_counters c ON c.campaign_id = ca.id
        WHERE ca.status IN ('running', 'paused')
    ) campaigns
"""
SAVE = """
    UPDATE sender_paces SET settings = $2, maturity = $3, profile = $4, quota = $5, expected_replies = $6,
        reply_rate = $7, error_factor = $8, error_rate = coalesce($9, error_rate), delay_s = $10, state = $11,
        reason = $12, opens_at = $13, slot_at = $14, message_1_at = $15, evaluated_at = clock_timestamp(),
        errors_counted_at = CASE WHEN $9::double precision IS NULL THEN errors_counted_at
            ELSE clock_timestamp() END
    WHERE sender_id = $1
"""
ADD_CHANGE = """
    INSERT INTO pacing_changes (sender_id, state, reason, profile, maturity, delay_s, error_factor, error_rate,
        quota, message_1_queue_per_s, message_2_queue_per_s)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
"""
GET = f"""
    SELECT state, reason, opens_at, profile, maturity, delay_s, error_factor, error_rate, quota,
        ceil(expected_replies)::int AS kept_for_replies,
        CASE WHEN message_1_at > clock_timestamp() THEN message_1_at END AS next_message_1_at,
        (SELECT count(*) FROM sends WHERE sends.sender_id = p.sender_id
            AND started_at > statement_timestamp() - make_interval(secs => $2)
            AND {COUNTING})::int AS sent_in_a_day
    FROM sender_paces p WHERE sender_id = $1
"""
CHANGES_ORDER = Order((("pacing_changes.id", "uuid"),), descending=True)
CHANGES = """
    SELECT at, state, reason, profile, maturity, delay_s, error_factor, error_rate, quota,
        message_1_queue_per_s, message_2_queue_per_s, {key} AS key
    FROM pacing_changes {where} ORDER BY {order} LIMIT {limit}
"""
HELD_MESSAGES = """
    SELECT m.id::text, m.campaign_id::text, m.contact_id::text, m.held_at FROM messages m
    WHERE m.held_at IS NOT NULL AND m.sender_id = $1
"""
# One that was refused again when it had been woken stays marked.
RELEASE = """
    UPDATE messages m SET held_at = NULL
    FROM unnest($1::uuid[], $2::timestamptz[]) AS woken(id, held_at)
    WHERE m.id = woken.id AND m.held_at = woken.held_at
"""
WITHDRAWABLE = """
    SELECT id::text, provider_id FROM messages
    WHERE sender_id = $1 AND status = 'accepted' AND provider_id IS NOT NULL
        AND accepted_at > statement_timestamp() - interval '1 day'
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Before:
    """What the last decision was."""

    settings: dict[str, Any] | None
    state: str
    delay_s: float | None
    quota: int | None
    error_factor: float


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredPace:
    """What a sender does at present. Durations in seconds, rates from 0 to 1."""

    state: str
    reason: str | None
    opens_at: datetime | None
    profile: str
    maturity: str
    delay_s: float | None
    error_factor: float
    error_rate: float
    quota: int | None
    sent_in_a_day: int
    kept_for_replies: int
    next_message_1_at: datetime | None

    def warnings(self, error_threshold: float) -> list[str]:
        """What a person should look at."""
        found = []
        if self.state == PaceState.STOPPED:
            found.append(f"stopped: {self.reason}")
        if self.error_rate > error_threshold:
            found.append(f"{self.error_rate:.0%} of the last messages failed")
        if self.quota and self.sent_in_a_day >= NEARLY_USED_UP * self.quota:
            found.append(f"{self.sent_in_a_day} of {self.quota} messages of its quota are used")
        return found


BEFORE = ("settings", "state", "delay_s", "quota", "error_factor")
NEARLY_USED_UP = 0.8


@dataclass(frozen=True, kw_only=True, slots=True)
class PacingChange:
    """One change of a sender's pace. Rates in messages per second, 0 while a queue is closed."""

    at: datetime
    state: str
    reason: str
    profile: str
    maturity: str
    delay_s: float
    error_factor: float
    error_rate: float
    quota: int
    message_1_queue_per_s: float
    message_2_queue_per_s: float


@dataclass(frozen=True, kw_only=True, slots=True)
class HeldMessage:
    """A message that was refused until a person resumes."""

    id: str
    campaign_id: str
    contact_id: str
    held_at: datetime


async def gather_facts(
    connection: Connection, sender_id: str, settings: RunSettings
) -> tuple[Facts, Before] | None:
    """What the decision about a sender rests on, with its lock held; None if there is no such sender."""
    row = await connection.fetchrow(LOCK, sender_id)
    if row is None:
        return None
    now: datetime = await connection.fetchval("SELECT clock_timestamp()")
    since = datetime.fromtimestamp(now.timestamp() - COUNTED_S, UTC)
    resumed_at = row["resumed_at"] or datetime.fromtimestamp(0, UTC)
    ten_minutes_ago = datetime.fromtimestamp(now.timestamp() - 600, UTC)
    outcomes = await connection.fetchrow(OUTCOMES, sender_id, row["errors_counted_at"])
    work = await connection.fetchrow(WORK, sender_id)
    assert outcomes is not None and work is not None  # noqa: S101, PT018 - aggregates always give one row
    history = await connection.fetchrow(HISTORY, [sender_id], now.date())
    assert history is not None  # noqa: S101 - the sender is there, and its lock is held
    facts = Facts(
        at=now.timestamp(),
        status=row["status"],
        status_reason=row["status_reason"],
        pause_scope=row["pause_scope"],
        held_until=unix(row["held_until"]),
        settings=settings,
        fixed=read_fixed_rates(row),
        maturity=Maturity(row["given_maturity"]) if row["given_maturity"] else None,
        history=read_history(history, now.date()),
        rhythm=read_rhythm(row),
        error_factor=row["error_factor"],
        outcomes=Outcomes(**outcomes),
        failed_in_a_row=_leading(await connection.fetch(IN_A_ROW, sender_id, resumed_at)),
        failed_in_ten_minutes=await connection.fetchval(
            RECENT_FAILURES, sender_id, max(resumed_at, ten_minutes_ago)
        ),
        sent_in_a_day=await connection.fetchval(SENT_SINCE, sender_id, since),
        replies=[
            Replies(waiting=found["waiting"], replied=found["replied"], silent=found["silent"])
            for found in await connection.fetch(REPLIES, sender_id)
        ],
        largest_campaign=work["largest"],
        open_campaigns=work["open"],
        paused_campaigns=work["paused"],
    )
    before = Before(**{name: row[name] for name in BEFORE})
    return facts, before


def _leading(rows: list[asyncpg.Record]) -> int:
    return next((nth for nth, row in enumerate(rows) if not row["failed"]), len(rows))


async def save_assessment(
    connection: Connection, sender_id: str, facts: Facts, before: Before, decided: Assessment
) -> bool:
    """Stores the decision, and notes a change with its reason (P6); returns whether it was one."""
    settings = asdict(facts.settings)
    # A faster setting is for new batches (P11): the slot that is planned is one of a batch that runs.
    is_faster = before.delay_s is not None and decided.pace.delay_s < before.delay_s
    rhythm = hurried(facts.rhythm, decided.pace) if is_faster and before.settings == settings else facts.rhythm
    opens_at = datetime.fromtimestamp(decided.opens_at, UTC) if decided.opens_at else None
    await connection.execute(
        SAVE,
        sender_id,
        settings,
        decided.maturity,
        decided.pace.profile,
        decided.quota,
        decided.expected_replies,
        decided.reply_rate,
        decided.error_factor,
        decided.error_rate,
        decided.pace.delay_s,
        decided.state,
        decided.reason,
        opens_at,
        datetime.fromtimestamp(rhythm.slot_at, UTC),
        datetime.fromtimestamp(rhythm.message_1_at, UTC),
    )
    now = (decided.state, decided.pace.delay_s, decided.quota)
    if now == (before.state, before.delay_s, before.quota):
        return False
    await connection.execute(
        ADD_CHANGE,
        sender_id,
        decided.state,
        decided.reason,
        decided.pace.profile,
        decided.maturity,
        decided.pace.delay_s,
        decided.error_factor,
        facts.outcomes.error_rate,
        decided.quota,
        decided.message_1_queue_per_s,
        decided.message_2_queue_per_s,
    )
    return True


async def get_pace(pool: Pool, sender_id: str) -> StoredPace:
    """What a sender does at present. Raises LookupError if there is no such sender."""
    row = await pool.fetchrow(GET, sender_id, COUNTED_S)
    if row is None:
        raise LookupError(f"there is no sender {sender_id}")
    return StoredPace(**row)


async def list_changes(
    pool: Pool, sender_id: str, limit: int, *, after: Sequence[str] | None = None
) -> Slice[PacingChange]:
    """How the pace of a sender changed and why, the newest first (P6)."""
    where = Where()
    where.also("sender_id = {}", sender_id)
    where.after(CHANGES_ORDER, after)
    order, key = CHANGES_ORDER.clause, CHANGES_ORDER.key
    statement = CHANGES.format(key=key, where=where, order=order, limit=where.parameter(limit + 1))
    return await fetch_slice(pool, statement, where.values, PacingChange, limit)


async def list_held(pool: Pool, sender_id: str) -> list[HeldMessage]:
    """The messages of a sender that were refused until a person resumes."""
    return [HeldMessage(**row) for row in await pool.fetch(HELD_MESSAGES, sender_id)]


async def release_held(pool: Pool, woken: list[HeldMessage]) -> None:
    """These messages have been woken."""
    await pool.execute(RELEASE, [each.id for each in woken], [each.held_at for each in woken])


async def list_withdrawable(pool: Pool, sender_id: str) -> list[tuple[str, str]]:
    """(our id, the provider's id) of messages that the provider has taken and not yet reported as sent."""
    return [(row["id"], row["provider_id"]) for row in await pool.fetch(WITHDRAWABLE, sender_id)]
