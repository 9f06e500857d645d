"""The guarantee behind the pace: every send reserves its place under the lock of its sender.

The row of the sender in `sender_paces` is that lock. Whoever holds it sees every send before its own, so quota
and gap are exact for any number of workers. A refusal is no attempt; it says when to try again, and why.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from random import SystemRandom

import asyncpg

from domain.messages import MessageType
from domain.pacing.assessment import quota_of
from domain.pacing.pace import Maturity, Pace, pace_of
from domain.pacing.quota import COUNTED_S, message_1_limit
from domain.pacing.rhythm import Rhythm, after_message_1, after_message_2, earliest_message_1
from domain.run_settings import from_stored
from storage.database import Connection
from storage.sender_rows import COUNTING, RHYTHM, SENT_SINCE, read_fixed_rates, read_rhythm, unix

_random = SystemRandom()

IN_FLIGHT_S = 15  # a little longer than the time limit of a POST
IN_FLIGHT_RETRY_S = 0.1
SHORTEST_KEPT_GAP_S = 0.05  # below that nobody sends to people, and gaps are not kept by the provider's clock
COUNTED_ANEW_AFTER = 500  # sends
HELD_BY_A_PERSON_S = 600.0  # whoever resumes wakes what was refused; this is for when that fails


class Reason(StrEnum):
    """Why a message may not leave now."""

    STOPPED = "stopped"
    PAUSED = "paused"
    BREAK = "break"
    PACE = "pace"
    QUOTA = "quota"


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """The message may not leave now; no attempt was made."""

    sender_id: str
    retry_after_s: float
    reason: Reason
    detail: str


@dataclass(frozen=True, kw_only=True, slots=True)
class SenderPace:
    """A sender as its lock shows it. Moments in unix seconds."""

    id: str
    at: float
    held_until: float | None
    pace: Pace
    quota: int
    expected_replies: float
    reply_rate: float
    rhythm: Rhythm
    counted: int | None  # sends of the 24 hours before `counted_to`
    counted_to: datetime | None

    def held(self, reason: Reason, retry_after_s: float, detail: str) -> Held:
        """A refusal of this sender's."""
        return Held(sender_id=self.id, retry_after_s=retry_after_s, reason=reason, detail=detail)


LOCK_PACE = "SELECT FROM sender_paces WHERE sender_id = $1 FOR NO KEY UPDATE"
# A statement of its own, begun with the lock held: one that waited would see the pauses of before.
READ_PACE = """
    SELECT clock_timestamp() AS at, s.status, s.status_reason, s.pause_scope, s.held_until,
        (SELECT hold_reason FROM installation) AS hold_reason,
        s.message_1_rate_per_s, s.message_2_rate_per_s,
        ca.pause_scope AS campaign_pause_scope, b.settings AS batch_settings,
        p.settings, p.maturity, p.quota, p.expected_replies, p.reply_rate, p.error_factor,
        p.slot_at, p.message_1_at, p.message_2_at, p.last_message_1_at, p.rest_until, p.in_a_row,
        p.counted, p.counted_to
    FROM sender_paces p
    JOIN senders s ON s.id = p.sender_id
    JOIN campaigns ca ON ca.id = $2
    LEFT JOIN campaign_batches b ON b.campaign_id = ca.id AND b.batch = $3
    WHERE p.sender_id = $1
"""
# The send that has to leave the 24 hours before there is room again.
NTH_SINCE = f"""
    SELECT started_at FROM sends WHERE sender_id = $1 AND started_at > $2 AND {COUNTING}
    ORDER BY started_at OFFSET $3 LIMIT 1
"""
NTH_LAST = f"""
    SELECT started_at FROM sends WHERE sender_id = $1 AND {COUNTING} ORDER BY started_at DESC OFFSET $2 LIMIT 1
"""
# Whose answer is still awaited: nobody knows when the provider will have taken it. An attempt that is older has
# lost its worker, or its POST has timed out.
IN_FLIGHT = f"""
    SELECT EXISTS (SELECT FROM sends WHERE sender_id = $1 AND outcome IS NULL
        AND started_at > statement_timestamp() - interval '{IN_FLIGHT_S} seconds')
"""
MOVE_ON = """
    UPDATE sender_paces SET slot_at = $2, message_1_at = $3, message_2_at = $4, last_message_1_at = $5,
        rest_until = $6, in_a_row = $7, min_gap_s = $8, expected_replies = $9
    WHERE sender_id = $1
"""
KEEP_GAP = """
    UPDATE sender_paces
    SET message_1_at = greatest(message_1_at, clock_timestamp() + make_interval(secs => min_gap_s))
    WHERE sender_id = $1 AND min_gap_s > $2
"""
NOTE_COUNTED = "UPDATE sender_paces SET counted = $2, counted_to = $3 WHERE sender_id = $1"
NOTE_HELD = "UPDATE messages SET held_at = clock_timestamp() WHERE id = $1"


