"""Uptime is what somebody has seen, measured from the first sight on (W3)."""

from datetime import UTC, datetime, timedelta

from hypothesis import example, given
from hypothesis import strategies as st

from domain.uptime import BLINK, Span, uptime

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
BLINK_S = int(BLINK.total_seconds())


def at(second: int) -> datetime:
    """A moment."""
    return BEGIN + timedelta(seconds=second)


def span(began: int, seen: int, *, stopped: bool = False) -> Span:
    """In seconds."""
    return Span(began_at=at(began), seen_at=at(seen), stopped=stopped)


SPANS = st.lists(
    st.tuples(st.integers(0, 300), st.integers(0, 120), st.booleans()).map(
        lambda drawn: span(drawn[0], min(300, drawn[0] + drawn[1]), stopped=drawn[2])
    ),
    max_size=8,
)


@given(spans=SPANS, since=st.integers(-50, 300))
@example(spans=[span(0, 0), span(1, 1)], since=0)
def test_downtime_is_every_second_that_nobody_saw(spans: list[Span], since: int) -> None:
    """W3: counted second by second, however the stretches of several processes overlap."""
    measured = uptime(spans, at(since), at(300))
    if not spans:
        assert measured.share is None
        return
    up: set[int] = set()
    for each in spans:
        began, seen = (int((moment - BEGIN).total_seconds()) for moment in (each.began_at, each.seen_at))
        up |= set(range(began, 300 if not each.stopped and 300 - seen <= BLINK_S else seen))
    first = min(int((each.began_at - BEGIN).total_seconds()) for each in spans)
    window = set(range(max(since, first), 300))
    assert measured.measured_s == len(window)
    assert measured.down_s == len(window - up)
    assert 0 <= measured.stopped_s <= measured.down_s
    runs = sum(1 for second in window - up if second - 1 not in window - up)
    assert measured.outages == runs


def test_a_planned_stop_is_downtime_and_is_told_apart_from_a_crash() -> None:
    """W3: 10 s after a stop, 20 s after a crash."""
    measured = uptime([span(0, 100, stopped=True), span(110, 200), span(220, 300)], at(0), at(300))
    assert (measured.down_s, measured.stopped_s, measured.outages) == (30, 10, 2)
    assert measured.share == 0.9


def test_a_process_that_takes_over_before_the_other_ends_leaves_no_gap() -> None:
    """A rolling deployment: the new one was seen 4 s ago, the old one has just stopped."""
    measured = uptime([span(0, 299, stopped=True), span(250, 296)], at(0), at(300))
    assert (measured.down_s, measured.outages) == (0, 0)


def test_an_outage_that_lasts_counts_until_now() -> None:
    """And one that began before the window counts within it alone."""
    measured = uptime([span(0, 100)], at(200), at(300))
    assert (measured.measured_s, measured.down_s, measured.outages) == (100, 100, 1)
