"""What a sender may do and why: every rule, applied to facts."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.pacing.assessment import (
    HEADROOM,
    LOOK_AGAIN_BUSY_S,
    LOOK_AGAIN_FULL_S,
    LOOK_AGAIN_IDLE_S,
    SHORT_S,
    Facts,
    PaceState,
    assess,
    quota_of,
)
from domain.pacing.errors import LARGEST_FACTOR, SAMPLE, Outcomes
from domain.pacing.maturity import WARM_UP, History
from domain.pacing.pace import FixedRates, Maturity, Profile
from domain.pacing.quota import Replies, message_1_limit
from domain.pacing.rhythm import Rhythm
from domain.run_settings import RunSettings
from tests.domain.pacing.accounts import ESTABLISHED, MATURE, NEW, paris

NOON = paris("2026-06-01T12:00")
MIDNIGHT = paris("2026-06-02T00:00")
MORNING = paris("2026-06-02T06:00")
FACTS = Facts(
    at=NOON,
    status="active",
    status_reason=None,
    pause_scope=None,
    held_until=None,
    settings=RunSettings(),
    fixed=FixedRates(),
    maturity=None,
    history=ESTABLISHED,
    rhythm=Rhythm(),
    error_factor=1.0,
    outcomes=Outcomes(finished=0, failed=0),
    failed_in_a_row=0,
    failed_in_ten_minutes=0,
    sent_in_a_day=0,
)
LARGE = {"largest_campaign": 500, "open_campaigns": 1}
BAD = Outcomes(finished=100, failed=6)
GOOD = Outcomes(finished=100, failed=0)


def facts(**changes: Any) -> Facts:
    """An established account at noon, and what is different about it."""
    return replace(FACTS, **changes)


def resting(until: float) -> Rhythm:
    """A sender that rests until then."""
    return Rhythm(rest_until=until, message_1_at=until)


# What it does, and why

STATES: list[tuple[dict[str, Any], PaceState, str, float | None]] = [
    ({}, PaceState.SENDING, "standard profile, a message every 5 s", None),
    ({"history": MATURE}, PaceState.SENDING, "standard profile, a message every 3 s", None),
    ({"history": NEW}, PaceState.SENDING, "careful profile, a message every 22.5 s", None),
    (
        {"history": NEW, "maturity": Maturity.MATURE},
        PaceState.SENDING,
        "standard profile, a message every 3 s",
        None,
    ),
    (
        {"fixed": FixedRates(message_1_per_s=4)},
        PaceState.SENDING,
        "fixed profile, a message every 0.25 s",
        None,
    ),
    (
        {"error_factor": 1.5},
        PaceState.SENDING,
        "standard profile, a message every 7.5 s, 1.5 times as long as usual because of errors",
        None,
    ),
    ({"rhythm": resting(NOON + 60)}, PaceState.RESTING, "a rest after many messages in a row", NOON + 60),
    ({"rhythm": resting(NOON + SHORT_S)}, PaceState.SENDING, "standard profile, a message every 5 s", None),
    ({"sent_in_a_day": 1000}, PaceState.QUOTA, "1000 of 1000 messages sent in 24 hours", None),
    ({"sent_in_a_day": 999}, PaceState.SENDING, "standard profile, a message every 5 s", None),
    (
        {"sent_in_a_day": 950, "replies": [Replies(waiting=200, replied=0, silent=0)]},
        PaceState.QUOTA,
        "950 of 1000 messages sent in 24 hours, room for 62 replies is kept",
        None,
    ),
    ({"history": NEW, "at": MIDNIGHT}, PaceState.NIGHT, "night", MORNING),
    (
        {"history": NEW, "at": MORNING - SHORT_S},
        PaceState.SENDING,
        "careful profile, a message every 22.5 s",
        None,
    ),
    ({"at": MIDNIGHT}, PaceState.SENDING, "standard profile, a message every 5 s", None),
    ({"held_until": NOON + 5}, PaceState.BREAK, "the gateway asked for a break", NOON + 5),
    ({"held_until": NOON}, PaceState.SENDING, "standard profile, a message every 5 s", None),
    ({"status": "paused", "pause_scope": "message_1"}, PaceState.PAUSED, "paused by a person", None),
    ({"status": "paused", "pause_scope": "all"}, PaceState.PAUSED, "paused by a person", None),
    ({"open_campaigns": 2, "paused_campaigns": 2}, PaceState.PAUSED, "all its campaigns are paused", None),
    (
        {"open_campaigns": 2, "paused_campaigns": 1},
        PaceState.SENDING,
        "standard profile, a message every 5 s",
        None,
    ),
    ({"status": "stopped", "status_reason": "blocked"}, PaceState.STOPPED, "blocked", None),
    ({"status": "stopped"}, PaceState.STOPPED, "stopped", None),
    ({"history": NEW, "failed_in_a_row": 3}, PaceState.STOPPED, "3 messages failed in a row", None),
    (
        {"history": NEW, "failed_in_ten_minutes": 5},
        PaceState.STOPPED,
        "5 messages failed within ten minutes",
        None,
    ),
]


@pytest.mark.parametrize(("changes", "state", "reason", "opens_at"), STATES)
def test_every_state_has_its_reason(
    changes: dict[str, Any], state: PaceState, reason: str, opens_at: float | None
) -> None:
    """P6: what a sender does is told with why, and with when it goes on if it does so by itself."""
    decided = assess(facts(**changes))
    assert (decided.state, decided.reason, decided.opens_at) == (state, reason, opens_at)


def test_of_two_reasons_the_one_that_lasts_is_told() -> None:
    """P6: a stop before a pause, a pause before a break, a break before what the rules close."""
    closed: dict[str, Any] = {
        "history": NEW,
        "at": MIDNIGHT,
        "rhythm": resting(MIDNIGHT + 60),
        "sent_in_a_day": 1000,
    }
    states = [assess(facts(**closed)).state]
    steps: list[dict[str, Any]] = [
        {"held_until": MIDNIGHT + 30},
        {"status": "paused", "pause_scope": "all"},
        {"failed_in_a_row": 3},
    ]
    for step in steps:
        closed |= step
        states.append(assess(facts(**closed)).state)
    assert states == [PaceState.RESTING, PaceState.BREAK, PaceState.PAUSED, PaceState.STOPPED]


def test_a_night_that_follows_a_rest_ends_with_the_night() -> None:
    """P2: the moment at which it goes on is the moment of the next Message 1."""
    evening = paris("2026-06-01T22:59")
    decided = assess(facts(history=NEW, at=evening + 120, rhythm=resting(evening + 125)))
    assert (decided.state, decided.opens_at) == (PaceState.NIGHT, MORNING)


# The queues


@pytest.mark.parametrize(("changes", "state", "reason", "opens_at"), STATES)
def test_the_queue_of_message_1_is_open_only_while_it_sends(
    changes: dict[str, Any], state: PaceState, reason: str, opens_at: float | None
) -> None:
    """P2: with room for what turns out not to be sendable, at any delay."""
    decided = assess(facts(**changes))
    expected = HEADROOM / decided.pace.delay_s if state is PaceState.SENDING else 0
    assert decided.message_1_queue_per_s == pytest.approx(expected)


@pytest.mark.parametrize(("changes", "state", "reason", "opens_at"), STATES)
def test_the_queue_of_message_2_closes_neither_at_night_nor_in_a_rest(
    changes: dict[str, Any], state: PaceState, reason: str, opens_at: float | None
) -> None:
    """E5: whoever reacts is answered within seconds, also at night, in a rest or with little quota left."""
    decided = assess(facts(**changes))
    full = changes.get("sent_in_a_day", 0) >= decided.quota
    closed = state is PaceState.STOPPED or full or changes.get("pause_scope") == "all"
    assert decided.message_2_queue_per_s == pytest.approx(0 if closed else HEADROOM * 10)


@pytest.mark.parametrize(("sent", "is_open"), [(999, True), (1000, False), (1001, False)])
def test_a_quota_without_any_room_closes_the_queue_of_message_2_too(sent: int, is_open: bool) -> None:
    """P1: else each that waits would be tried and refused every few seconds. It looks often for room."""
    decided = assess(facts(sent_in_a_day=sent, open_campaigns=1))
    assert (decided.message_2_queue_per_s > 0) is is_open
    assert decided.look_again_s == (LOOK_AGAIN_BUSY_S if is_open else LOOK_AGAIN_FULL_S)
    assert decided.state is PaceState.QUOTA if not is_open else decided.message_1_queue_per_s >= 0


def test_a_full_quota_is_looked_at_often_also_in_a_rest() -> None:
    """E5: room may come before the rest is over, and Message 2 does not rest."""
    decided = assess(facts(sent_in_a_day=1000, open_campaigns=1, rhythm=resting(NOON + 600)))
    assert decided.message_2_queue_per_s == 0
    assert decided.look_again_s == LOOK_AGAIN_FULL_S


def test_the_rates_that_a_person_sets_are_those_of_the_queues() -> None:
    """P2, E5: a fixed rate of Message 2, or the setting."""
    fixed = FixedRates(message_1_per_s=2, message_2_per_s=30)
    decided = assess(facts(fixed=fixed))
    assert (decided.message_1_queue_per_s, decided.message_2_queue_per_s) == pytest.approx((4, 60))
    slower = assess(facts(settings=RunSettings(message_2_rate_per_s=0.5, delay_s=8)))
    assert (slower.message_1_queue_per_s, slower.message_2_queue_per_s) == pytest.approx((0.25, 1))


# Errors


@pytest.mark.parametrize(
    ("largest", "factor", "outcomes", "then"),
    [
        (499, 1.0, BAD, 1.0),
        (500, 1.0, BAD, 1.5),
        (10_000, 1.5, BAD, 2.25),
        (500, 3.5, BAD, LARGEST_FACTOR),
        (500, LARGEST_FACTOR, BAD, LARGEST_FACTOR),
        (500, 1.0, GOOD, 1.0),
        (500, 2.0, GOOD, 1.8),
        (0, 2.0, GOOD, 1.8),  # its campaign has ended: what is left goes back all the same
        (500, 1.0, Outcomes(finished=SAMPLE - 1, failed=SAMPLE - 1), 1.0),
        (500, 1.0, Outcomes(finished=100, failed=5), 1.0),
    ],
)
def test_the_delay_adapts_in_large_campaigns(
    largest: int, factor: float, outcomes: Outcomes, then: float
) -> None:
    """P4, P5: from 500 contacts on, by half for more than 5 % errors, at most four times, and back in steps."""
    decided = assess(facts(largest_campaign=largest, error_factor=factor, outcomes=outcomes))
    assert decided.error_factor == pytest.approx(then)
    assert decided.pace.delay_s == pytest.approx(5 * then)


def test_threshold_and_size_are_settings() -> None:
    """P4, P5, P11: both count at once."""
    settings = RunSettings(adaptive_from_contacts=10, error_threshold=0.5)
    half = Outcomes(finished=100, failed=50)
    assert assess(facts(settings=settings, largest_campaign=10, outcomes=half)).error_factor == 1
    more = Outcomes(finished=100, failed=51)
    assert assess(facts(settings=settings, largest_campaign=10, outcomes=more)).error_factor == 1.5
    assert assess(facts(settings=settings, largest_campaign=9, outcomes=more)).error_factor == 1


def test_a_bad_hour_is_made_good_step_by_step() -> None:
    """P5: each look takes a little back, down to the usual delay and no further."""
    delays, factor = [], LARGEST_FACTOR
    for _ in range(20):
        decided = assess(facts(**LARGE, error_factor=factor, outcomes=GOOD))
        delays.append(decided.pace.delay_s)
        factor = decided.error_factor
    assert delays == sorted(delays, reverse=True)
    assert delays[0] == pytest.approx(18)
    assert delays[-1] == 5


@pytest.mark.parametrize(
    ("outcomes", "rate"),
    [(BAD, 0.06), (Outcomes(finished=SAMPLE, failed=1), 0.05), (Outcomes(finished=SAMPLE - 1, failed=9), None)],
)
def test_an_error_rate_needs_enough_messages(outcomes: Outcomes, rate: float | None) -> None:
    """P12: too few say nothing."""
    assert assess(facts(outcomes=outcomes)).error_rate == rate


@pytest.mark.parametrize(
    ("changes", "stops"),
    [
        ({"history": NEW}, True),
        ({"settings": RunSettings(profile="careful")}, True),
        ({"maturity": Maturity.YOUNG}, True),
        ({}, False),
        ({"history": MATURE}, False),
        ({"history": NEW, "settings": RunSettings(profile="standard")}, False),
        ({"history": NEW, "fixed": FixedRates(message_1_per_s=1)}, False),
        ({"history": NEW, "status": "stopped", "status_reason": "blocked"}, False),  # it stands already
        ({"history": NEW, "status": "paused", "pause_scope": "all"}, True),
    ],
)
def test_only_a_careful_sender_stops_because_of_failures(changes: dict[str, Any], stops: bool) -> None:
    """P12: a list with some wrong numbers must not stop an established account."""
    decided = assess(facts(**changes, failed_in_a_row=3, failed_in_ten_minutes=5))
    assert decided.stop == ("3 messages failed in a row" if stops else None)
    assert (decided.state is PaceState.STOPPED) == (stops or changes.get("status") == "stopped")


# Quota and replies


@pytest.mark.parametrize(
    ("maturity", "profile", "sending_days", "quota"),
    [
        *((Maturity.YOUNG, Profile.CAREFUL, day, quota) for day, quota in enumerate(WARM_UP)),
        (Maturity.YOUNG, Profile.CAREFUL, 30, 1000),
        (Maturity.YOUNG, Profile.STANDARD, 0, 1000),
        (Maturity.YOUNG, Profile.FIXED, 0, 1000),
        (Maturity.ESTABLISHED, Profile.CAREFUL, 0, 1000),
        (Maturity.MATURE, Profile.STANDARD, 0, 1000),
    ],
)
def test_a_young_account_warms_up(maturity: Maturity, profile: Profile, sending_days: int, quota: int) -> None:
    """P1: day by day on which it has sent, in the careful profile."""
    assert quota_of(RunSettings(), maturity, profile, sending_days) == quota
    assert quota_of(RunSettings(quota_per_day=30), maturity, profile, sending_days) == min(30, quota)


def test_before_anything_is_known_the_reserve_decides() -> None:
    """P1, E5: a reserve of a fifth is one reply to four Messages 1; windows that end in silence lower it."""
    nobody = assess(FACTS)
    assert (nobody.reply_rate, nobody.expected_replies) == (0.25, 0)
    waiting = assess(facts(replies=[Replies(waiting=100, replied=0, silent=0)]))
    assert waiting.expected_replies == pytest.approx(25 + 2 * (100 * 0.25 * 0.75) ** 0.5)
    silent = assess(facts(replies=[Replies(waiting=100, replied=0, silent=900)]))
    assert silent.reply_rate == pytest.approx(0.025)
    assert silent.expected_replies < waiting.expected_replies / 4


# The next look


@pytest.mark.parametrize(
    ("changes", "seconds"),
    [
        ({}, LOOK_AGAIN_IDLE_S),
        ({"open_campaigns": 1}, LOOK_AGAIN_BUSY_S),
        ({"replies": [Replies(waiting=1, replied=0, silent=0)]}, LOOK_AGAIN_BUSY_S),
        ({"replies": [Replies(waiting=0, replied=5, silent=5)]}, LOOK_AGAIN_IDLE_S),
        ({"rhythm": resting(NOON + 42)}, 42),
        ({"rhythm": resting(NOON + 4000)}, LOOK_AGAIN_IDLE_S),
        ({"held_until": NOON + 0.01}, 0.1),
        ({"status": "paused", "pause_scope": "all", "open_campaigns": 1}, LOOK_AGAIN_BUSY_S),
    ],
)
def test_it_looks_again_in_time(changes: dict[str, Any], seconds: float) -> None:
    """P6, P12: when something is to open, and otherwise more often while there is work."""
    assert assess(facts(**changes)).look_again_s == pytest.approx(seconds)


# Whatever the facts are

_counts = st.integers(0, 2000)
_moments = st.one_of(st.just(0.0), st.floats(NOON - 1e5, NOON + 1e5))
_replies = st.builds(Replies, waiting=_counts, replied=_counts, silent=_counts)
_settings = st.builds(
    RunSettings,
    profile=st.sampled_from(["auto", "standard", "careful"]),
    delay_s=st.floats(2, 10),
    mature_delay_s=st.floats(2, 10),
    careful_delay_s=st.floats(15, 30),
    jitter=st.floats(0, 0.9),
    quota_per_day=st.integers(1, 5000),
    message_2_reserve=st.floats(0, 0.9),
    message_2_rate_per_s=st.floats(0.01, 1000),
    adaptive_from_contacts=st.integers(1, 1000),
    error_threshold=st.floats(0.01, 1),
)
_people = st.sampled_from(
    [("active", None), ("paused", "message_1"), ("paused", "all"), ("stopped", None)],
)


@st.composite
def _facts(draw: st.DrawFn) -> Facts:
    status, scope = draw(_people)
    finished, opened = draw(_counts), draw(st.integers(0, 5))
    return Facts(
        at=draw(st.floats(NOON - 1e5, NOON + 1e5)),
        status=status,
        status_reason=draw(st.sampled_from([None, "blocked"])) if status == "stopped" else None,
        pause_scope=scope,
        held_until=draw(st.none() | _moments),
        settings=draw(_settings),
        fixed=FixedRates(
            message_1_per_s=draw(st.none() | st.floats(0.001, 5000)),
            message_2_per_s=draw(st.none() | st.floats(0.001, 5000)),
        ),
        maturity=draw(st.none() | st.sampled_from(Maturity)),
        history=draw(
            st.builds(History, age_days=_counts, sending_days=_counts, messages=_counts, failures=_counts)
        ),
        rhythm=draw(st.builds(Rhythm, message_1_at=_moments, rest_until=_moments)),
        error_factor=draw(st.floats(1, LARGEST_FACTOR)),
        outcomes=Outcomes(finished=finished, failed=draw(st.integers(0, finished))),
        failed_in_a_row=draw(st.integers(0, 10)),
        failed_in_ten_minutes=draw(st.integers(0, 10)),
        sent_in_a_day=draw(_counts),
        replies=draw(st.lists(_replies, max_size=3)),
        largest_campaign=draw(_counts),
        open_campaigns=opened,
        paused_campaigns=draw(st.integers(0, opened)),
    )


@given(_facts())
def test_a_decision_keeps_all_rules(known: Facts) -> None:
    """P1, P2, P5, P6: whatever comes together."""
    decided = assess(known)
    assert decided.reason
    assert (decided.message_1_queue_per_s > 0) == (decided.state is PaceState.SENDING)
    assert (decided.message_2_queue_per_s == 0) == (
        decided.state is PaceState.STOPPED or known.pause_scope == "all" or known.sent_in_a_day >= decided.quota
    )
    assert 0.1 <= decided.look_again_s <= LOOK_AGAIN_IDLE_S
    assert decided.opens_at is None or decided.opens_at > known.at
    assert 0 < decided.quota <= known.settings.quota_per_day
    assert 1 <= decided.error_factor <= LARGEST_FACTOR
    assert decided.error_factor <= known.error_factor * 1.5
    assert 0 <= decided.reply_rate <= 1
    if decided.state is PaceState.SENDING:
        assert known.status == "active"
        assert known.sent_in_a_day < message_1_limit(decided.quota, decided.expected_replies)
        assert known.rhythm.rest_until <= known.at + SHORT_S
    if decided.stop:
        assert decided.pace.profile is Profile.CAREFUL
        assert decided.state is PaceState.STOPPED
    if known.status == "stopped":
        assert decided.state is PaceState.STOPPED
