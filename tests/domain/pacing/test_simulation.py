"""The simulated sender at its edges."""

from datetime import time
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.pacing.maturity import History
from domain.pacing.night import Night
from domain.pacing.pace import Maturity
from domain.pacing.quota import COUNTED_S, Replies
from domain.pacing.rhythm import Rhythm
from domain.pacing.simulation import Hold, SimulatedSender, _Nights
from domain.run_settings import RunSettings
from tests.domain.pacing.accounts import ESTABLISHED, NEW, PARIS, middle, paris, seeded

NOON = paris("2026-06-01T12:00")


def sender(at: float = NOON, history: History = ESTABLISHED, **settings: object) -> SimulatedSender:
    """A sender that has sent nothing yet."""
    return SimulatedSender(at=at, settings=RunSettings(**settings), history=history)  # type: ignore[arg-type]


def test_the_quota_opens_when_the_oldest_message_is_a_day_and_a_minute_old() -> None:
    """P1: for both kinds, and at that moment."""
    tested = sender(quota_per_day=3, message_2_reserve=0)
    for number in range(3):
        tested.send_message_1(NOON + 100 * number, middle)
    later = NOON + 1000
    assert tested.message_1_at(later) == tested.message_2_at(later) == NOON + COUNTED_S
    assert tested.counted(NOON + COUNTED_S - 0.001) == 3
    assert tested.counted(NOON + COUNTED_S) == 2


def test_messages_1_never_take_the_places_of_replies() -> None:
    """P1, E5: not even when nothing else is left."""
    waiting = {"one": Replies(waiting=4, replied=0, silent=0)}
    tested = SimulatedSender(
        at=NOON, settings=RunSettings(quota_per_day=3), history=ESTABLISHED, replies=waiting
    )
    assert tested.message_1_at(NOON) == inf
    assert tested.message_2_at(NOON) == NOON
    tested.fall_silent("one")
    tested.fall_silent("one")
    assert tested.message_1_at(NOON) == NOON


def test_a_message_2_that_is_due_keeps_its_place_until_it_leaves() -> None:
    """P1, E5: from the reaction on it is certain, not only probable."""
    tested = sender(message_2_reserve=0)
    tested.send_message_1(NOON, middle, "one")
    before = tested.expected_replies
    tested.reply("one")
    assert tested.expected_replies == before + 1
    tested.send_message_2(NOON + 1)
    assert tested.expected_replies == before


def test_four_messages_of_both_kinds_a_minute() -> None:
    """P2: a careful sender's Message 1 waits, its Message 2 does not."""
    tested = SimulatedSender(
        at=NOON,
        settings=RunSettings(profile="careful"),
        history=ESTABLISHED,
        sent=[NOON - 30, NOON - 20, NOON - 10, NOON - 1],
    )
    assert tested.message_1_at(NOON) == NOON + 30
    assert tested.message_2_at(NOON) == NOON


def test_the_warm_up_goes_on_at_midnight() -> None:
    """P1: the quota of a young account grows with the days on which it has sent."""
    at = paris("2026-06-01T10:00")
    tested = SimulatedSender(at=at, settings=RunSettings(message_2_reserve=0), history=NEW)
    for number in range(20):
        tested.send_message_1(at + 60 * number, middle)
    assert tested.quota == 20
    morning = tested.message_1_at(at + 3600)
    assert morning == paris("2026-06-02T06:00")  # 50 messages are allowed, but not at night
    tested.send_message_1(morning, middle)
    assert tested.quota == 50
    assert tested.history == History(age_days=1, sending_days=1, messages=21, failures=0)


def test_an_account_becomes_established_with_the_days() -> None:
    """P3: and faster at that moment."""
    almost = History(age_days=13, sending_days=5, messages=500, failures=0)
    tested = sender(NOON, almost)
    assert tested.pace.delay_s == 22.5
    tested.message_1_at(NOON + 86400)
    assert tested.pace.delay_s == 5
    assert tested.history.age_days == 14


def test_a_maturity_set_by_a_person_stays() -> None:
    """P3: whatever the history says."""
    tested = SimulatedSender(at=NOON, settings=RunSettings(), history=NEW, maturity=Maturity.MATURE)
    tested.message_1_at(NOON + 5 * 86400)
    assert tested.pace.delay_s == 3


def test_errors_slow_it_down_and_their_absence_is_noticed_at_once() -> None:
    """P5, P11: the slot of the slow pace is not waited for."""
    tested = sender()
    tested.adapt(NOON, 4.0)
    tested.send_message_1(NOON, middle)
    assert tested.message_1_at(NOON) == NOON + 20
    tested.adapt(NOON + 1, 1.0)
    assert tested.message_1_at(NOON + 1) == NOON + 7


def test_a_refused_message_takes_a_slot_and_no_place() -> None:
    """E4, P1: what the provider has turned down does not count."""
    tested = sender()
    tested.refuse_message_1(NOON, middle)
    assert tested.counted(NOON) == 0
    assert tested.message_1_at(NOON) == NOON + 5


def test_what_a_message_1_waits_for() -> None:
    """P6: in the order in which it was waited for, up to the last second."""
    tested = SimulatedSender(
        at=NOON,
        settings=RunSettings(profile="careful"),
        history=ESTABLISHED,
        rhythm=Rhythm(rest_until=NOON + 100, slot_at=NOON + 100, message_1_at=NOON + 110),
    )
    holds = list(tested.holds(NOON, NOON + 200, paused_until=NOON + 150))
    assert holds == [(Hold.REST, 100), (Hold.PACE, 10), (Hold.BATCH_PAUSE, 40), (Hold.QUOTA, 50)]


def test_messages_2_in_between_do_not_hide_what_a_message_1_waits_for() -> None:
    """P6: they put it off by their distance, not by all the time until then."""
    tested = sender(paris("2026-06-01T22:59:50"), profile="careful")
    since = paris("2026-06-01T22:59:50")
    tested.send_message_1(since, middle)
    tested.send_message_2(since + 3 * 3600)
    morning = tested.message_1_at(since + 3 * 3600)
    holds = dict(tested.holds(since, morning))
    assert set(holds) == {Hold.PACE, Hold.NIGHT}
    assert holds[Hold.PACE] <= 35
    assert sum(holds.values()) == morning - since


@pytest.mark.parametrize("ask", ["message_1_at", "message_2_at"])
def test_never_is_never(ask: str) -> None:
    """P9: a sender that is asked about never answers never."""
    assert getattr(sender(), ask)(inf) == inf


@given(
    st.builds(time, st.integers(0, 23), st.sampled_from((0, 30))),
    st.builds(time, st.integers(0, 23), st.sampled_from((0, 30))),
    st.floats(paris("2026-01-01T00:00"), paris("2026-12-31T00:00")),
    st.integers(0, 10**6),
)
def test_remembered_nights_are_the_real_ones(starts: time, ends: time, at: float, seed: int) -> None:
    """P1: over days on which the clock is changed as well."""
    night = Night(starts, ends, PARIS)
    remembered, random = _Nights(night), seeded(seed)
    for _ in range(100):
        assert remembered.over(at) == night.over(at)
        at += random.expovariate(1 / 1800)
