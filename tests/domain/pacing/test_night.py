"""Nights by the clock on the wall."""

from datetime import datetime, time
from random import Random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain.pacing.night import Night
from tests.domain.pacing.accounts import PARIS, paris

OVER_MIDNIGHT = Night.of("23:00", "06:00", "Europe/Paris")
AFTER_MIDNIGHT = Night.of("01:00", "05:00", "Europe/Paris")
NONE = Night.of("00:00", "00:00", "Europe/Paris")

hours = st.builds(time, st.integers(0, 23), st.sampled_from((0, 1, 30, 59)))
moments = st.floats(paris("2026-01-01T00:00"), paris("2027-12-31T00:00"))
IN_THE_HOUR_THAT_COMES_TWICE = paris("2026-10-25T02:10") + 3600


@pytest.mark.parametrize(
    ("night", "at", "over"),
    [
        (OVER_MIDNIGHT, "2026-06-01T22:59:59", "2026-06-01T22:59:59"),
        (OVER_MIDNIGHT, "2026-06-01T23:00", "2026-06-02T06:00"),
        (OVER_MIDNIGHT, "2026-06-02T00:00", "2026-06-02T06:00"),
        (OVER_MIDNIGHT, "2026-06-02T05:59:59", "2026-06-02T06:00"),
        (OVER_MIDNIGHT, "2026-06-02T06:00", "2026-06-02T06:00"),
        (AFTER_MIDNIGHT, "2026-06-02T00:59", "2026-06-02T00:59"),
        (AFTER_MIDNIGHT, "2026-06-02T01:00", "2026-06-02T05:00"),
        (AFTER_MIDNIGHT, "2026-06-02T05:00", "2026-06-02T05:00"),
        (NONE, "2026-06-02T00:00", "2026-06-02T00:00"),
    ],
)
def test_a_night_includes_its_beginning_and_not_its_end(night: Night, at: str, over: str) -> None:
    """P1: a careful sender rests from the first second of the night to its last."""
    assert night.over(paris(at)) == paris(over)


@pytest.mark.parametrize(("evening", "hours_of_rest"), [("2026-03-28T23:00", 6), ("2026-10-24T23:00", 8)])
def test_a_night_in_which_the_clock_is_changed_ends_by_the_clock(evening: str, hours_of_rest: int) -> None:
    """P1: at six in the morning, after an hour less or more of sleep."""
    assert OVER_MIDNIGHT.over(paris(evening)) - paris(evening) == hours_of_rest * 3600


@pytest.mark.parametrize("zone", ["Europe/Atlantis", "../etc/passwd", ""])
def test_an_unknown_time_zone_is_refused(zone: str) -> None:
    """P11: settings that mean nothing are refused."""
    with pytest.raises(ValueError, match=r"."):
        Night.of("23:00", "06:00", zone)


@given(hours, hours, moments)
@example(time(23), time(2, 30), IN_THE_HOUR_THAT_COMES_TWICE)
@example(time(23), time(2, 30), paris("2026-03-28T23:00"))
def test_a_night_is_over_when_it_is_over(starts: time, ends: time, at: float) -> None:
    """P1: never before the moment that was asked about, never in the night, and within a day."""
    night = Night(starts, ends, PARIS)
    over = night.over(at)
    assert at <= over <= at + 25 * 3600
    assert night.over(over) == over


@given(hours, hours, moments, st.randoms(use_true_random=False))
def test_moments_on_the_same_side_of_a_night_get_the_same_answer(
    starts: time, ends: time, at: float, random: Random
) -> None:
    """P1: all of a night ends at the same moment, on a day on which no clock is changed."""
    night = Night(starts, ends, PARIS)
    over = night.over(at)
    if over > at and _offset(at) == _offset(over):
        assert night.over(random.uniform(at, over - 1e-3)) == over


def _offset(at: float) -> object:
    return datetime.fromtimestamp(at, PARIS).utcoffset()
