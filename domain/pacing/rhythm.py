"""When the next message of a sender may leave: slots, jitter inside them, rests and nights."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from domain.pacing.pace import Break, Pace

Random = Callable[[], float]
"""Gives numbers from 0 up to but not including 1."""

REST_S = 1800.0  # nobody who has written nothing for this long is in a row any more


@dataclass(frozen=True, kw_only=True, slots=True)
class Rhythm:
    """Where a sender stands in its rhythm. All moments may lie in the past."""

    slot_at: float = 0.0  # the beginning of the slot of the next Message 1
    message_1_at: float = 0.0  # the earliest moment of the next Message 1: somewhere in its slot
    message_2_at: float = 0.0
    last_message_1_at: float = 0.0
    rest_until: float = 0.0
    in_a_row: int = 0  # Messages 1 since the last rest


def earliest_message_1(rhythm: Rhythm, pace: Pace, at: float) -> float:
    """The first moment from `at` on at which a Message 1 may leave."""
    moment = max(at, rhythm.message_1_at, rhythm.rest_until)
    return pace.night.over(moment) if pace.night else moment


def after_message_1(rhythm: Rhythm, pace: Pace, at: float, random: Random) -> Rhythm:
    """A Message 1 leaves at `at`.

    Slots follow each other by the delay, not the messages themselves: one that is a little late does not make
    all later ones late, and the mean keeps to the pace.
    """
    in_a_row = 1 if at - rhythm.last_message_1_at >= REST_S else rhythm.in_a_row + 1
    # Measured from its slot: many short waits in a row add up to a pause as well.
    on_time = at - rhythm.slot_at - pace.spread_s <= pace.delay_s
    # After a pause a new row of slots begins, as if this message had left in the middle of its spread.
    slot_at = (rhythm.slot_at if on_time else at - pace.spread_s / 2) + pace.delay_s
    moved = replace(
        rhythm,
        slot_at=slot_at,
        message_1_at=max(slot_at + pace.spread_s * random(), at + pace.min_gap_s),
        last_message_1_at=at,
        in_a_row=in_a_row,
    )
    # A row that began in another profile may be longer than any that the breaks know.
    longest = pace.breaks[-1].after if pace.breaks else 0
    rest = next((rest for rest in pace.breaks if rest.after == min(in_a_row, longest)), None)
    return _resting(moved, pace, rest, at, random) if rest else moved


def _resting(rhythm: Rhythm, pace: Pace, rest: Break, at: float, random: Random) -> Rhythm:
    over = at + rest.shortest_s + (rest.longest_s - rest.shortest_s) * random()
    return replace(
        rhythm,
        slot_at=over - pace.spread_s / 2,
        message_1_at=over,
        rest_until=over,
        in_a_row=0 if rest == pace.breaks[-1] else rest.after,
    )


def after_message_2(rhythm: Rhythm, pace: Pace, at: float) -> Rhythm:
    """A Message 2 leaves at `at`. It waits for no Message 1, but the next Message 1 keeps its distance."""
    return replace(
        rhythm,
        message_1_at=max(rhythm.message_1_at, at + pace.min_gap_s),
        message_2_at=at + pace.reply_gap_s,
    )


def hurried(rhythm: Rhythm, pace: Pace) -> Rhythm:
    """Takes a faster pace over at once: a slot that was planned at the old pace is not waited for.

    A rest is, and so is the distance from a Message 2 that left in the meantime.
    """
    latest = max(
        rhythm.last_message_1_at + pace.delay_s + pace.spread_s,
        rhythm.message_2_at + pace.min_gap_s,
        rhythm.rest_until,
    )
    if rhythm.message_1_at <= latest:
        return rhythm
    return replace(rhythm, slot_at=latest - pace.spread_s, message_1_at=latest)