async def reserve(
    connection: Connection,
    *,
    sender_id: str,
    campaign_id: str,
    batch: int,
    message_id: str,
    message_type: MessageType,
) -> Held | None:
    """Reserves the place of one message, to leave at once; or says why and until when it may not.

    Call it in the transaction that stores the attempt, with the contact's row locked.
    """
    await connection.execute(LOCK_PACE, sender_id)
    row = await connection.fetchrow(READ_PACE, sender_id, campaign_id, batch)
    if row is None:
        raise LookupError(f"there is no sender {sender_id} or no campaign {campaign_id}")
    if held := _held_by_a_person(sender_id, row, message_type):
        await connection.execute(NOTE_HELD, message_id)
        return held
    sender = _read(sender_id, row, message_type)
    held = _held_by_the_rhythm(sender, message_type) or await _held_by_the_numbers(
        connection, sender, message_type
    )
    if held is None:
        await _move_on(connection, sender, message_type)
    return held


async def keep_gap(connection: Connection, sender_id: str) -> None:
    """The provider has answered: the next Message 1 keeps its distance from now on.

    The provider took the message at some moment between our POST and its answer. Counting from the answer keeps
    the gap also by the provider's clock, however long the answer took.
    """
    await connection.execute(KEEP_GAP, sender_id, SHORTEST_KEPT_GAP_S)


def _held_by_a_person(sender_id: str, row: asyncpg.Record, message_type: MessageType) -> Held | None:
    if row["hold_reason"] is not None:
        reason, detail = Reason.STOPPED, f"the installation is held: {row['hold_reason']}"
    elif row["status"] == "stopped":
        reason, detail = Reason.STOPPED, f"sender stopped: {row['status_reason']}"
    elif _covers(row["pause_scope"], message_type):
        reason, detail = Reason.PAUSED, "the sender is paused"
    elif _covers(row["campaign_pause_scope"], message_type):
        reason, detail = Reason.PAUSED, "the campaign is paused"
    else:
        return None
    return Held(sender_id=sender_id, retry_after_s=HELD_BY_A_PERSON_S, reason=reason, detail=detail)


def _covers(pause_scope: str | None, message_type: MessageType) -> bool:
    return pause_scope == "all" or (pause_scope == "message_1" and message_type is MessageType.MESSAGE_1)


def _read(sender_id: str, row: asyncpg.Record, message_type: MessageType) -> SenderPace:
    """Message 1 keeps to what its batch was started with; the quota is always the sender's present one."""
    # Before the first look of the sender's workflow, what the batch was started with is all that is known.
    settings = from_stored(row["settings"] or row["batch_settings"] or {})
    batch_settings = from_stored(row["batch_settings"]) if row["batch_settings"] else settings
    maturity = Maturity(row["maturity"])
    is_first = message_type is MessageType.MESSAGE_1
    pace = pace_of(
        batch_settings if is_first else settings,
        maturity,
        error_factor=row["error_factor"],
        fixed=read_fixed_rates(row),
    )
    quota = row["quota"]
    if quota is None:  # its workflow has not looked at it yet: the least that may hold
        quota = quota_of(settings, maturity, pace.profile, sending_days=0)
    return SenderPace(
        id=sender_id,
        at=row["at"].timestamp(),
        held_until=unix(row["held_until"]),
        pace=pace,
        quota=quota,
        expected_replies=row["expected_replies"],
        reply_rate=row["reply_rate"],
        rhythm=read_rhythm(row),
        counted=row["counted"],
        counted_to=row["counted_to"],
    )


