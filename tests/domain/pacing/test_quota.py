"""The quota, and the places in it that are kept for Message 2."""

from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.pacing.quota import Replies, message_1_limit, replies_to_expect, reply_rate

NOBODY = Replies(waiting=0, replied=0, silent=0)
replies = st.builds(
    Replies, waiting=st.integers(0, 5000), replied=st.integers(0, 5000), silent=st.integers(0, 5000)
)
reserves = st.floats(0, 0.9)


@pytest.mark.parametrize(("reserve", "rate"), [(0, 0), (0.2, 0.25), (0.5, 1), (0.9, 1)])
def test_at_first_the_setting_says_how_many_react(reserve: float, rate: float) -> None:
    """P1: a reserve of a fifth is one reply to every four first messages."""
    assert reply_rate(reserve, NOBODY) == rate


def test_silence_counts_when_the_window_is_over() -> None:
    """P1: contacts that may still react say nothing yet."""
    assert reply_rate(0.2, Replies(waiting=900, replied=0, silent=0)) == 0.25
    assert reply_rate(0.2, Replies(waiting=0, replied=0, silent=900)) == pytest.approx(0.025)
    assert reply_rate(0.2, Replies(waiting=0, replied=450, silent=450)) == pytest.approx(0.475)


def test_two_standard_deviations_are_added_once_for_all_campaigns() -> None:
    """P1: chance evens out over campaigns."""
    one = Replies(waiting=300, replied=0, silent=0)
    assert replies_to_expect(0.2, [one]) == pytest.approx(75 + 2 * sqrt(300 * 3 / 16))
    assert replies_to_expect(0.2, [one, one]) == pytest.approx(150 + 2 * sqrt(600 * 3 / 16))
    assert replies_to_expect(0.2, []) == 0


@pytest.mark.parametrize(
    ("quota", "expected", "limit"),
    [(1000, 0, 1000), (1000, 0.1, 999), (1000, 200, 800), (20, 20, 0), (20, 99, 0)],
)
def test_message_1_leaves_the_expected_replies_alone(quota: int, expected: float, limit: int) -> None:
    """P1: rounded in favour of Message 2, and never below zero."""
    assert message_1_limit(quota, expected) == limit


@given(reserves, replies)
def test_rates_are_shares(reserve: float, known: Replies) -> None:
    """P1: never more replies than contacts, save one for rounding."""
    assert 0 <= reply_rate(reserve, known) <= 1
    expected = replies_to_expect(reserve, [known])
    assert 0 <= expected <= known.waiting + 1


@given(reserves, replies)
def test_more_who_wait_never_means_fewer_replies(reserve: float, known: Replies) -> None:
    """P1: every Message 1 that leaves keeps at least as many places as before."""
    one_more = Replies(waiting=known.waiting + 1, replied=known.replied, silent=known.silent)
    assert replies_to_expect(reserve, [one_more]) >= replies_to_expect(reserve, [known])
