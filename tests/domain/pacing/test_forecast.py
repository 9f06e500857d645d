"""What a forecast says, case by case."""

from dataclasses import replace
from datetime import date
from time import perf_counter

import pytest

from domain.pacing.forecast import CampaignForecast, CampaignOutlook, SenderOutlook, forecast
from domain.pacing.quota import Replies
from domain.pacing.simulation import Hold
from domain.run_settings import RunSettings
from tests.domain.pacing.accounts import ESTABLISHED, NEW, paris

NOW = paris("2026-06-01T10:00")
DAY = 86400.0
A = SenderOutlook(id="a", settings=RunSettings(), history=ESTABLISHED)
B = replace(A, id="b")
CAREFUL = replace(A, settings=RunSettings(profile="careful"))
ONE = CampaignOutlook(id="one", batch_size=50, batch_pause_s=30, window_s=DAY, grace_s=60)


def of_one(campaign: CampaignOutlook, *senders: SenderOutlook, horizon_s: float = 30 * DAY) -> CampaignForecast:
    """The forecast for a campaign that has these senders for itself."""
    return forecast(NOW, senders, [campaign], horizon_s)[campaign.id]


def test_a_small_campaign_takes_its_delays() -> None:
    """P2, P9: 40 messages are 39 delays of 5 s, and then comes the last window."""
    result = of_one(replace(ONE, pending={"a": 40}), A)
    assert result.messages_1_done_at == pytest.approx(NOW + 39 * 5)
    assert result.closes_at == pytest.approx(NOW + 39 * 5 + DAY + 60)
    assert result.shares == {"a": 40}
    assert dict(result.per_day)[date(2026, 6, 1)] == pytest.approx(50, abs=1)  # with ten replies
    assert set(result.limits) == {Hold.PACE}


def test_batches_pause() -> None:
    """P8, P9: 30 s from the last message of a batch instead of the usual delay; none after the last."""
    result = of_one(replace(ONE, pending={"a": 100}), A)
    assert result.messages_1_done_at == pytest.approx(NOW + 98 * 5 + 30)
    assert result.limits[Hold.BATCH_PAUSE] == pytest.approx(25)


def test_a_pause_that_is_under_way_is_waited_for() -> None:
    """P9: a lane resumes when its pause ends."""
    result = of_one(replace(ONE, pending={"a": 1}, resumes_at={"a": NOW + 20}), A)
    assert result.messages_1_done_at == NOW + 20


def test_nothing_to_send() -> None:
    """P9: a campaign that only waits ends with its last window, and an empty one at once."""
    waiting = replace(ONE, replies={"a": Replies(waiting=10, replied=5, silent=5)}, windows_end_at=NOW + 3600)
    result = of_one(waiting, A)
    assert (result.messages_1_done_at, result.closes_at) == (NOW, NOW + 3600 + 60)
    assert of_one(ONE).closes_at == NOW


def test_campaigns_of_one_sender_take_turns() -> None:
    """P9: the small one is done after twice its own time, the large one when all are."""
    small, large = replace(ONE, id="small", pending={"a": 10}), replace(ONE, id="large", pending={"a": 30})
    both = forecast(NOW, [A], [large, small], DAY)
    assert both["small"].messages_1_done_at == pytest.approx(NOW + 19 * 5)
    assert both["large"].messages_1_done_at == pytest.approx(NOW + 39 * 5)


def test_contacts_without_a_lane_go_to_whoever_can_send_next() -> None:
    """P9: a sender that is four and a half times as fast gets that much more."""
    shared = replace(ONE, unassigned=22, sender_ids=("a", "b"))
    result = of_one(shared, A, replace(CAREFUL, id="b"))
    assert result.shares == {"a": 18, "b": 4}


@pytest.mark.parametrize("senders", [(), (replace(A, available_from=None),)])
def test_without_a_sender_nothing_is_ever_done(senders: tuple[SenderOutlook, ...]) -> None:
    """P9: a paused sender sends nothing, and one that is not there neither."""
    result = of_one(replace(ONE, pending={"a": 5}), *senders, horizon_s=DAY)
    assert (result.messages_1_done_at, result.closes_at, result.shares) == (None, None, {})
    assert result.limits == ({Hold.UNAVAILABLE: DAY} if senders else {})