def _held_by_the_rhythm(sender: SenderPace, message_type: MessageType) -> Held | None:
    if sender.held_until is not None and sender.held_until > sender.at:
        return sender.held(Reason.BREAK, sender.held_until - sender.at, "the provider asked for a break")
    if message_type is MessageType.MESSAGE_1:
        earliest = earliest_message_1(sender.rhythm, sender.pace, sender.at)
    else:
        earliest = sender.rhythm.message_2_at
    if earliest <= sender.at:
        return None
    return sender.held(Reason.PACE, earliest - sender.at, "its turn has not come")


async def _held_by_the_numbers(
    connection: Connection, sender: SenderPace, message_type: MessageType
) -> Held | None:
    is_first = message_type is MessageType.MESSAGE_1
    if (
        is_first
        and sender.pace.min_gap_s > SHORTEST_KEPT_GAP_S
        and await connection.fetchval(IN_FLIGHT, sender.id)
    ):
        return sender.held(Reason.PACE, IN_FLIGHT_RETRY_S, "the answer to the message before it is awaited")
    per_minute = sender.pace.per_minute
    if is_first and per_minute is not None:
        last: datetime | None = await connection.fetchval(NTH_LAST, sender.id, per_minute - 1)
        if last is not None and (wait_s := last.timestamp() + 60 - sender.at) > 0:
            return sender.held(Reason.PACE, wait_s, f"{per_minute} messages in a minute")
    limit = message_1_limit(sender.quota, sender.expected_replies) if is_first else sender.quota
    at_most = await _sent_at_most(connection, sender)
    if at_most is not None and at_most < limit:
        return None
    since = datetime.fromtimestamp(sender.at - COUNTED_S, UTC)
    sent = await connection.fetchval(SENT_SINCE, sender.id, since)
    if sent < limit:
        await connection.execute(NOTE_COUNTED, sender.id, sent, datetime.fromtimestamp(sender.at, UTC))
        return None
    blocking: datetime | None = await connection.fetchval(NTH_SINCE, sender.id, since, max(0, sent - limit))
    wait_s = blocking.timestamp() + COUNTED_S - sender.at if blocking else HELD_BY_A_PERSON_S
    return sender.held(Reason.QUOTA, max(1.0, wait_s), f"{sent} of {sender.quota} messages in 24 hours")


async def _sent_at_most(connection: Connection, sender: SenderPace) -> int | None:
    """What was counted at some time and all since then; what has left the 24 hours meanwhile is still in it.

    None: it is time to count anew, or the clock was put back.
    """
    if sender.counted is None or sender.counted_to is None or sender.counted_to.timestamp() > sender.at:
        return None
    since: int = await connection.fetchval(SENT_SINCE, sender.id, sender.counted_to)
    return sender.counted + since if since < COUNTED_ANEW_AFTER else None


async def _move_on(connection: Connection, sender: SenderPace, message_type: MessageType) -> None:
    if message_type is MessageType.MESSAGE_1:
        rhythm = after_message_1(sender.rhythm, sender.pace, sender.at, _random.random)
        expected = sender.expected_replies + sender.reply_rate
    else:
        rhythm = after_message_2(sender.rhythm, sender.pace, sender.at)
        expected = max(0.0, sender.expected_replies - 1)
    await connection.execute(
        MOVE_ON,
        sender.id,
        *(datetime.fromtimestamp(getattr(rhythm, name), UTC) for name in RHYTHM),
        rhythm.in_a_row,
        sender.pace.min_gap_s,
        expected,
    )
