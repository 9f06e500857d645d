"""Who reacted in time."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.reply_window import ReplyWindow

SENT_AT = datetime(2026, 3, 28, 10, 0, tzinfo=UTC)
DAY = timedelta(hours=24)
GRACE = timedelta(seconds=60)
INSTANT = timedelta(milliseconds=1)
WINDOW = ReplyWindow(sent_at=SENT_AT, length=DAY, grace=GRACE)

_moments = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
_lengths = st.timedeltas(timedelta(seconds=1), timedelta(days=30))
_graces = st.timedeltas(timedelta(0), timedelta(minutes=10))
_offsets = st.timedeltas(timedelta(days=-2), timedelta(days=40))


@pytest.mark.parametrize(
    ("after", "is_in_time"),
    [
        (timedelta(0), True),
        (timedelta(seconds=5), True),
        (DAY - INSTANT, True),
        (DAY, False),
        (DAY + INSTANT, False),
        (timedelta(days=3), False),
    ],
)
def test_the_last_millisecond_counts_and_the_full_day_does_not(after: timedelta, is_in_time: bool) -> None:
    """E2, E6."""
    moment = SENT_AT + after
    assert WINDOW.admits(occurred_at=moment, received_at=moment) is is_in_time


def test_a_reaction_in_time_counts_though_its_webhook_lands_within_the_grace() -> None:
    """E6."""
    last = SENT_AT + DAY - INSTANT
    assert WINDOW.admits(occurred_at=last, received_at=last + GRACE)
    assert WINDOW.admits(occurred_at=last, received_at=WINDOW.settles_at)


def test_a_webhook_that_lands_after_the_grace_earns_nothing() -> None:
    """E6."""
    assert not WINDOW.admits(occurred_at=SENT_AT, received_at=WINDOW.settles_at + INSTANT)


def test_a_reaction_that_seems_to_precede_message_1_counts() -> None:
    """E2: the times of the provider have whole seconds, and clocks differ."""
    assert WINDOW.admits(occurred_at=SENT_AT - timedelta(seconds=1), received_at=SENT_AT)


def test_the_window_does_not_care_how_a_time_zone_writes_the_moment() -> None:
    """E2: on the night when clocks change, a day still has 24 hours."""
    paris_after = timezone(timedelta(hours=2))
    last = (SENT_AT + DAY - INSTANT).astimezone(paris_after)
    assert WINDOW.admits(occurred_at=last, received_at=last)
    assert not WINDOW.admits(occurred_at=last + INSTANT, received_at=last + INSTANT)


@given(_moments, _lengths, _graces, _offsets)
def test_inside_means_before_the_end_of_the_window(
    sent_at: datetime, length: timedelta, grace: timedelta, offset: timedelta
) -> None:
    """E6: property 6 of document 003."""
    occurred_at = sent_at + offset
    window = ReplyWindow(sent_at=sent_at, length=length, grace=grace)
    is_inside = window.admits(occurred_at=occurred_at, received_at=min(occurred_at, window.settles_at))
    assert is_inside is (occurred_at < sent_at + length)


@given(_moments, _lengths, _graces, _offsets, st.timedeltas(timedelta(0), timedelta(days=2)))
def test_the_window_is_settled_for_good(
    sent_at: datetime, length: timedelta, grace: timedelta, offset: timedelta, delay: timedelta
) -> None:
    """E12: what lands after the grace never counts, what lands before it is decided by its own time."""
    window = ReplyWindow(sent_at=sent_at, length=length, grace=grace)
    occurred_at = sent_at + offset
    received_at = occurred_at + delay
    expected = occurred_at < window.ends_at and received_at <= window.settles_at
    assert window.admits(occurred_at=occurred_at, received_at=received_at) is expected
    assert window.settles_at - window.ends_at == grace
