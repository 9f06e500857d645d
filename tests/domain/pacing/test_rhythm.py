"""Slots, jitter, rests, and what Messages 2 do to Messages 1."""

from dataclasses import replace
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.pacing.pace import CAREFUL_BREAKS, FixedRates, Maturity, Pace, pace_of
from domain.pacing.rhythm import (
    REST_S,
    Rhythm,
    after_message_1,
    after_message_2,
    earliest_message_1,
    hurried,
)
from domain.run_settings import RunSettings
from tests.domain.pacing.accounts import middle, paris, seeded

NOON = paris("2026-06-01T12:00")
STANDARD = pace_of(RunSettings(), Maturity.ESTABLISHED)
CAREFUL = pace_of(RunSettings(), Maturity.YOUNG)
BY_DAY = replace(CAREFUL, night=None)

paces = st.sampled_from(
    (
        STANDARD,
        pace_of(RunSettings(), Maturity.MATURE),
        pace_of(RunSettings(jitter=0.9, delay_s=10), Maturity.ESTABLISHED),
        pace_of(RunSettings(jitter=0), Maturity.ESTABLISHED),
        pace_of(RunSettings(), Maturity.ESTABLISHED, error_factor=4),
        pace_of(RunSettings(), Maturity.YOUNG, fixed=FixedRates(message_1_per_s=50)),
        BY_DAY,
        replace(pace_of(RunSettings(), Maturity.YOUNG, error_factor=2), night=None),
    )
)


def row(pace: Pace, messages: int, random: Random, rhythm: Rhythm | None = None) -> tuple[list[float], Rhythm]:
    """Messages 1 that leave as soon as they may, from noon on."""
    at, times = NOON, []
    rhythm = rhythm or Rhythm()
    for _ in range(messages):
        at = earliest_message_1(rhythm, pace, at)
        rhythm = after_message_1(rhythm, pace, at, random.random)
        times.append(at)
    return times, rhythm


def test_the_first_message_leaves_at_once() -> None:
    """P2: nobody waits for a sender that has sent nothing."""
    assert earliest_message_1(Rhythm(), STANDARD, NOON) == NOON


@pytest.mark.parametrize("number", range(1, 100))
def test_rests_come_after_20_40_60_and_100_messages(number: int) -> None:
    """P8: and each is as long as its rule says."""
    rhythm = Rhythm(in_a_row=number - 1, last_message_1_at=NOON - 20, message_1_at=NOON)
    after = after_message_1(rhythm, CAREFUL, NOON, middle)
    rests = {each.after: each for each in CAREFUL_BREAKS}
    pause = after.rest_until - NOON
    if number in rests:
        assert rests[number].shortest_s <= pause <= rests[number].longest_s
        assert earliest_message_1(after, BY_DAY, NOON) == after.rest_until
    else:
        assert after.rest_until == 0
    assert after.in_a_row == number


def test_after_the_last_rest_a_new_row_begins() -> None:
    """P8: a thousand messages have fifty rests, not four."""
    times, rhythm = row(BY_DAY, 200, seeded(1))
    pauses = [number for number, (a, b) in enumerate(pairwise(times), start=1) if b - a > 100]
    assert pauses == [20, 40, 60, 100, 120, 140, 160]
    assert rhythm.in_a_row == 0


def test_a_row_that_is_longer_than_the_last_rest_allows_ends_at_once() -> None:
    """P8: a sender that changes to the careful profile in the middle of a long row rests too."""
    _, rhythm = row(STANDARD, 300, seeded(1))
    after = after_message_1(rhythm, BY_DAY, rhythm.message_1_at, middle)
    assert after.rest_until - rhythm.message_1_at == 1500
    assert after.in_a_row == 0


@pytest.mark.parametrize(("silence", "in_a_row"), [(REST_S - 1, 13), (REST_S, 1)])
def test_a_long_silence_is_a_rest(silence: float, in_a_row: int) -> None:
    """P8: whoever has written nothing for half an hour has rested."""
    rhythm = Rhythm(in_a_row=12, last_message_1_at=NOON - silence, message_1_at=NOON - 100)
    assert after_message_1(rhythm, CAREFUL, NOON, middle).in_a_row == in_a_row


def test_a_message_that_would_leave_at_night_leaves_in_the_morning() -> None:
    """P1: in the careful profile only."""
    night = paris("2026-06-01T23:00")
    assert earliest_message_1(Rhythm(), CAREFUL, night) == paris("2026-06-02T06:00")
    assert earliest_message_1(Rhythm(), STANDARD, night) == night
    resting = Rhythm(rest_until=night + 60)
    assert earliest_message_1(resting, CAREFUL, night - 60) == paris("2026-06-02T06:00")


def test_after_a_pause_the_missed_slots_are_not_made_up_for() -> None:
    """P2: a sender that was held up goes on at its pace."""
    _, rhythm = row(STANDARD, 10, seeded(1))
    later = rhythm.message_1_at + 3600
    after = after_message_1(rhythm, STANDARD, later, middle)
    assert after.message_1_at - later == pytest.approx(STANDARD.delay_s)


