"""What operators look at: what was sent today, what the senders may still do, what failed, and who is alive."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.pacing.quota import DAY_S, MARGIN_S, message_1_limit
from domain.worker_roles import WorkerRole
from storage.database import Pool
from storage.sender_rows import COUNTING

ALIVE_S = 15.0  # three heartbeats
FORGOTTEN_AFTER_DAYS = 7

BEAT = """
    INSERT INTO worker_heartbeats (worker_id, host, process_id, roles, build_id)
    VALUES (coalesce($1, uuidv7()), $2, $3, $4, $5)
    ON CONFLICT (worker_id) DO UPDATE SET beat_at = clock_timestamp() RETURNING worker_id::text
"""
FORGET = "DELETE FROM worker_heartbeats WHERE beat_at < statement_timestamp() - make_interval(days => $1)"
SIGN_OFF = "DELETE FROM worker_heartbeats WHERE worker_id = $1"
WORKERS = """
    SELECT worker_id::text AS id, host, process_id, roles, build_id, started_at, beat_at,
        beat_at > statement_timestamp() - make_interval(secs => $1) AS alive
    FROM worker_heartbeats ORDER BY started_at DESC LIMIT 100
"""
ROLES_TAKEN = """
    SELECT array_agg(DISTINCT role) @> $1::text[]
        AND array_agg(DISTINCT coalesce(build_id, '')) FILTER (WHERE role = 'workflows') @> $3::text[]
    FROM worker_heartbeats, unnest(roles) AS role
    WHERE beat_at > statement_timestamp() - make_interval(secs => $2)
"""
TODAY = """
    SELECT coalesce(sum(messages_1_sent), 0)::bigint AS messages_1_sent,
        coalesce(sum(messages_2_sent), 0)::bigint AS messages_2_sent,
        coalesce(sum(failures), 0)::bigint AS failures
    FROM daily_counters WHERE day = (statement_timestamp() AT TIME ZONE 'UTC')::date
"""
# For each sender `s`, as `used.sent_in_a_day`; $1 is the length of that day. The index of `sends` by sender and
# time answers it.
SENT_IN_A_DAY = f"""
    CROSS JOIN LATERAL (
        SELECT count(*)::int AS sent_in_a_day FROM sends
        WHERE sends.sender_id = s.id AND started_at > statement_timestamp() - make_interval(secs => $1)
            AND {COUNTING}
    ) used
"""
SENDERS = f"""
    SELECT s.id::text, s.name, s.status, s.status_reason, p.state, p.reason, p.profile, p.quota, p.delay_s,
        p.error_rate, p.expected_replies, p.reply_rate, used.sent_in_a_day
    FROM senders s JOIN sender_paces p ON p.sender_id = s.id {SENT_IN_A_DAY}
    WHERE s.removed_at IS NULL ORDER BY s.created_at, s.id
"""
FAILED_MESSAGES = """
    SELECT m.failed_at AS at, 'message' AS what, m.message_type, m.campaign_id, m.contact_id,
        m.sender_id::text, coalesce(m.failure_reason, 'unknown') AS reason
    FROM messages m WHERE m.status = 'failed' AND m.failed_at IS NOT NULL ORDER BY m.failed_at DESC LIMIT $1
"""
FAILED_ATTEMPTS = """
    SELECT s.started_at AS at, 'attempt' AS what, m.message_type, s.campaign_id, s.contact_id,
        s.sender_id::text, concat_ws(': ', s.outcome, s.code, s.detail) AS reason
    FROM sends s LEFT JOIN messages m ON m.id = s.message_id
    WHERE s.outcome IN ('unknown', 'not_sent', 'rejected') ORDER BY s.started_at DESC LIMIT $1
"""
# Names are looked up for the few that are shown.
WITH_NAMES = """
    SELECT f.at, f.what, f.message_type, f.campaign_id::text, ca.name AS campaign_name, f.contact_id::text,
        co.name AS contact_name, co.phone AS contact_phone, f.sender_id, f.reason
    FROM ({failures}) f LEFT JOIN campaigns ca ON ca.id = f.campaign_id
    LEFT JOIN contacts co ON co.id = f.contact_id
