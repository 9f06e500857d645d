"""How much of its quota a sender may use now: never more than the quota in any 24 hours (P1), and a reserve for
Message 2, so that nobody who reacts is left without an answer because of those who were written to first.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil, sqrt

DAY_S = 24 * 3600.0
# The provider counts a message when it arrives there, at most a POST's time limit after we did: with this
# margin its own 24 hours never hold more than ours.
MARGIN_S = 60.0
COUNTED_S = DAY_S + MARGIN_S
PRIOR_CONTACTS = 100  # how many decided contacts it takes until they say as much as the setting


@dataclass(frozen=True, kw_only=True, slots=True)
class Replies:
    """What is known of the replies to one campaign, as far as one sender is concerned."""

    waiting: int  # contacts in their window
    replied: int
    silent: int  # contacts whose window ended without a reply in time


def reply_rate(reserve: float, replies: Replies) -> float:
    """The expected share of contacts who react in time, from 0 to 1.

    Starts from the setting: a reserve of 20 % of all messages is one reply to every four first messages. Only
    contacts whose fate is decided count, so that silence in the first hours proves nothing.
    """
    prior = min(1.0, reserve / (1 - reserve))
    decided = replies.replied + replies.silent
    return (PRIOR_CONTACTS * prior + replies.replied) / (PRIOR_CONTACTS + decided)


def replies_to_expect(reserve: float, campaigns: Iterable[Replies]) -> float:
    """How many Messages 2 may still be due: the expected number, and two standard deviations more."""
    expected = variance = 0.0
    for replies in campaigns:
        rate = reply_rate(reserve, replies)
        expected += rate * replies.waiting
        variance += rate * (1 - rate) * replies.waiting
    return expected + 2 * sqrt(variance)


def message_1_limit(quota: int, expected_replies: float) -> int:
    """From how many messages in 24 hours on no Message 1 may leave. Message 2 may use the whole quota."""
    return max(0, quota - ceil(expected_replies))