def test_a_message_that_is_a_little_late_does_not_make_the_later_ones_late() -> None:
    """P2: the next slot stays where it is."""
    _, rhythm = row(STANDARD, 10, seeded(1))
    on_time = after_message_1(rhythm, STANDARD, rhythm.message_1_at, middle)
    late = after_message_1(rhythm, STANDARD, rhythm.message_1_at + 1, middle)
    assert late.slot_at == on_time.slot_at


def test_many_short_waits_are_not_made_up_for_either() -> None:
    """P2: a sender that has waited for its quota a little before each message does not hurry afterwards."""
    _, rhythm = row(STANDARD, 10, seeded(1))
    for _ in range(100):
        at = rhythm.message_1_at + 2
        rhythm = after_message_1(rhythm, STANDARD, at, middle)
    times, _ = row(STANDARD, 20, seeded(1), rhythm)
    # It may be late by one delay and its spread, not by two hundred seconds.
    assert times[-1] - at >= 20 * STANDARD.delay_s - (STANDARD.delay_s + 2 * STANDARD.spread_s)


def test_message_2_waits_for_the_one_before_it_only() -> None:
    """E5: and the next Message 1 keeps its distance."""
    _, rhythm = row(STANDARD, 10, seeded(1))
    at = rhythm.message_1_at
    after = after_message_2(rhythm, STANDARD, at)
    assert after.message_2_at == at + STANDARD.reply_gap_s
    assert after.message_1_at == at + STANDARD.min_gap_s
    assert after.slot_at == rhythm.slot_at


def test_a_faster_pace_is_taken_over_at_once() -> None:
    """P11: a slot of the old pace is not waited for."""
    slow = pace_of(RunSettings(), Maturity.ESTABLISHED, error_factor=4)
    _, rhythm = row(slow, 10, seeded(1))
    faster = hurried(rhythm, STANDARD)
    assert faster.message_1_at == rhythm.last_message_1_at + STANDARD.delay_s + STANDARD.spread_s
    assert hurried(faster, STANDARD) == faster
    assert hurried(faster, slow) == faster


def test_a_faster_pace_forgets_no_rest_and_makes_up_for_none() -> None:
    """P5, P8: errors that go away during a rest end neither the rest nor the pace after it."""
    slow = replace(pace_of(RunSettings(), Maturity.YOUNG, error_factor=1.5), night=None)
    times, rhythm = row(slow, 20, seeded(1))
    rhythm = hurried(rhythm, BY_DAY)
    after, _ = row(BY_DAY, 19, seeded(1), rhythm)
    assert after[0] == rhythm.rest_until >= times[-1] + 180
    assert (after[-1] - after[0]) / 18 == pytest.approx(BY_DAY.delay_s, rel=0.05)


def test_a_faster_pace_keeps_the_distance_from_message_2() -> None:
    """P2: also when the last Message 1 was long ago."""
    slow = pace_of(RunSettings(), Maturity.ESTABLISHED, error_factor=4)
    _, rhythm = row(slow, 10, seeded(1))
    reply_at = rhythm.last_message_1_at + 3600
    rhythm = hurried(after_message_2(rhythm, slow, reply_at), STANDARD)
    assert earliest_message_1(rhythm, STANDARD, reply_at) >= reply_at + STANDARD.min_gap_s


@given(paces, st.lists(st.tuples(paces, st.floats(0, 4000), st.booleans()), max_size=60), st.integers(0, 10**6))
def test_a_message_1_keeps_its_distance(pace: Pace, steps: list[tuple[Pace, float, bool]], seed: int) -> None:
    """P2, P5: from whatever was sent before it, by the shorter gap if the pace has changed since."""
    random, rhythm, at = seeded(seed), Rhythm(), NOON
    last, last_gap = 0.0, 0.0
    for then, wait, is_message_2 in steps:
        if then != pace:
            pace, rhythm = then, hurried(rhythm, then)
        if is_message_2:
            at = max(at + wait, rhythm.message_2_at)
            rhythm = after_message_2(rhythm, pace, at)
        else:
            at = earliest_message_1(rhythm, pace, at)
            assert at - last >= min(last_gap, pace.min_gap_s) - 1e-6
            rhythm = after_message_1(rhythm, pace, at, random.random)
        last, last_gap = at, pace.min_gap_s


@given(paces, st.integers(0, 10**6))
def test_gaps_vary_around_the_delay(pace: Pace, seed: int) -> None:
    """P2: never shorter than the shortest one, never longer than the delay and its spread, right on average."""
    times, _ = row(replace(pace, breaks=()), 400, seeded(seed))
    gaps = [b - a for a, b in pairwise(times)]
    assert min(gaps) >= pace.min_gap_s - 1e-6
    assert max(gaps) <= pace.delay_s + pace.spread_s + 1e-6
    assert sum(gaps) / len(gaps) == pytest.approx(pace.delay_s, rel=0.01)
