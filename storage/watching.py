"""What is wrong now, as far as PostgreSQL knows: it is asked every few seconds, and reads no contacts."""

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from typing import Any

from domain.alerts import Finding, Kind, Thresholds
from domain.pacing.quota import DAY_S, MARGIN_S
from storage.database import Pool
from storage.monitoring import SENT_IN_A_DAY

# What was never seen is looked for since the first sight of anything.
DOWN = """
    SELECT c.component, coalesce(latest.seen_at, (SELECT min(began_at) FROM uptime_spans)) AS seen_at
    FROM unnest($1::text[]) AS c (component)
    CROSS JOIN LATERAL (
        SELECT max(seen_at) AS seen_at FROM uptime_spans WHERE component = c.component
    ) latest
    WHERE coalesce(latest.seen_at, (SELECT min(began_at) FROM uptime_spans))
        < clock_timestamp() - make_interval(secs => $2)
"""
SENDERS = f"""
    SELECT s.id::text, s.name, s.status, s.status_reason, p.quota, p.error_rate,
        p.error_rate > coalesce((p.settings ->> 'error_threshold')::double precision, 1) AS many_errors,
        used.sent_in_a_day
    FROM senders s JOIN sender_paces p ON p.sender_id = s.id {SENT_IN_A_DAY}
    WHERE s.removed_at IS NULL
"""
SILENT_SINCE = """
    SELECT min(finished_at) FROM sends
    WHERE outcome = 'accepted'
        AND finished_at > coalesce((SELECT max(received_at) FROM webhook_events), '-infinity')
    HAVING min(finished_at) < clock_timestamp() - make_interval(secs => $1)
"""
# What a run repaired by itself is news all the same, but for acknowledgements: gateways lose some every day.
UPKEEP_FINDINGS = """
    SELECT sum((finding ->> 'found')::int)::int AS found, sum((finding ->> 'fixed')::int)::int AS fixed,
        string_agg(DISTINCT replace(finding ->> 'kind', '_', ' '), ', ') AS kinds
    FROM (SELECT looked FROM upkeep_runs WHERE finished_at IS NOT NULL ORDER BY started_at DESC LIMIT 1) latest,
        jsonb_array_elements(looked) AS part, jsonb_array_elements(part -> 'findings') AS finding
    WHERE finding ->> 'kind' <> 'missed_status' OR finding -> 'fixed' <> finding -> 'found'
    HAVING count(*) > 0
"""
HELD = "SELECT hold_reason AS reason FROM installation WHERE held_since IS NOT NULL"


async def find_troubles(
    pool: Pool, components: Collection[str], thresholds: Thresholds, *, webhook_url: str
) -> list[Finding]:
    """Everything that is wrong now. `components` are those that have to be up."""
    found = [
        Finding(kind=Kind.COMPONENT_DOWN, subject=row["component"], facts={"since": _moment(row["seen_at"])})
        for row in await pool.fetch(DOWN, list(components), thresholds.down_s)
    ]
    for sender in await pool.fetch(SENDERS, DAY_S + MARGIN_S):
        found += _of_sender(sender, thresholds)
    silent_since = await pool.fetchval(SILENT_SINCE, thresholds.webhook_silence_s)
    if silent_since is not None:
        facts = {"since": _moment(silent_since), "url": webhook_url}
        found.append(Finding(kind=Kind.WEBHOOK_SILENCE, facts=facts))
    for kind, query in ((Kind.UPKEEP_FINDINGS, UPKEEP_FINDINGS), (Kind.INSTALLATION_HELD, HELD)):
        found += [Finding(kind=kind, facts=dict(row)) for row in await pool.fetch(query)]
    return found


def _of_sender(sender: Any, thresholds: Thresholds) -> Iterator[Finding]:
    identity, name = sender["id"], sender["name"]
    if sender["status"] == "stopped":
        facts = {"name": name, "sender_id": identity, "reason": sender["status_reason"] or ""}
        yield Finding(kind=Kind.SENDER_STOPPED, subject=identity, facts=facts)
    elif sender["many_errors"]:
        facts = {"name": name, "share": sender["error_rate"]}
        yield Finding(kind=Kind.SENDER_ERRORS, subject=identity, facts=facts)
    quota, sent = sender["quota"], sender["sent_in_a_day"]
    if quota and sent >= thresholds.quota_share * quota:
        facts = {"name": name, "share": sent / quota, "sent": sent, "quota": quota}
        yield Finding(kind=Kind.QUOTA_HIGH, subject=identity, facts=facts)


def _moment(at: datetime) -> str:
    # To the minute, rounded down: facts that stay the same are not news.
    return (at - timedelta(seconds=at.second)).strftime("%Y-%m-%d %H:%M UTC")
