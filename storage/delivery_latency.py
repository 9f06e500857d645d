"""How long messages take on their way: from the gateway's acceptance to WhatsApp, and on to the phone (P12)."""

from dataclasses import dataclass

from storage.database import Pool


@dataclass(frozen=True, kw_only=True, slots=True)
class DeliveryLatency:
    """Latencies of one sender's messages in seconds; None when nothing is known of any."""

    messages: int  # that the gateway accepted in that time
    accepted_to_sent_p50_s: float | None
    accepted_to_sent_p95_s: float | None
    sent_to_delivered_p50_s: float | None
    sent_to_delivered_p95_s: float | None


# Until an acknowledgement says otherwise `sent_at` is the acceptance itself, which would pass for no latency at
# all; so only a message counts that was acknowledged. The gateway's clock may be behind ours: never below zero.
LATENCY = """
    SELECT count(*) AS messages,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY to_sent_s) AS accepted_to_sent_p50_s,
        percentile_cont(0.95) WITHIN GROUP (ORDER BY to_sent_s) AS accepted_to_sent_p95_s,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY to_delivered_s) AS sent_to_delivered_p50_s,
        percentile_cont(0.95) WITHIN GROUP (ORDER BY to_delivered_s) AS sent_to_delivered_p95_s
    FROM (
        SELECT
            CASE WHEN status IN ('sent', 'delivered', 'read')
                THEN greatest(extract(epoch FROM sent_at - accepted_at), 0)::double precision END AS to_sent_s,
            CASE WHEN delivered_at IS NOT NULL
                THEN greatest(extract(epoch FROM delivered_at - sent_at), 0)::double precision END
                AS to_delivered_s
        FROM messages
        WHERE sender_id = $1 AND accepted_at > statement_timestamp() - $2 * interval '1 hour'
    ) latencies
"""


async def delivery_latency(pool: Pool, *, sender_id: str, hours: float = 24) -> DeliveryLatency:
    """The latencies of what the gateway accepted from that sender in the last hours."""
    row = await pool.fetchrow(LATENCY, sender_id, hours)
    assert row is not None  # noqa: S101 - an aggregate has a row, whatever it finds
    return DeliveryLatency(**row)
