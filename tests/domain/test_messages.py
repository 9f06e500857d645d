"""How far a message got: only forward."""

from functools import reduce
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.messages import MessageStatus, moves_forward

ARRIVAL = [MessageStatus.SENT, MessageStatus.DELIVERED, MessageStatus.READ]
FINAL = [MessageStatus.READ, MessageStatus.CANCELLED]

_news = st.lists(st.sampled_from(MessageStatus), max_size=20)


def _after(current: MessageStatus, news: MessageStatus) -> MessageStatus:
    return news if moves_forward(current, news) else current


@given(_news)
def test_a_message_never_goes_back(news: list[MessageStatus]) -> None:
    status, seen = MessageStatus.PENDING, {MessageStatus.PENDING}
    for item in news:
        if moves_forward(status, item):
            assert item not in seen
            status = item
            seen.add(item)


@given(st.lists(st.sampled_from([*ARRIVAL, MessageStatus.FAILED]), min_size=1, max_size=6))
def test_the_order_of_acknowledgements_does_not_matter(news: list[MessageStatus]) -> None:
    start = MessageStatus.ACCEPTED
    ends = {reduce(_after, order, start) for order in permutations(news)}
    assert len(ends) == 1


@given(st.permutations(ARRIVAL), st.lists(st.sampled_from(ARRIVAL), max_size=5))
def test_a_message_that_was_read_is_read_whatever_came_late(
    news: list[MessageStatus], repeated: list[MessageStatus]
) -> None:
    assert reduce(_after, [*news, *repeated], MessageStatus.ACCEPTED) is MessageStatus.READ


@pytest.mark.parametrize("proof", [MessageStatus.DELIVERED, MessageStatus.READ])
def test_proof_of_arrival_beats_a_reported_failure(proof: MessageStatus) -> None:
    assert moves_forward(MessageStatus.FAILED, proof)
    assert not moves_forward(proof, MessageStatus.FAILED)


@pytest.mark.parametrize("final", FINAL)
def test_nothing_follows_the_end(final: MessageStatus) -> None:
    assert not any(moves_forward(final, news) for news in MessageStatus)


def test_only_a_message_that_was_never_handed_over_can_be_cancelled() -> None:
    before = [status for status in MessageStatus if moves_forward(status, MessageStatus.CANCELLED)]
    assert before == [MessageStatus.PENDING]


@pytest.mark.parametrize("status", list(MessageStatus))
def test_the_same_news_twice_changes_nothing(status: MessageStatus) -> None:
    assert not moves_forward(status, status)