"""
GAUGES = """
    SELECT
        (SELECT coalesce(sum(messages_1_sent), 0)::bigint FROM campaign_counters) AS messages_1_sent,
        (SELECT coalesce(sum(messages_2_sent), 0)::bigint FROM campaign_counters) AS messages_2_sent,
        (SELECT coalesce(sum(failures), 0)::bigint FROM campaign_counters) AS failures,
        (SELECT count(*) FROM webhook_events WHERE status IN ('received', 'parked')) AS webhooks_waiting,
        (SELECT coalesce(extract(epoch FROM statement_timestamp() - min(received_at)), 0)::double precision
            FROM webhook_events WHERE status = 'received') AS oldest_webhook_s,
        (SELECT count(*) FROM sends
            WHERE outcome IS NULL OR outcome = 'unknown' AND code IS DISTINCT FROM 'unconfirmed'
        ) AS attempts_undecided,
        (SELECT jsonb_build_object('pending', coalesce(sum(k.pending), 0),
                'message_1_sent', coalesce(sum(k.message_1_sent), 0),
                'message_2_sent', coalesce(sum(k.message_2_sent), 0),
                'no_interaction', coalesce(sum(k.no_interaction), 0),
                'late_interaction', coalesce(sum(k.late_interaction), 0),
                'failed', coalesce(sum(k.failed), 0), 'opted_out', coalesce(sum(k.opted_out), 0),
                'cancelled', coalesce(sum(k.cancelled), 0), 'expired', coalesce(sum(k.expired), 0))
            FROM campaigns c JOIN campaign_counters k ON k.campaign_id = c.id
            WHERE c.status IN ('running', 'paused')) AS contacts,
        (SELECT count(*) FROM worker_heartbeats
            WHERE beat_at > statement_timestamp() - make_interval(secs => $1)) AS workers_alive,
        (SELECT coalesce(jsonb_object_agg(kind, n), '{}') FROM (
            SELECT kind, count(*) AS n FROM alerts WHERE resolved_at IS NULL GROUP BY kind) a) AS alerts,
        (SELECT coalesce(jsonb_object_agg(status, n), '{}') FROM (
            SELECT status, count(*) AS n FROM senders WHERE removed_at IS NULL GROUP BY status) s) AS senders,
        (SELECT coalesce(jsonb_object_agg(status, n), '{}') FROM (
            SELECT status, count(*) AS n FROM campaigns GROUP BY status) c) AS campaigns
"""
# Everything that changes while somebody watches, in one statement: one look a second serves all who watch. What
# has just ended is in it for a minute more, so that its last state is seen. `contacts`, `checks` and `activity`
# are there to be compared with the look before: has a contact changed, have the numbers of which campaign?
PICTURE = """
    SELECT json_build_object(
        'campaigns', (SELECT coalesce(json_agg(shown), '[]') FROM (
            SELECT c.id, c.name, c.status, c.pause_scope, c.start_at, c.start_problem, k.total_contacts,
                k.pending, k.message_1_sent AS waiting, k.message_2_sent, k.no_interaction, k.late_interaction,
                k.failed, k.opted_out, k.cancelled, k.expired, k.messages_1_sent, k.messages_2_sent,
                k.messages_1_sent + k.messages_2_sent AS messages_sent, k.messages_delivered, k.messages_read,
                k.interactions, k.failures
            FROM campaigns c JOIN campaign_counters k ON k.campaign_id = c.id
            WHERE c.status IN ('scheduled', 'running', 'paused')
                OR c.closed_at > statement_timestamp() - interval '1 minute'
                OR (c.status = 'draft' AND c.start_problem_at IS NOT NULL)
            ORDER BY c.id) shown),
        'senders', (SELECT coalesce(json_agg(shown), '[]') FROM (
            SELECT s.id, s.name, s.status, s.status_reason, s.pause_scope, p.state, p.reason, p.opens_at,
                p.delay_s, p.error_rate,
                p.error_rate > coalesce((p.settings ->> 'error_threshold')::double precision, 1) AS many_errors
            FROM senders s JOIN sender_paces p ON p.sender_id = s.id
            WHERE s.removed_at IS NULL ORDER BY s.id) shown),
        'imports', (SELECT coalesce(json_agg(shown), '[]') FROM (
            SELECT id, file_name, state, size_bytes, position_bytes, rows_read, created, updated, skipped,
                rejected, error
            FROM imports
            WHERE state IN ('uploading', 'queued', 'running')
                OR (created_at > statement_timestamp() - interval '1 day'
                    AND finished_at > statement_timestamp() - interval '1 minute')
            ORDER BY id) shown),
        'workers_alive', (SELECT count(*) FROM worker_heartbeats
            WHERE beat_at > statement_timestamp() - make_interval(secs => $1)),
        'alerts', (SELECT coalesce(json_agg(shown), '[]') FROM (
            SELECT kind, subject, facts FROM alerts WHERE resolved_at IS NULL ORDER BY id LIMIT 100) shown),
        'contacts', (SELECT coalesce(sum(contacts), 0) || '/' || coalesce(sum(opted_out), 0)
            FROM contact_count_changes),
        'checks', (SELECT coalesce(sum(checked), 0) FROM number_checks
            WHERE created_at > statement_timestamp() - interval '7 days'),
        'activity', (SELECT coalesce(json_object_agg(campaign_id, numbers), '{}') FROM (
            SELECT campaign_id, concat_ws('/', sum(messages_1_sent), sum(messages_2_sent),
                sum(messages_delivered), sum(messages_read), sum(failures), sum(interactions)) AS numbers
            FROM campaign_days WHERE day >= (statement_timestamp() AT TIME ZONE 'UTC')::date - 1
            GROUP BY campaign_id) days)
    )::text
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkerSeen:
    """A worker process, as its last heartbeat left it."""

    id: str
    host: str
    process_id: int
    roles: list[str]  # WorkerRole
    build_id: str | None  # None: without versioning
    started_at: datetime
    beat_at: datetime
    alive: bool  # its last heartbeat is recent


