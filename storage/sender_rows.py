"""How the rows of a sender are read, wherever a decision or a forecast rests on them."""

from datetime import date, datetime

import asyncpg

from domain.pacing.maturity import History
from domain.pacing.pace import FixedRates
from domain.pacing.rhythm import Rhythm

RHYTHM = ("slot_at", "message_1_at", "message_2_at", "last_message_1_at", "rest_until")

# What counts towards the quota: all that the provider has, or may have.
COUNTING = "(outcome IS NULL OR outcome IN ('accepted', 'unknown'))"
SENT_SINCE = f"SELECT count(*) FROM sends WHERE sender_id = $1 AND started_at > $2 AND {COUNTING}"
# Its age and what it has done. Days are those of UTC; $1 are senders.
HISTORY = """
    SELECT s.id::text, s.account_since,
        count(*) FILTER (WHERE d.day < $2 AND d.messages_1_sent + d.messages_2_sent > 0) AS sending_days,
        coalesce(sum(d.messages_1_sent + d.messages_2_sent), 0)::bigint AS messages,
        coalesce(sum(d.failures), 0)::bigint AS failures
    FROM senders s LEFT JOIN daily_counters d ON d.sender_id = s.id
    WHERE s.id = ANY ($1::uuid[]) GROUP BY s.id
"""


def read_rhythm(row: asyncpg.Record) -> Rhythm:
    """From the columns of `sender_paces`."""
    return Rhythm(**{name: row[name].timestamp() for name in RHYTHM}, in_a_row=row["in_a_row"])


def read_fixed_rates(row: asyncpg.Record) -> FixedRates:
    """From the columns of `senders`."""
    return FixedRates(message_1_per_s=row["message_1_rate_per_s"], message_2_per_s=row["message_2_rate_per_s"])


def read_history(row: asyncpg.Record, today: date) -> History:
    """From a row of `HISTORY`."""
    return History(
        age_days=(today - row["account_since"]).days,
        sending_days=row["sending_days"],
        messages=row["messages"],
        failures=row["failures"],
    )


def unix(moment: datetime | None) -> float | None:
    """Unix seconds."""
    return moment.timestamp() if moment else None