def test_a_sender_that_comes_back_later() -> None:
    """P9: it begins when it is there."""
    result = of_one(replace(ONE, pending={"a": 2}), replace(A, available_from=NOW + 100))
    assert result.messages_1_done_at == pytest.approx(NOW + 105)
    assert result.limits == pytest.approx({Hold.UNAVAILABLE: 100, Hold.PACE: 5})


def test_what_does_not_fit_before_the_horizon() -> None:
    """P1, E15: 5000 contacts take one sender days; a refusal can say that the quota is why."""
    result = of_one(replace(ONE, pending={"a": 5000}), A, horizon_s=2 * DAY)
    assert (result.messages_1_done_at, result.closes_at) == (None, None)
    assert next(iter(result.limits)) is Hold.QUOTA
    assert sum(result.limits.values()) == pytest.approx(2 * DAY)
    assert 0 < result.shares["a"] < 2000


def test_the_last_window_may_end_beyond_the_horizon() -> None:
    """P9, E15: then all are written to, and the campaign is not closed in time."""
    result = of_one(replace(ONE, pending={"a": 40}), A, horizon_s=DAY)
    assert result.messages_1_done_at is not None
    assert result.closes_at is None


def test_a_new_account_is_held_up_by_its_warm_up() -> None:
    """P1: 20 messages on the first day, 50 on the second ..."""
    result = of_one(replace(ONE, pending={"a": 500}), replace(A, history=NEW))
    assert next(iter(result.limits)) is Hold.WARM_UP
    first, second, *_ = (messages for _, messages in result.per_day)
    assert first <= 20
    assert second <= 50


def test_nights_and_rests_are_named() -> None:
    """P1, P8: what a careful sender waits for."""
    roomy = replace(A, settings=RunSettings(profile="careful", quota_per_day=5000))
    result = of_one(replace(ONE, pending={"a": 1100}), roomy)
    assert {Hold.NIGHT, Hold.REST, Hold.PACE} <= set(result.limits)
    assert result.limits[Hold.NIGHT] == pytest.approx(7 * 3600, rel=0.2)


def test_messages_of_yesterday_leave_less_room_today() -> None:
    """P1: until they are 24 hours old."""
    used = tuple(NOW - 3600 + number for number in range(1000))
    result = of_one(replace(ONE, pending={"a": 1}), replace(A, sent=used))
    assert result.messages_1_done_at == pytest.approx(NOW - 3600 + DAY + 60, abs=5)


def test_messages_2_that_are_due_go_first() -> None:
    """E5, P9: they use the quota, and the campaign is not closed before they are sent."""
    full = replace(A, sent=tuple(NOW - 3600 + number for number in range(1000)))
    result = of_one(replace(ONE, pending={"a": 1}, due={"a": 3}), full)
    opens_at = NOW - 3600 + DAY + 60
    assert result.per_day == ((date(2026, 6, 2), 4),)
    assert result.messages_1_done_at is not None
    assert result.messages_1_done_at >= opens_at + 3
    held = of_one(replace(ONE, due={"a": 3}), replace(A, available_from=None))
    assert held.closes_at is None


def test_retries_take_slots() -> None:
    """E4, P9: every tenth message needs a second one."""
    result = of_one(replace(ONE, pending={"a": 40}, retry_share=0.1), A)
    assert result.messages_1_done_at == pytest.approx(NOW + 43 * 5)
    assert result.shares == {"a": 40}


def test_a_forecast_is_quick_and_always_the_same() -> None:
    """A1, P9: 10,000 contacts over three senders and thirty days."""
    big = replace(ONE, unassigned=10_000, sender_ids=("a", "b", "c"))
    senders = [A, B, replace(CAREFUL, id="c", history=NEW)]
    started = perf_counter()
    first = of_one(big, *senders)
    assert perf_counter() - started < 2  # a fifth of a second on a quiet machine
    assert of_one(big, *senders) == first
    assert sum(first.shares.values()) == 10_000