@dataclass(frozen=True, kw_only=True, slots=True)
class SentToday:
    """Since midnight in UTC."""

    messages_1_sent: int
    messages_2_sent: int
    failures: int


@dataclass(frozen=True, kw_only=True, slots=True)
class SenderRoom:
    """What a sender does and what it may still do. Rates from 0 to 1."""

    id: str
    name: str
    status: str
    status_reason: str | None
    state: str
    reason: str | None
    profile: str
    quota: int | None  # messages in any 24 h; None until its workflow has looked at it
    delay_s: float | None
    error_rate: float
    expected_replies: float
    reply_rate: float
    sent_in_a_day: int

    @property
    def quota_left(self) -> int:
        """Messages of any kind."""
        return max(0, (self.quota or 0) - self.sent_in_a_day)

    @property
    def capacity_contacts(self) -> int:
        """How many more contacts it can write to now: each new one may need a Message 2 as well."""
        if self.quota is None or self.status != "active":
            return 0
        room = message_1_limit(self.quota, self.expected_replies) - self.sent_in_a_day
        return max(0, int(room / (1 + self.reply_rate)))


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """A message that failed for good, or an attempt that did."""

    at: datetime
    what: str  # message, attempt
    message_type: str | None  # None for the attempt of a test message
    campaign_id: str
    campaign_name: str | None  # None: it is gone
    contact_id: str | None
    contact_name: str | None
    contact_phone: str | None
    sender_id: str
    reason: str


async def beat(
    pool: Pool,
    worker_id: str | None,
    *,
    host: str,
    process_id: int,
    roles: Collection[str] = tuple(WorkerRole),
    build_id: str | None = None,
) -> str:
    """Notes that this worker lives; gives its id, which the first call gets with None."""
    known: str = await pool.fetchval(BEAT, worker_id, host, process_id, list(roles), build_id)
    if worker_id is None:
        await pool.execute(FORGET, FORGOTTEN_AFTER_DAYS)
    return known


async def sign_off(pool: Pool, worker_id: str) -> None:
    """The worker ends as it should."""
    await pool.execute(SIGN_OFF, worker_id)


async def all_roles_taken(pool: Pool, versions: Collection[str | None]) -> bool:
    """Whether the workers that live do together all that there is to do.

    Each of `versions` needs one that runs workflows; None is a worker without a version.
    """
    build_ids = [version or "" for version in versions]
    return bool(await pool.fetchval(ROLES_TAKEN, list(WorkerRole), ALIVE_S, build_ids))


async def list_workers(pool: Pool) -> list[WorkerSeen]:
    """The latest workers first; those that died are there for a week."""
    return [WorkerSeen(**row) for row in await pool.fetch(WORKERS, ALIVE_S)]


async def sent_today(pool: Pool) -> SentToday:
    """By type, and what failed."""
    row = await pool.fetchrow(TODAY)
    assert row is not None  # noqa: S101 - aggregates always give one row
    return SentToday(**row)


async def sender_room(pool: Pool) -> list[SenderRoom]:
    """Every sender, the oldest first."""
    return [SenderRoom(**row) for row in await pool.fetch(SENDERS, DAY_S + MARGIN_S)]


async def latest_failures(pool: Pool, limit: int) -> list[Failure]:
    """The newest first, messages and attempts together."""
    rows = [
        row
        for failures in (FAILED_MESSAGES, FAILED_ATTEMPTS)
        for row in await pool.fetch(WITH_NAMES.format(failures=failures), limit)
    ]
    failures = sorted((Failure(**row) for row in rows), key=lambda failure: failure.at, reverse=True)
    return failures[:limit]


@dataclass(frozen=True, kw_only=True, slots=True)
class Gauges:
    """What a scrape asks the database for."""

    messages_1_sent: int
    messages_2_sent: int
    failures: int
    webhooks_waiting: int
    oldest_webhook_s: float  # the age of the oldest one that nobody has worked off
    attempts_undecided: int  # whose outcome nobody knows yet, and somebody still may
    workers_alive: int
    contacts: dict[str, int]  # of campaigns that run or are paused, by state
    alerts: dict[str, int]  # that last, by kind
    senders: dict[str, int]  # by status
    campaigns: dict[str, int]


async def gauges(pool: Pool) -> Gauges:
    """Numbers of the whole installation, none of which reads contacts or messages."""
    row = await pool.fetchrow(GAUGES, ALIVE_S)
    assert row is not None  # noqa: S101 - one row of scalars
    return Gauges(**row)


async def picture(pool: Pool) -> dict[str, Any]:
    """What is under way now; see PICTURE."""
    found: dict[str, Any] = json.loads(await pool.fetchval(PICTURE, ALIVE_S, timeout=5))
    return found
